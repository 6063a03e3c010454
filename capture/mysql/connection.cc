#include "capture/mysql/connection.h"

#include <chrono>
#include <future>
#include <system_error>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "capture/mysql/connection_handle.h"
#include "capture/mysql/mysql_error.h"

namespace tidemark::capture::mysql {
namespace {

constexpr absl::string_view kStatement = "the server refused a statement";
constexpr std::chrono::milliseconds kWaitingInterval{100};

// abseil's may be another type.
absl::string_view Abseil(std::string_view text) { return {text.data(), text.size()}; }

constexpr uint32_t kVersionOfShowGipk = 80030;

// What every server knows. A table locked by others must not hold us for ever.
constexpr char kSettings[] =
    "SET time_zone = '+00:00', sql_mode = '', autocommit = 1, completion_type = NO_CHAIN, "
    "group_concat_max_len = 1073741824,"
    " sql_select_limit = DEFAULT, sql_safe_updates = 0, sql_auto_is_null = 0, sql_big_selects = 1,"
    " lock_wait_timeout = 10, innodb_lock_wait_timeout = 10, wait_timeout = 86400,"
    " net_read_timeout = 600, net_write_timeout = 600";

std::vector<std::string> SettingsOf(Flavour flavour, uint32_t version) {
  std::vector<std::string> settings = {"SET NAMES utf8mb4", kSettings,
                                       "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ"};
  if (flavour == Flavour::kMariaDb) {
    settings.push_back("SET max_statement_time = 0");
    return settings;
  }
  // Row estimates are those of the engine now, not up to a day old.
  settings.push_back("SET max_execution_time = 0, information_schema_stats_expiry = 0");
  if (version >= kVersionOfShowGipk) {
    settings.push_back("SET show_gipk_in_create_table_and_information_schema = ON");
  }
  return settings;
}

// "9.7.4-2", "10.11.19-MariaDB-0+deb12u1-log", "5.5.5-10.11.19-MariaDB".
std::string VersionNumber(absl::string_view text) {
  const absl::string_view full = absl::StripPrefix(text, "5.5.5-");
  const absl::string_view number = full.substr(0, full.find_first_not_of("0123456789."));
  return std::string(number.empty() ? full : number);
}

uint32_t VersionValue(absl::string_view number) {
  uint32_t value = 0;
  const std::vector<std::string> parts = absl::StrSplit(number, '.');
  for (size_t at = 0; at < 3; ++at) {
    uint32_t part = 0;
    if (at < parts.size() && !absl::SimpleAtoi(parts[at], &part)) part = 0;
    value = value * 100 + part;
  }
  return value;
}

std::string Quoted(absl::string_view text) {
  return absl::StrCat("'", absl::StrReplaceAll(text, {{"'", "''"}, {"\\", "\\\\"}}), "'");
}

// "name@host" as CURRENT_USER() gives it.
std::string AccountOf(absl::string_view current_user) {
  const size_t at = current_user.rfind('@');
  if (at == absl::string_view::npos) return Quoted(current_user);
  return absl::StrCat(Quoted(current_user.substr(0, at)), "@", Quoted(current_user.substr(at + 1)));
}

// Bytes of the UTF-8 sequence at the beginning of `text`; 0: none.
size_t Utf8Length(std::string_view text) {
  const auto byte = [&](size_t at) { return static_cast<unsigned char>(text[at]); };
  const unsigned first = byte(0);
  const size_t length = first < 0x80                    ? 1
                        : first >= 0xc2 && first < 0xe0 ? 2
                        : first >= 0xe0 && first < 0xf0 ? 3
                        : first >= 0xf0 && first < 0xf5 ? 4
                                                        : 0;
  if (length == 0 || length > text.size()) return 0;
  for (size_t at = 1; at < length; ++at) {
    if ((byte(at) & 0xc0) != 0x80) return 0;
  }
  const bool overlong = (first == 0xe0 && byte(1) < 0xa0) || (first == 0xf0 && byte(1) < 0x90);
  const bool beyond = (first == 0xed && byte(1) >= 0xa0) || (first == 0xf4 && byte(1) >= 0x90);
  return overlong || beyond ? 0 : length;
}

bool IsUtf8(std::string_view text) {
  while (!text.empty()) {
    const size_t length = Utf8Length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

}  // namespace

std::string_view Result::text(int row, int column) const {
  const std::optional<std::string>& field = rows_[row][column];
  return field.has_value() ? std::string_view(*field) : std::string_view();
}
int64_t Result::number(int row, int column) const {
  int64_t value = 0;
  return absl::SimpleAtoi(Abseil(text(row, column)), &value) ? value : 0;
}
uint64_t Result::unsigned_number(int row, int column) const {
  uint64_t value = 0;
  return absl::SimpleAtoi(Abseil(text(row, column)), &value) ? value : 0;
}

Connection::Connection(std::unique_ptr<Handle> handle) : handle_(std::move(handle)) {}
Connection::~Connection() = default;

absl::StatusOr<std::unique_ptr<Connection>> Connection::Open(const ConnectionOptions& options,
                                                             const WaitLimits& limits) {
  absl::StatusOr<MysqlPtr> mysql = ConnectLibrary(options, limits);
  if (!mysql.ok()) return mysql.status();
  auto handle = std::make_unique<Handle>(*std::move(mysql), limits.stop);
  handle->address = AddressOf(options);
  handle->user = options.user;
  std::unique_ptr<Connection> connection(new Connection(std::move(handle)));
  absl::Status status = connection->Identify(limits);
  if (status.ok()) status = connection->SetUp(limits);
  if (!status.ok()) return status;
  return connection;
}

absl::Status Connection::Identify(const WaitLimits& limits) {
  absl::StatusOr<Result> row = Execute("SELECT VERSION(), CURRENT_USER()", limits);
  if (!row.ok()) return row.status();
  if (row->rows() != 1) return absl::UnavailableError("the server does not say its version");
  handle_->flavour =
      absl::StrContains(Abseil(row->text(0, 0)), "MariaDB") ? Flavour::kMariaDb : Flavour::kMySql;
  handle_->version_text = VersionNumber(Abseil(row->text(0, 0)));
  handle_->version = VersionValue(handle_->version_text);
  handle_->account = AccountOf(Abseil(row->text(0, 1)));
  return absl::OkStatus();
}

absl::Status Connection::SetUp(const WaitLimits& limits) {
  for (const std::string& setting : SettingsOf(flavour(), server_version())) {
    absl::StatusOr<Result> done = Execute(setting, limits);
    if (!done.ok()) return done.status();
  }
  return absl::OkStatus();
}

absl::Status Connection::SetRawResults(bool raw, const WaitLimits& limits) {
  return Execute(raw ? "SET character_set_results = NULL" : "SET character_set_results = utf8mb4",
                 limits)
      .status();
}

absl::Status Connection::Usable() const {
  if (healthy()) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat("the connection to ", address(), " is closed"));
}

absl::StatusOr<Result> Connection::Execute(const std::string& sql, const WaitLimits& limits) {
  Result rows;
  absl::StatusOr<bool> done = Stream(
      sql,
      [&](Row row) -> absl::StatusOr<bool> {
        auto& copy = rows.rows_.emplace_back();
        copy.assign(row.begin(), row.end());
        return true;
      },
      limits);
  if (!done.ok()) return done.status();
  rows.columns_ = static_cast<int>(mysql_field_count(handle_->mysql.get()));
  return rows;
}

// On a thread of its own, since a client library cannot be asked meanwhile.
absl::StatusOr<Result> Connection::ExecuteLong(const std::string& sql,
                                               absl::FunctionRef<void()> waiting,
                                               const WaitLimits& limits) {
  auto run = [&] {
    const ClientThread thread;
    return Execute(sql, limits);
  };
  std::future<absl::StatusOr<Result>> done;
  try {
    done = std::async(std::launch::async, run);
  } catch (const std::system_error&) {
    return absl::UnavailableError("no thread is left");
  }
  while (done.wait_for(kWaitingInterval) != std::future_status::ready) waiting();
  return done.get();
}

absl::StatusOr<bool> Connection::Stream(const std::string& sql,
                                        absl::FunctionRef<absl::StatusOr<bool>(Row row)> row,
                                        const WaitLimits& limits) {
  if (absl::Status status = Usable(); !status.ok()) return status;
  MYSQL* mysql = handle_->mysql.get();
  absl::StatusOr<bool> more = true;
  absl::Status status = handle_->Run(kStatement, limits, [&] {
    if (mysql_real_query(mysql, sql.data(), sql.size()) != 0) return false;
    const MysqlResultPtr result(mysql_use_result(mysql));
    if (result == nullptr) return mysql_errno(mysql) == 0;
    std::vector<std::optional<std::string_view>> fields(mysql_num_fields(result.get()));
    while (MYSQL_ROW values = mysql_fetch_row(result.get())) {
      const unsigned long* lengths = mysql_fetch_lengths(result.get());
      for (size_t at = 0; at < fields.size(); ++at) {
        fields[at].reset();
        if (values[at] != nullptr) fields[at].emplace(values[at], lengths[at]);
      }
      more = row(fields);
      if (more.ok() && *more) continue;
      // Freeing the result would read all that is left of it.
      handle_->Break();
      return true;
    }
    return mysql_errno(mysql) == 0;
  });
  if (!status.ok()) return status;
  return more;
}

std::string Connection::QuoteLiteral(std::string_view text) const {
  if (!IsUtf8(text)) return absl::StrCat("x'", absl::BytesToHexString(Abseil(text)), "'");
  return absl::StrCat(
      "'",
      absl::StrReplaceAll(Abseil(text),
                          {{"'", "''"}, {"\\", "\\\\"}, {absl::string_view("\0", 1), "\\0"}}),
      "'");
}

std::string Connection::QuoteIdentifier(std::string_view name) {
  return absl::StrCat("`", absl::StrReplaceAll(Abseil(name), {{"`", "``"}}), "`");
}

Flavour Connection::flavour() const { return handle_->flavour; }
uint32_t Connection::server_version() const { return handle_->version; }
std::string Connection::version_text() const { return handle_->version_text; }
std::string Connection::address() const { return handle_->address; }
std::string Connection::user() const { return handle_->user; }
std::string Connection::account() const { return handle_->account; }
bool Connection::encrypted() const { return mysql_get_ssl_cipher(handle_->mysql.get()) != nullptr; }
bool Connection::healthy() const { return !handle_->broken && !handle_->guard.fired(); }

}  // namespace tidemark::capture::mysql
