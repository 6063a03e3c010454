#include "capture/mysql/connection_handle.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <future>
#include <system_error>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "capture/mysql/mysql_error.h"

namespace tidemark::capture::mysql {
namespace {

using std::chrono::milliseconds;

// How often a wait looks at its stop token.
constexpr milliseconds kStopPoll{20};

struct Connected {
  MysqlPtr mysql;
  absl::Status status;
};

absl::Status ConnectError(MYSQL* mysql, const ConnectionOptions& options) {
  return ServerError(absl::StrCat("connecting to ", AddressOf(options)), mysql_errno(mysql),
                     mysql_error(mysql));
}

bool NeedsTls(const ConnectionOptions& options) {
  return options.tls.mode != ConnectionOptions::Tls::Mode::kDisabled &&
         options.tls.mode != ConnectionOptions::Tls::Mode::kPreferred;
}

absl::Status ConnectNow(MYSQL* mysql, const ConnectionOptions& options) {
  const bool local = !options.socket.empty();
  if (mysql_real_connect(mysql, local ? nullptr : options.host.c_str(), options.user.c_str(),
                         options.password.c_str(), /*db=*/nullptr, options.port,
                         local ? options.socket.c_str() : nullptr, /*clientflag=*/0) == nullptr) {
    return ConnectError(mysql, options);
  }
  if (NeedsTls(options) && mysql_get_ssl_cipher(mysql) == nullptr) {
    return absl::FailedPreconditionError(
        absl::StrCat("connecting to ", AddressOf(options),
                     ": the server offers no TLS; set its ssl_cert and ssl_key, or choose "
                     "tls.mode: preferred"));
  }
  return absl::OkStatus();
}

void ConnectInThread(MysqlPtr mysql, ConnectionOptions options, std::promise<Connected> done) {
  const ClientThread thread;
  absl::Status status = ConnectNow(mysql.get(), options);
  if (!status.ok()) mysql.reset();
  done.set_value({std::move(mysql), std::move(status)});
}

void CloseInThread(MysqlPtr mysql) {
  const ClientThread thread;
  mysql.reset();
}

// So that a peer that is gone without a word is noticed.
void SetKeepAlive(int socket) {
  const auto set = [&](int level, int option, int value) {
    setsockopt(socket, level, option, &value, sizeof value);
  };
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, 10);
  set(IPPROTO_TCP, TCP_KEEPINTVL, 5);
  set(IPPROTO_TCP, TCP_KEEPCNT, 3);
  set(IPPROTO_TCP, TCP_USER_TIMEOUT, 30000);
}

std::string Seconds(milliseconds duration) {
  return absl::StrCat(static_cast<double>(duration.count()) / 1000, " s");
}

}  // namespace

std::string AddressOf(const ConnectionOptions& options) {
  return options.socket.empty() ? absl::StrCat(options.host, ":", options.port) : options.socket;
}

absl::StatusOr<MysqlPtr> ConnectLibrary(const ConnectionOptions& options,
                                        const WaitLimits& limits) {
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(limits.timeout).count();
  MysqlPtr mysql = NewClientHandle(options, static_cast<unsigned>(std::max<int64_t>(1, seconds)));
  if (mysql == nullptr) return absl::UnavailableError("out of memory");
  std::promise<Connected> done;
  std::future<Connected> result = done.get_future();
  try {
    std::thread(ConnectInThread, std::move(mysql), options, std::move(done)).detach();
  } catch (const std::system_error&) {
    return absl::UnavailableError("no thread is left");
  }
  const auto deadline = std::chrono::steady_clock::now() + limits.timeout;
  while (result.wait_for(kStopPoll) != std::future_status::ready) {
    if (limits.stop.stop_requested()) return absl::CancelledError("stopped while connecting");
    if (std::chrono::steady_clock::now() < deadline) continue;
    return absl::UnavailableError(absl::StrCat("connecting to ", AddressOf(options),
                                               ": no answer within ", Seconds(limits.timeout)));
  }
  Connected connected = result.get();
  if (!connected.status.ok()) return connected.status;
  return std::move(connected.mysql);
}

Connection::Handle::Handle(MysqlPtr connected, std::stop_token stop)
    : mysql(std::move(connected)), guard(SocketOf(mysql.get())), owner_stop(std::move(stop)) {
  SetKeepAlive(SocketOf(mysql.get()));
}

Connection::Handle::~Handle() {
  if (!broken) return;
  guard.Shutdown();
  // libmysqlclient was seen to wait here for a frozen server even so.
  try {
    std::thread(CloseInThread, std::move(mysql)).detach();
  } catch (const std::system_error&) {
    // No thread is left: it was closed here.
  }
}

absl::Status Connection::Handle::Run(absl::string_view action, const WaitLimits& limits,
                                     absl::FunctionRef<bool()> call) {
  guard.Arm(SocketGuard::Clock::now() + limits.timeout, limits.stop, owner_stop);
  const bool succeeded = call();
  guard.Disarm();
  if (succeeded) return absl::OkStatus();
  if (!guard.fired()) return LastError(action);
  broken = true;
  if (limits.stop.stop_requested() || owner_stop.stop_requested()) {
    return absl::CancelledError(absl::StrCat(action, ": stopped"));
  }
  return absl::UnavailableError(
      absl::StrCat(action, ": ", address, " gave no answer within ", Seconds(limits.timeout)));
}

absl::Status Connection::Handle::LastError(absl::string_view action) {
  const uint32_t code = mysql_errno(mysql.get());
  const absl::Status status = ServerError(action, code, mysql_error(mysql.get()), account);
  // The session is of no use any more, whoever ended it.
  if (absl::IsUnavailable(status) || (code >= 2000 && code < 3000)) Break();
  return status;
}

void Connection::Handle::Break() {
  broken = true;
  guard.Shutdown();
}

}  // namespace tidemark::capture::mysql
