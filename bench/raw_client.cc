#include "bench/raw_client.h"

#include <endian.h>
#include <libpq-fe.h>
#include <time.h>

#include <cstring>
#include <memory>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/support/process.h"

namespace tidemark::bench {
namespace {

// 'w', then start, end and time; 'k', then end, time and whether a reply is wanted.
constexpr int kDataHeader = 1 + 3 * 8;
constexpr int kKeepaliveSize = 1 + 2 * 8 + 1;

struct Finish {
  void operator()(PGconn* connection) const { PQfinish(connection); }
};
struct Clear {
  void operator()(PGresult* result) const { PQclear(result); }
};
struct Free {
  void operator()(char* buffer) const { PQfreemem(buffer); }
};
using Connection = std::unique_ptr<PGconn, Finish>;
using Result = std::unique_ptr<PGresult, Clear>;
using Buffer = std::unique_ptr<char, Free>;

absl::Status Error(const Connection& connection) {
  return absl::UnavailableError(PQerrorMessage(connection.get()));
}

uint64_t ReadBigEndian(const char* at) {
  uint64_t value;
  std::memcpy(&value, at, sizeof(value));
  return be64toh(value);
}

// Standby status update: read up to `position`, nothing made durable.
bool Reply(PGconn* connection, uint64_t position) {
  char message[1 + 4 * 8 + 1] = {'r'};
  const uint64_t written = htobe64(position);
  std::memcpy(message + 1, &written, sizeof(written));
  return PQputCopyData(connection, message, sizeof(message)) == 1 && PQflush(connection) == 0;
}

// The log position that a message shows to be reached.
uint64_t Reached(PGconn* connection, const char* message, int size) {
  if (message[0] == 'k' && size == kKeepaliveSize) {
    const uint64_t end = ReadBigEndian(message + 1);
    if (message[kKeepaliveSize - 1] != 0) Reply(connection, end);
    return end;
  }
  return message[0] == 'w' && size > kDataHeader ? ReadBigEndian(message + 1) : 0;
}

// Processor time of this thread and of the server's process of the connection, in seconds.
double CpuSeconds(const Connection& connection) {
  timespec own = {};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &own);
  return absl::ToDoubleSeconds(absl::DurationFromTimespec(own) +
                               testing::CpuTime(PQbackendPID(connection.get())));
}

// Connects and sends a statement that the server answers with a stream of `expected`.
absl::StatusOr<Connection> OpenStream(const std::string& target, const std::string& statement,
                                      ExecStatusType expected) {
  Connection connection(PQconnectdb(target.c_str()));
  if (PQstatus(connection.get()) != CONNECTION_OK) return Error(connection);
  const Result result(PQexec(connection.get(), statement.c_str()));
  if (PQresultStatus(result.get()) != expected) return Error(connection);
  return connection;
}

}  // namespace

absl::StatusOr<Discarded> DiscardCopy(const std::string& connection, const std::string& table) {
  Connection client(PQconnectdb(connection.c_str()));
  if (PQstatus(client.get()) != CONNECTION_OK) return Error(client);
  Discarded total;
  const double cpu = CpuSeconds(client);
  const absl::Time start = absl::Now();
  const Result result(PQexec(client.get(), absl::StrCat("COPY ", table, " TO STDOUT").c_str()));
  if (PQresultStatus(result.get()) != PGRES_COPY_OUT) return Error(client);
  char* buffer = nullptr;
  int size = 0;
  while ((size = PQgetCopyData(client.get(), &buffer, 0)) > 0) {
    PQfreemem(buffer);
    ++total.rows;
    total.bytes += size;
  }
  if (size != -1) return Error(client);
  const Result completed(PQgetResult(client.get()));
  if (PQresultStatus(completed.get()) != PGRES_COMMAND_OK) return Error(client);
  total.cpu_seconds = CpuSeconds(client) - cpu;
  total.seconds = absl::ToDoubleSeconds(absl::Now() - start);
  return total;
}

absl::StatusOr<Discarded> DiscardLog(const std::string& connection, const std::string& slot,
                                     const std::string& publication, uint64_t end) {
  Discarded total;
  const absl::Time start = absl::Now();
  absl::StatusOr<Connection> client =
      OpenStream(absl::StrCat(connection, " replication=database"),
                 absl::StrCat("START_REPLICATION SLOT ", slot, " LOGICAL 0/0 (proto_version '1',",
                              " publication_names '", publication, "', messages 'true')"),
                 PGRES_COPY_BOTH);
  if (!client.ok()) return client.status();
  for (uint64_t reached = 0; reached < end;) {
    char* message = nullptr;
    const int size = PQgetCopyData(client->get(), &message, 0);
    if (size <= 0) return Error(*client);
    const Buffer owner(message);
    reached = Reached(client->get(), message, size);
    total.rows += message[0] == 'w' && message[kDataHeader] == 'I';
    total.bytes += size;
  }
  total.seconds = absl::ToDoubleSeconds(absl::Now() - start);
  return total;
}

}  // namespace tidemark::bench
