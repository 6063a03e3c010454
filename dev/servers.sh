# Sourced by dev/demo, dev/kafka and dev/kafka4: throwaway servers of each kind, and processes.
#
# All that start want $work, a folder that any user can enter. start_server KIND (postgres, mysql or mariadb) fills, by
# kind:
declare -A server_title  # "PostgreSQL 15.20"
declare -A server_pid
declare -A database      # where its shop is, as tidemark-workload and tidemark-oracle take it
declare -A source_lines  # the source in tidemarkd's configuration
# start_kafka sets:
kafka_address=''
kafka_pid=''
# start_registry sets:
registry_url=''
registry_pid=''

. "$(dirname "${BASH_SOURCE[0]}")/cache.sh"

fail() {
  echo "${0##*/}: $*" >&2
  exit 1
}

# Ends a process with a signal, with SIGKILL if that takes more than ten seconds.
stop() { # PID SIGNAL
  [ -n "$1" ] && kill -0 "$1" 2>/dev/null || return 0
  kill "-$2" "$1" 2>/dev/null || true
  for _ in {1..100}; do
    kill -0 "$1" 2>/dev/null || break
    sleep 0.1
  done
  kill -KILL "$1" 2>/dev/null || true
  wait "$1" 2>/dev/null || true
}

# Until a command succeeds. Fails after two minutes, and when the process has ended.
wait_for() { # PID COMMAND...
  for _ in {1..1200}; do
    "${@:2}" >/dev/null 2>&1 && return
    kill -0 "$1" 2>/dev/null || break
    sleep 0.1
  done
  return 1
}

free_port() {
  local port
  while :; do
    port=$((12000 + RANDOM % 20000))
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
  done
  echo "$port"
}

# Servers refuse to run as root: theirs is another user then, who owns the folder $work/KIND.
declare -A server_user=([postgres]=postgres [mysql]=nobody [mariadb]=nobody)

make_server_folder() { # KIND
  mkdir "$work/$1"
  as_server_user=()
  [ "$(id -u)" = 0 ] || return 0
  chown "${server_user[$1]}" "$work/$1"
  as_server_user=(setpriv --reuid="${server_user[$1]}" --regid="$(id -g "${server_user[$1]}")" --clear-groups)
}

# Runs a command as the server's user, its output in $work/KIND.log.
prepare_server() { # KIND COMMAND...
  (cd / && "${as_server_user[@]}" "${@:2}") >"$work/$1.log" 2>&1 || fail "$1: $(cat "$work/$1.log")"
}

# Runs the command that PREPARE puts together for a port. Another program may be quicker to take a free port.
launch_server() { # KIND COMMAND_FOR_PORT
  local attempt port
  for attempt in 1 2 3; do
    port=$(free_port)
    "$2" "$port"
    (cd / && exec "${as_server_user[@]}" "${command[@]}") >"$work/$1.log" 2>&1 &
    server_pid[$1]=$!
    wait_for "$!" grep -qE 'ready (for|to accept) connections' "$work/$1.log" && return
    stop "$!" KILL
  done
  fail "$1: $(cat "$work/$1.log")"
}

postgres_command() { # PORT
  command=("$programs/postgres" -D "$work/postgres/data" -c port="$1" -c listen_addresses=127.0.0.1
    -c unix_socket_directories="$work/postgres" -c wal_level=logical -c max_wal_size=4GB -c shared_buffers=256MB)
  database[postgres]="host=127.0.0.1 port=$1 user=postgres dbname=postgres"
  source_lines[postgres]="postgres: {connection: \"${database[postgres]}\"}"
}

start_postgres() {
  local programs
  programs=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
  server_title[postgres]="PostgreSQL $("$programs/postgres" --version | grep -oE '[0-9]+\.[0-9]+' | head -n 1)"
  prepare_server postgres "$programs/initdb" -D "$work/postgres/data" -U postgres --auth=trust \
    --encoding=UTF8 --locale=C.UTF-8
  launch_server postgres postgres_command
}

# An account with what Tidemark needs, and one for the writers and the comparison. Run at each start of the server.
mysql_accounts() {
  cat <<'SQL'
CREATE DATABASE IF NOT EXISTS shop;
CREATE USER IF NOT EXISTS 'tidemark'@'%' IDENTIFIED BY '';
GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO 'tidemark'@'%';
GRANT SELECT ON shop.* TO 'tidemark'@'%';
CREATE USER IF NOT EXISTS 'writer'@'%' IDENTIFIED BY '';
GRANT REPLICATION CLIENT ON *.* TO 'writer'@'%';
GRANT ALL ON shop.* TO 'writer'@'%';
SQL
}

mysql_command() { # PORT
  command=("$tree/sbin/$program" --no-defaults --basedir="$tree" --datadir="$work/$kind/data"
    --character-sets-dir="$share/charsets" --lc-messages-dir="$share" --plugin-dir="$tree/lib/mysql/plugin"
    --tmpdir="$work/$kind" --socket="$work/$kind/socket" --pid-file="$work/$kind/pid" --secure-file-priv=
    --bind-address=127.0.0.1 --port="$1" --skip-name-resolve --init-file="$work/$kind.sql"
    --server-id=1 --log-bin=binlog --binlog-format=ROW --binlog-row-metadata=FULL "${settings[@]}"
    --character-set-server=utf8mb4 --innodb-buffer-pool-size=256M)
  database[$kind]="mysql://writer@127.0.0.1:$1/shop"
  source_lines[$kind]="mysql: {host: 127.0.0.1, port: $1, user: tidemark, tables: [\"shop.*\"]}"
}

# MySQL or MariaDB, as dev/mysql9 and dev/mariadb unpack them.
start_mysql() { # KIND
  local kind=$1 program tree share settings
  if [ "$kind" = mysql ]; then
    program=mysqld tree=$cache/mysql-9/root/usr share=$cache/mysql-9/root/usr/share/mysql
    settings=(--gtid-mode=ON --enforce-gtid-consistency=ON --mysqlx=OFF)
    server_title[mysql]=MySQL
    prepare_server mysql "$tree/sbin/mysqld" --no-defaults --initialize-insecure --basedir="$tree" \
      --lc-messages-dir="$share" --character-sets-dir="$share/charsets" \
      --plugin-dir="$tree/lib/mysql/plugin" --secure-file-priv= --datadir="$work/mysql/data"
  else
    program=mariadbd tree=$cache/mariadb-11/root/usr share=$cache/mariadb-11/root/usr/share/mariadb
    settings=()
    server_title[mariadb]=MariaDB
    prepare_server mariadb sh "$tree/bin/mariadb-install-db" --no-defaults --basedir="$tree" \
      --datadir="$work/mariadb/data" --tmpdir="$work/mariadb" --skip-test-db --cross-bootstrap \
      --skip-name-resolve --auth-root-authentication-method=normal
  fi
  server_title[$kind]+=" $("$tree/sbin/$program" --version | grep -oE '[0-9]+\.[0-9]+\.[0-9]+' | head -n 1)"
  mysql_accounts >"$work/$kind.sql"
  launch_server "$kind" mysql_command
}

start_server() { # KIND
  make_server_folder "$1"
  if [ "$1" = postgres ]; then start_postgres; else start_mysql "$1"; fi
}

stop_servers() {
  local kind signal
  for kind in "${!server_pid[@]}"; do
    signal=TERM
    [ "$kind" != postgres ] || signal=QUIT
    stop "${server_pid[$kind]}" "$signal"
  done
}

kafka_settings() { # PORT
  local controller_port
  controller_port=$(free_port)
  cat <<SETTINGS
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$controller_port
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:$1,CONTROLLER://127.0.0.1:$controller_port
log.dirs=$work/kafka/data
offsets.topic.num.partitions=3
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=3
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
broker.heartbeat.interval.ms=200
SETTINGS
}

launch_kafka() { # PORT
  rm -rf "$work/kafka"
  mkdir -p "$work/kafka/data"
  cp "$cache/kafka-4/bootstrap.checkpoint" "$work/kafka/data/"
  # As kafka.tools.StorageTool formats a folder.
  printf 'version=1\ncluster.id=AAAAAAAAAAAAAAAAAAAAAQ\nnode.id=1\n' >"$work/kafka/data/meta.properties"
  kafka_settings "$1" >"$work/kafka/server.properties"
  "$cache/kafka-4/bin/kafka-run" -Xmx512m kafka.Kafka "$work/kafka/server.properties" >"$work/kafka.log" 2>&1 &
  kafka_pid=$!
  kafka_address=127.0.0.1:$1
  wait_for "$kafka_pid" grep -q 'Kafka Server started' "$work/kafka.log"
}

launch_registry() { # PORT
  rm -rf "$work/registry"
  mkdir -p "$work/registry"
  "$cache/registry/bin/registry-run" -Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 \
    -Dquarkus.http.host=127.0.0.1 -Dquarkus.http.port="$1" '-Dquarkus.log.category."io.quarkus".level=INFO' \
    -Dapicurio.datasource.url="jdbc:h2:file:$work/registry/schemas" >"$work/registry.log" 2>&1 &
  registry_pid=$!
  registry_url=http://127.0.0.1:$1/apis/ccompat/v7
  wait_for "$registry_pid" grep -q 'started in' "$work/registry.log"
}

# Without a port at a free one, which another program may be quicker to take.
launch_at() { # KIND [PORT]
  local -n pid=$1_pid
  if [ $# -gt 1 ]; then
    "launch_$1" "$2" && return
  else
    for _ in 1 2 3; do
      "launch_$1" "$(free_port)" && return
      stop "$pid" KILL
    done
  fi
  tail -n 30 "$work/$1.log" >&2
  fail "$1 did not start${2:+; is another program on port $2?}"
}

# One broker of Apache Kafka, as dev/kafka4 puts it there.
start_kafka() { # [PORT]
  launch_at kafka "$@"
}

# A schema registry, as dev/registry puts it there.
start_registry() { # [PORT]
  launch_at registry "$@"
}
