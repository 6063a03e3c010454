#include "capture/postgres/connection.h"

#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "capture/postgres/cancel_request.h"
#include "capture/postgres/postgres_error.h"

namespace tidemark::capture::postgres {
namespace {

using std::chrono::milliseconds;

// How often a wait looks at its stop token.
constexpr milliseconds kStopPoll{50};
// For the end of a statement that was cancelled.
constexpr milliseconds kAbandonTimeout{5000};
// For the request to end a statement, once the owner has stopped.
constexpr milliseconds kStoppedCancelTimeout{500};

// Settings that decide how values print, the same on every connection, and those that could end a
// session of ours.
constexpr absl::string_view kSessionOptions =
    " -c TimeZone=UTC -c DateStyle=ISO -c IntervalStyle=iso_8601 -c extra_float_digits=3"
    " -c bytea_output=hex -c lc_monetary=C"
    " -c quote_all_identifiers=off -c standard_conforming_strings=on"
    " -c statement_timeout=0 -c idle_in_transaction_session_timeout=0"
    " -c idle_session_timeout=0 -c row_security=off";

struct ConninfoDeleter {
  void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};

// Values that the user's string does not need to name.
const std::map<std::string, std::string>& Defaults() {
  static const auto* const defaults = new std::map<std::string, std::string>{
      {"application_name", "tidemark"}, {"connect_timeout", "10"}, {"keepalives_idle", "10"},
      {"keepalives_interval", "5"},     {"keepalives_count", "3"}, {"tcp_user_timeout", "30000"}};
  return *defaults;
}

absl::StatusOr<std::map<std::string, std::string>> Keywords(const ConnectionOptions& options) {
  char* error = nullptr;
  std::unique_ptr<PQconninfoOption, ConninfoDeleter> parsed(
      PQconninfoParse(options.connection.c_str(), &error));
  PQfreemem(error);  // it may quote a password
  if (parsed == nullptr) {
    return absl::FailedPreconditionError(
        "the connection is not understood; give libpq keywords (host=10.0.0.7 dbname=shop "
        "user=tidemark) or a postgresql:// URI");
  }
  std::map<std::string, std::string> keywords = Defaults();
  for (PQconninfoOption* option = parsed.get(); option->keyword != nullptr; ++option) {
    if (option->val != nullptr) keywords[option->keyword] = option->val;
  }
  if (!options.password.empty()) keywords["password"] = options.password;
  if (options.replication) keywords["replication"] = "database";
  absl::StrAppend(&keywords["options"], kSessionOptions);
  // A table locked by others must not hold us for ever; making a slot may wait longer.
  absl::StrAppend(&keywords["options"], " -c lock_timeout=", options.replication ? "0" : "10s");
  keywords["client_encoding"] = "UTF8";
  return keywords;
}

pg_conn* StartConnection(const std::map<std::string, std::string>& keywords) {
  std::vector<const char*> names, values;
  for (const auto& [name, value] : keywords) {
    names.push_back(name.c_str());
    values.push_back(value.c_str());
  }
  names.push_back(nullptr);
  values.push_back(nullptr);
  return PQconnectStartParams(names.data(), values.data(), /*expand_dbname=*/0);
}

bool IsSqlState(absl::string_view text) {
  return text.size() == 5 && std::all_of(text.begin(), text.end(), [](char c) {
           return absl::ascii_isdigit(c) || absl::ascii_isupper(c);
         });
}

// libpq has no call for the SQLSTATE of a failed connect. With PQERRORS_VERBOSE its message has the
// form "FATAL:  28P01: text\nLOCATION: ...": two blanks, code, colon (fe-protocol3.c,
// pqBuildErrorMessage3).
struct ConnectMessage {
  std::string sqlstate;
  std::string text;
};
ConnectMessage ParseConnectMessage(absl::string_view message) {
  for (size_t at = message.rfind(":  "); at != absl::string_view::npos && at > 0;
       at = message.rfind(":  ", at - 1)) {
    absl::string_view rest = message.substr(at + 3);
    if (rest.size() < 7 || rest[5] != ':' || !IsSqlState(rest.substr(0, 5))) continue;
    absl::string_view text = rest.substr(7);
    return {std::string(rest.substr(0, 5)), std::string(text.substr(0, text.find('\n')))};
  }
  return {"", std::string(absl::StripAsciiWhitespace(message))};
}

absl::string_view View(const char* text) { return text == nullptr ? "" : text; }

absl::Status ResultError(absl::string_view action, const pg_result* result) {
  absl::string_view message = View(PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY));
  if (message.empty()) message = absl::StripAsciiWhitespace(View(PQresultErrorMessage(result)));
  return ServerError(action, View(PQresultErrorField(result, PG_DIAG_SQLSTATE)), message);
}

int PollMilliseconds(std::chrono::steady_clock::time_point deadline) {
  auto left = std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now());
  return static_cast<int>(std::clamp(left, milliseconds{0}, kStopPoll).count());
}

constexpr int kVersionOfTransactionTimeout = 170000;
constexpr absl::string_view kStatement = "the server refused a statement";

}  // namespace

void ConnectionDeleter::operator()(pg_conn* connection) const { PQfinish(connection); }
void ResultDeleter::operator()(pg_result* result) const { PQclear(result); }
void MessageDeleter::operator()(char* message) const { PQfreemem(message); }

int Result::rows() const { return PQntuples(result_.get()); }
int Result::columns() const { return PQnfields(result_.get()); }
bool Result::null(int row, int column) const {
  return PQgetisnull(result_.get(), row, column) != 0;
}
absl::string_view Result::text(int row, int column) const {
  return {PQgetvalue(result_.get(), row, column),
          static_cast<size_t>(PQgetlength(result_.get(), row, column))};
}
int64_t Result::number(int row, int column) const {
  int64_t value = 0;
  return absl::SimpleAtoi(text(row, column), &value) ? value : 0;
}

absl::StatusOr<std::unique_ptr<Connection>> Connection::Open(const ConnectionOptions& options,
                                                             const WaitLimits& limits) {
  absl::StatusOr<std::map<std::string, std::string>> keywords = Keywords(options);
  if (!keywords.ok()) return keywords.status();
  auto connection =
      std::unique_ptr<Connection>(new Connection(StartConnection(*keywords), limits.stop));
  if (connection->connection_ == nullptr) return absl::UnavailableError("out of memory");
  absl::Status status = connection->Connect(limits);
  if (!status.ok()) return status;
  return connection;
}

absl::Status Connection::Connect(const WaitLimits& limits) {
  pg_conn* connection = connection_.get();
  if (PQstatus(connection) == CONNECTION_BAD) return ConnectError();
  PQsetErrorVerbosity(connection, PQERRORS_VERBOSE);
  const Wait wait = Within(limits);
  for (PostgresPollingStatusType want = PGRES_POLLING_WRITING; want != PGRES_POLLING_OK;
       want = PQconnectPoll(connection)) {
    if (want == PGRES_POLLING_FAILED) return ConnectError();
    absl::Status status = AwaitSocket(want == PGRES_POLLING_READING ? POLLIN : POLLOUT, wait);
    if (!status.ok()) return status;
  }
  PQsetErrorVerbosity(connection, PQERRORS_DEFAULT);
  PQsetNoticeProcessor(
      connection, [](void*, const char*) {}, nullptr);
  if (PQsetnonblocking(connection, 1) != 0) return Lost("connecting");
  return FixSearchPath(limits);
}

absl::Status Connection::FixSearchPath(const WaitLimits& limits) {
  absl::StatusOr<Result> row = Execute(
      "SELECT pg_catalog.current_setting('search_path'),"
      " pg_catalog.set_config('search_path', 'pg_catalog', false)",
      limits);
  // Older servers do not know it, and would refuse it as an option of the connection.
  if (row.ok() && server_version() >= kVersionOfTransactionTimeout) {
    absl::Status status = Execute("SET transaction_timeout = 0", limits).status();
    if (!status.ok()) return status;
  }
  if (!row.ok()) return row.status();
  role_search_path_ = row->str(0, 0);
  return absl::OkStatus();
}

absl::Status Connection::ConnectError() const {
  if (PQconnectionNeedsPassword(connection_.get()) != 0) {
    return absl::FailedPreconditionError(
        "connecting to PostgreSQL: the server asks for a password; configure one");
  }
  ConnectMessage message = ParseConnectMessage(View(PQerrorMessage(connection_.get())));
  if (message.sqlstate == kUndefinedObject) {
    return absl::FailedPreconditionError(
        absl::StrCat("connecting to PostgreSQL: ", message.text, " (SQLSTATE ", message.sqlstate,
                     "); PostgreSQL 14 to 18 only: older servers lack settings that are needed"));
  }
  return ServerError("connecting to PostgreSQL", message.sqlstate, message.text);
}

absl::Status Connection::Lost(absl::string_view action) const {
  absl::string_view message = absl::StripAsciiWhitespace(View(PQerrorMessage(connection_.get())));
  return absl::UnavailableError(
      absl::StrCat(action, ": ", message.empty() ? "connection lost" : message));
}

Connection::Wait Connection::Within(const WaitLimits& limits) const {
  return {.deadline = Clock::now() + limits.timeout, .call = limits.stop, .owner = stop_};
}

absl::Status Connection::Usable() const {
  if (stop_.stop_requested()) return absl::CancelledError("stopped");
  if (broken_) return absl::UnavailableError("PostgreSQL did not end an earlier statement in time");
  return absl::OkStatus();
}

absl::Status Connection::AwaitSocket(short events, const Wait& wait) {
  while (true) {
    if (wait.stopped()) return absl::CancelledError("stopped");
    if (waiting_) waiting_();
    pollfd waited{PQsocket(connection_.get()), events, 0};
    int ready = poll(&waited, 1, PollMilliseconds(wait.deadline));
    if (ready > 0) return absl::OkStatus();
    if (ready < 0 && errno != EINTR) return Lost("waiting for PostgreSQL");
    if (Clock::now() >= wait.deadline) {
      return absl::UnavailableError(absl::StrCat("PostgreSQL at ", address(),
                                                 " did not answer in time; is it overloaded or "
                                                 "the network cut?"));
    }
  }
}

absl::Status Connection::AwaitReady(const Wait& wait) {
  int pending = PQflush(connection_.get());
  if (pending < 0) return Lost("sending to PostgreSQL");
  short events = static_cast<short>(POLLIN | (pending == 1 ? POLLOUT : 0));
  absl::Status status = AwaitSocket(events, wait);
  if (!status.ok()) return status;
  if (PQconsumeInput(connection_.get()) != 1) return Lost("reading from PostgreSQL");
  return absl::OkStatus();
}

absl::StatusOr<pg_result*> Connection::NextResult(const Wait& wait) {
  while (PQflush(connection_.get()) == 1 || PQisBusy(connection_.get()) == 1) {
    absl::Status status = AwaitReady(wait);
    if (status.ok()) continue;
    if (PQstatus(connection_.get()) == CONNECTION_OK) Abandon();
    return status;
  }
  return PQgetResult(connection_.get());
}

void Connection::Abandon() {
  const Wait wait{.deadline = Clock::now() + kAbandonTimeout, .call = {}, .owner = stop_};
  broken_ = !RequestCancel(wait) || !DrainStatement(wait);
}

bool Connection::DrainStatement(const Wait& wait) {
  while (true) {
    char* message = nullptr;
    int size = 0;
    while ((size = PQgetCopyData(connection_.get(), &message, /*async=*/1)) > 0) PQfreemem(message);
    if (size == 0 || PQisBusy(connection_.get()) == 1) {
      if (!AwaitReady(wait).ok()) return false;
      continue;
    }
    Result result(PQgetResult(connection_.get()));
    if (PQtransactionStatus(connection_.get()) != PQTRANS_ACTIVE) return true;
  }
}

absl::StatusOr<Result> Connection::LastResult(const Wait& wait) {
  Result last(nullptr);
  absl::Status failure;
  while (true) {
    absl::StatusOr<pg_result*> next = NextResult(wait);
    if (!next.ok()) return next.status();
    if (*next == nullptr) break;
    Result owned(*next);
    ExecStatusType status = PQresultStatus(*next);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_EMPTY_QUERY) {
      failure.Update(ResultError(kStatement, *next));
      if (status != PGRES_FATAL_ERROR) Abandon();
    }
    last = std::move(owned);
  }
  if (!failure.ok()) return failure;
  return last;
}

absl::StatusOr<Result> Connection::Execute(const std::string& sql, const WaitLimits& limits) {
  if (absl::Status status = Usable(); !status.ok()) return status;
  if (PQsendQuery(connection_.get(), sql.c_str()) != 1) return Lost("sending to PostgreSQL");
  return LastResult(Within(limits));
}

absl::StatusOr<Result> Connection::Query(const std::string& sql,
                                         absl::Span<const std::string> parameters,
                                         const WaitLimits& limits) {
  if (absl::Status status = Usable(); !status.ok()) return status;
  std::vector<const char*> values;
  for (const std::string& parameter : parameters) values.push_back(parameter.c_str());
  if (PQsendQueryParams(connection_.get(), sql.c_str(), static_cast<int>(values.size()), nullptr,
                        values.data(), nullptr, nullptr, /*resultFormat=*/0) != 1) {
    return Lost("sending to PostgreSQL");
  }
  return LastResult(Within(limits));
}

absl::Status Connection::StartCopyOut(const std::string& sql, const Wait& wait) {
  if (absl::Status status = Usable(); !status.ok()) return status;
  if (PQsendQueryParams(connection_.get(), sql.c_str(), 0, nullptr, nullptr, nullptr, nullptr,
                        /*resultFormat=*/0) != 1) {
    return Lost("sending to PostgreSQL");
  }
  absl::StatusOr<pg_result*> next = NextResult(wait);
  if (!next.ok()) return next.status();
  Result first(*next);
  if (PQresultStatus(*next) == PGRES_COPY_OUT) return absl::OkStatus();
  absl::Status failure = ResultError(kStatement, *next);
  absl::Status drained = LastResult(Within({})).status();
  return drained.ok() ? failure : drained;
}

absl::StatusOr<bool> Connection::CopyOut(
    const std::string& sql, absl::FunctionRef<absl::StatusOr<bool>(std::string_view)> row,
    const WaitLimits& limits) {
  const Wait wait = Within(limits);
  absl::Status started = StartCopyOut(sql, wait);
  if (!started.ok()) return started;
  while (true) {
    char* line = nullptr;
    int size = PQgetCopyData(connection_.get(), &line, /*async=*/1);
    if (size < 0) break;
    absl::StatusOr<bool> more = true;
    if (size == 0) {
      absl::Status ready = AwaitReady(wait);
      if (!ready.ok()) more = ready;
    } else {
      Message owned(line);
      more = row(std::string_view(line, size - 1));
    }
    if (more.ok() && *more) continue;
    if (PQstatus(connection_.get()) == CONNECTION_OK) Abandon();
    return more;
  }
  absl::StatusOr<Result> end = LastResult(Within({}));
  if (!end.ok()) return end.status();
  return true;
}

absl::Status Connection::StartCopyBoth(const std::string& command, const WaitLimits& limits) {
  if (absl::Status status = Usable(); !status.ok()) return status;
  if (PQsendQuery(connection_.get(), command.c_str()) != 1) return Lost("sending to PostgreSQL");
  absl::StatusOr<pg_result*> next = NextResult(Within(limits));
  if (!next.ok()) return next.status();
  Result first(*next);
  if (PQresultStatus(*next) == PGRES_COPY_BOTH) return absl::OkStatus();
  absl::Status failure = ResultError("starting replication", *next);
  absl::Status drained = LastResult(Within({})).status();
  return drained.ok() ? failure : drained;
}

absl::StatusOr<std::optional<Connection::Received>> Connection::Receive() {
  char* message = nullptr;
  int size = PQgetCopyData(connection_.get(), &message, /*async=*/1);
  if (size == 0) {
    if (PQconsumeInput(connection_.get()) != 1) return Lost("reading the log");
    size = PQgetCopyData(connection_.get(), &message, /*async=*/1);
  }
  if (size > 0) return Received{Message(message), static_cast<size_t>(size)};
  if (size == 0) return std::nullopt;
  absl::Status end = LastResult(Within({})).status();
  if (!end.ok()) return Annotate(end, "the server ended the log");
  return absl::UnavailableError("the server ended the log; it is probably shutting down");
}

absl::Status Connection::Send(absl::string_view message) {
  if (PQputCopyData(connection_.get(), message.data(), static_cast<int>(message.size())) < 0 ||
      PQflush(connection_.get()) < 0) {
    return Lost("answering the server");
  }
  return absl::OkStatus();
}

absl::Status Connection::AwaitInput(milliseconds timeout, int wake) {
  int pending = PQflush(connection_.get());
  if (pending < 0) return Lost("answering the server");
  pollfd waited[] = {
      {PQsocket(connection_.get()), static_cast<short>(POLLIN | (pending == 1 ? POLLOUT : 0)), 0},
      {wake, POLLIN, 0}};
  if (poll(waited, 2, static_cast<int>(timeout.count())) < 0 && errno != EINTR) {
    return Lost("waiting for the log");
  }
  return absl::OkStatus();
}

void Connection::EndCopyBoth(milliseconds timeout) {
  const Clock::time_point deadline = Clock::now() + timeout;
  if (PQputCopyEnd(connection_.get(), nullptr) < 0) return;
  // Within a huge transaction the server looks at the end of the copy only after it: then a cancel
  // ends it.
  if (DrainCopy(Clock::now() + timeout / 3)) return;
  if (RequestCancel({.deadline = deadline, .call = {}, .owner = {}})) DrainCopy(deadline);
}

bool Connection::DrainCopy(Clock::time_point deadline) {
  const Wait wait{.deadline = deadline, .call = {}, .owner = {}};
  while (Clock::now() < deadline) {
    char* message = nullptr;
    int size = PQgetCopyData(connection_.get(), &message, /*async=*/1);
    PQfreemem(message);
    if (size > 0) continue;
    if (size < 0) {
      (void)LastResult(wait);
      return true;
    }
    if (!AwaitReady(wait).ok()) break;
  }
  return false;
}

bool Connection::RequestCancel(const Wait& wait) {
  std::future<void> taken = SendCancelRequest(connection_.get());
  Clock::time_point deadline = wait.deadline;
  while (taken.wait_for(kStopPoll) != std::future_status::ready) {
    if (wait.stopped()) deadline = std::min(deadline, Clock::now() + kStoppedCancelTimeout);
    if (Clock::now() >= deadline) return false;
  }
  return true;
}

std::string Connection::QuoteLiteral(absl::string_view text) const {
  // What cannot be a text of the server must not be cut short: it becomes an error that says so.
  constexpr char kNotText[] = "\"neither NUL nor invalid UTF-8 is allowed here\"";
  if (text.find('\0') != absl::string_view::npos) return kNotText;
  std::unique_ptr<char, MessageDeleter> escaped(
      PQescapeLiteral(connection_.get(), text.data(), text.size()));
  if (escaped == nullptr) return kNotText;
  return std::string(absl::StripLeadingAsciiWhitespace(escaped.get()));
}

std::string Connection::QuoteIdentifier(absl::string_view name) const {
  std::unique_ptr<char, MessageDeleter> escaped(
      PQescapeIdentifier(connection_.get(), name.data(), name.size()));
  return escaped == nullptr ? "\"\"" : std::string(escaped.get());
}

int Connection::server_version() const { return PQserverVersion(connection_.get()); }
std::string Connection::address() const {
  return absl::StrCat(View(PQhost(connection_.get())), ":", View(PQport(connection_.get())));
}
std::string Connection::database() const { return std::string(View(PQdb(connection_.get()))); }
std::string Connection::user() const { return std::string(View(PQuser(connection_.get()))); }
int Connection::server_pid() const { return PQbackendPID(connection_.get()); }
bool Connection::healthy() const {
  return !broken_ && PQstatus(connection_.get()) == CONNECTION_OK;
}

}  // namespace tidemark::capture::postgres
