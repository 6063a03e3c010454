#include "tests/support/sql_connection.h"

#include <libpq-fe.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace tidemark::testing {
namespace {

struct ClearResult {
  void operator()(PGresult* result) const { PQclear(result); }
};
using Result = std::unique_ptr<PGresult, ClearResult>;

absl::Status ConnectionError(PGconn* connection) {
  return absl::UnavailableError(absl::StripTrailingAsciiWhitespace(PQerrorMessage(connection)));
}

absl::Status ResultError(PGconn* connection, const PGresult* result) {
  if (PQstatus(connection) != CONNECTION_OK) return ConnectionError(connection);
  const char* state = result == nullptr ? nullptr : PQresultErrorField(result, PG_DIAG_SQLSTATE);
  return absl::InternalError(
      absl::StrCat(state == nullptr ? "" : state, ": ",
                   absl::StripTrailingAsciiWhitespace(PQerrorMessage(connection))));
}

bool IsGood(const PGresult* result) {
  switch (PQresultStatus(result)) {
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
    case PGRES_SINGLE_TUPLE:
    case PGRES_EMPTY_QUERY:
      return true;
    default:
      return false;
  }
}

void ReadRow(const PGresult* result, int number, SqlRow& row) {
  row.resize(PQnfields(result));
  for (int column = 0; column < PQnfields(result); ++column) {
    if (PQgetisnull(result, number, column)) {
      row[column].reset();
    } else {
      row[column].emplace(PQgetvalue(result, number, column), PQgetlength(result, number, column));
    }
  }
}

}  // namespace

struct SqlConnection::Handle {
  ~Handle() { PQfinish(connection); }
  PGconn* connection = nullptr;
};

absl::StatusOr<std::unique_ptr<SqlConnection>> SqlConnection::Open(
    const std::string& connection_string) {
  auto handle = std::make_unique<Handle>();
  handle->connection = PQconnectdb(connection_string.c_str());
  if (PQstatus(handle->connection) != CONNECTION_OK) return ConnectionError(handle->connection);
  PQsetNoticeProcessor(
      handle->connection, [](void*, const char*) {}, nullptr);
  return std::unique_ptr<SqlConnection>(new SqlConnection(std::move(handle)));
}

SqlConnection::SqlConnection(std::unique_ptr<Handle> handle) : handle_(std::move(handle)) {}
SqlConnection::~SqlConnection() = default;

absl::Status SqlConnection::Exec(const std::string& sql) {
  const Result result(PQexec(handle_->connection, sql.c_str()));
  return IsGood(result.get()) ? absl::OkStatus() : ResultError(handle_->connection, result.get());
}

absl::StatusOr<SqlRows> SqlConnection::Query(const std::string& sql) {
  const Result result(PQexec(handle_->connection, sql.c_str()));
  if (!IsGood(result.get())) return ResultError(handle_->connection, result.get());
  SqlRows rows(PQntuples(result.get()));
  for (size_t number = 0; number < rows.size(); ++number) {
    ReadRow(result.get(), static_cast<int>(number), rows[number]);
  }
  return rows;
}

absl::StatusOr<std::string> SqlConnection::QueryValue(const std::string& sql) {
  absl::StatusOr<SqlRows> rows = Query(sql);
  if (!rows.ok()) return rows.status();
  if (rows->empty() || rows->front().empty() || !rows->front()[0].has_value()) {
    return absl::NotFoundError(absl::StrCat("no value: ", sql));
  }
  return *std::move(rows->front()[0]);
}

absl::Status SqlConnection::ForEachRow(const std::string& sql,
                                       const std::function<absl::Status(const SqlRow&)>& row) {
  if (absl::Status sent = Send(sql); !sent.ok()) return sent;
  PQsetSingleRowMode(handle_->connection);
  absl::Status status;
  SqlRow values;
  while (Result result{PQgetResult(handle_->connection)}) {
    if (!IsGood(result.get())) status.Update(ResultError(handle_->connection, result.get()));
    for (int number = 0; status.ok() && number < PQntuples(result.get()); ++number) {
      ReadRow(result.get(), number, values);
      status.Update(row(values));
    }
  }
  return status;
}

absl::Status SqlConnection::CopyIn(const std::string& sql, absl::string_view data) {
  PGconn* connection = handle_->connection;
  Result result(PQexec(connection, sql.c_str()));
  if (PQresultStatus(result.get()) != PGRES_COPY_IN) return ResultError(connection, result.get());
  if (PQputCopyData(connection, data.data(), static_cast<int>(data.size())) != 1 ||
      PQputCopyEnd(connection, nullptr) != 1) {
    return ConnectionError(connection);
  }
  return Finish();
}

absl::Status SqlConnection::Send(const std::string& sql) {
  if (PQsendQuery(handle_->connection, sql.c_str()) == 1) return absl::OkStatus();
  return ResultError(handle_->connection, nullptr);
}

bool SqlConnection::Finished() {
  return PQconsumeInput(handle_->connection) != 1 || PQisBusy(handle_->connection) == 0;
}

absl::Status SqlConnection::Finish() {
  absl::Status status;
  while (Result result{PQgetResult(handle_->connection)}) {
    if (!IsGood(result.get())) status.Update(ResultError(handle_->connection, result.get()));
  }
  return status;
}

void SqlConnection::Cancel() {
  PGcancel* cancel = PQgetCancel(handle_->connection);
  if (cancel == nullptr) return;
  char error[256];
  PQcancel(cancel, error, sizeof(error));
  PQfreeCancel(cancel);
}

int SqlConnection::backend_pid() const { return PQbackendPID(handle_->connection); }
bool SqlConnection::Connected() const { return PQstatus(handle_->connection) == CONNECTION_OK; }

}  // namespace tidemark::testing
