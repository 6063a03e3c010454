#include "examples/cpp/store.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"

namespace tidemark::example {
namespace {

// A commit is on disk when it returns.
constexpr char kLayout[] = R"(
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
CREATE TABLE IF NOT EXISTS place (next INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS schema (id INTEGER PRIMARY KEY, schema BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS row (table_id INTEGER, key BLOB, schema_id INTEGER NOT NULL, row BLOB NOT NULL,
                                PRIMARY KEY (table_id, key)) WITHOUT ROWID;
)";

absl::Status StatusOf(sqlite3* database, int code) {
  if (code == SQLITE_OK || code == SQLITE_DONE || code == SQLITE_ROW) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "cannot use the state: ", sqlite3_errmsg(database), "; see to the file, then start again"));
}

absl::Status Execute(sqlite3* database, const char* sql) {
  return StatusOf(database, sqlite3_exec(database, sql, nullptr, nullptr, nullptr));
}

// One SQL statement. Bind in the order of its parameters, then step.
class Statement {
 public:
  Statement(sqlite3* database, const char* sql) : database_(database) {
    code_ = sqlite3_prepare_v2(database, sql, -1, &statement_, nullptr);
  }
  ~Statement() { sqlite3_finalize(statement_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  Statement& Bind(uint64_t number) {
    if (code_ == SQLITE_OK) {
      code_ = sqlite3_bind_int64(statement_, ++bound_, static_cast<sqlite3_int64>(number));
    }
    return *this;
  }
  Statement& Bind(const std::string& bytes) {
    if (code_ == SQLITE_OK) {
      code_ =
          sqlite3_bind_blob64(statement_, ++bound_, bytes.data(), bytes.size(), SQLITE_TRANSIENT);
    }
    return *this;
  }

  // To the next row; false: there is none, or it failed.
  bool Step() {
    if (code_ == SQLITE_OK || code_ == SQLITE_ROW) code_ = sqlite3_step(statement_);
    return code_ == SQLITE_ROW;
  }
  absl::Status Run() {
    Step();
    return status();
  }
  absl::Status status() const { return StatusOf(database_, code_); }

  uint64_t Number(int column) const {
    return static_cast<uint64_t>(sqlite3_column_int64(statement_, column));
  }
  std::string_view Bytes(int column) const {
    const void* bytes = sqlite3_column_blob(statement_, column);
    const auto size = static_cast<size_t>(sqlite3_column_bytes(statement_, column));
    return {static_cast<const char*>(bytes), size};
  }

 private:
  sqlite3* const database_;
  sqlite3_stmt* statement_ = nullptr;
  int code_ = SQLITE_OK;
  int bound_ = 0;
};

template <typename Message>
Message Parsed(std::string_view bytes) {
  Message message;
  message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
  return message;
}

bool HasUnavailable(const v1::Row& row) {
  return std::any_of(row.values().begin(), row.values().end(),
                     [](const v1::Value& value) { return value.unavailable(); });
}

std::map<std::string, v1::Value> ByName(const v1::TableSchema& schema, const v1::Row& row) {
  std::map<std::string, v1::Value> values;
  for (int i = 0; i < row.values_size(); ++i) values[schema.columns(i).name()] = row.values(i);
  return values;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Store>> Store::Open(const std::string& file) {
  std::unique_ptr<Store> store(new Store);
  sqlite3* database = nullptr;
  const int opened = sqlite3_open(file.c_str(), &database);
  store->database_.reset(database);
  absl::Status status = StatusOf(database, opened);
  if (status.ok()) status = Execute(database, kLayout);
  if (status.ok()) status = store->Load();
  if (!status.ok()) return status;
  return store;
}

absl::Status Store::Load() {
  Statement place(database_.get(), "SELECT next FROM place");
  if (place.Step()) next_ = place.Number(0);
  if (!place.status().ok()) return place.status();
  Statement all(database_.get(), "SELECT schema FROM schema");
  while (all.Step()) {
    auto schema = Parsed<v1::TableSchema>(all.Bytes(0));
    schemas_[schema.id()] = std::move(schema);
  }
  return all.status();
}

absl::Status Store::Take(const v1::SubscribeResponse& response) {
  uint64_t next = next_;
  absl::Status taken = Execute(database_.get(), "BEGIN IMMEDIATE");
  if (!taken.ok()) return taken;
  taken = ApplyAll(response, &next);
  if (taken.ok()) taken = Execute(database_.get(), "COMMIT");
  if (taken.ok()) {
    next_ = next;
  } else {
    sqlite3_exec(database_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
  }
  return taken;
}

absl::Status Store::ApplyAll(const v1::SubscribeResponse& response, uint64_t* next) {
  for (const v1::Event& event : response.events()) {
    // Schemas that are sent again at the start have old sequences.
    if (event.sequence() >= *next || event.has_schema()) {
      if (absl::Status applied = Apply(event); !applied.ok()) return applied;
    }
    *next = std::max<uint64_t>(*next, event.sequence() + 1);
  }
  return Statement(database_.get(), "INSERT OR REPLACE INTO place (rowid, next) VALUES (1, ?)")
      .Bind(*next)
      .Run();
}

// Marks, messages and ends of transactions need no action for rows by key.
absl::Status Store::Apply(const v1::Event& event) {
  if (event.has_schema()) return AddSchema(event.schema());
  if (event.has_change()) return ApplyChange(event.change());
  return absl::OkStatus();
}

// A version of a table. Held rows keep the version that they came in: what an ALTER TABLE made of
// them comes with their next change, or with a snapshot.
absl::Status Store::AddSchema(const v1::TableSchema& schema) {
  schemas_[schema.id()] = schema;
  return Statement(database_.get(), "INSERT OR REPLACE INTO schema VALUES (?, ?)")
      .Bind(schema.id())
      .Bind(schema.SerializeAsString())
      .Run();
}

absl::Status Store::ApplyChange(const v1::Change& change) {
  const auto found = schemas_.find(change.schema_id());
  if (found == schemas_.end()) {
    return absl::FailedPreconditionError(absl::StrCat(
        "schema ", change.schema_id(), " is not known: begin with an empty state and a new name"));
  }
  const v1::TableSchema& schema = found->second;
  if (change.op() == v1::OP_TRUNCATE) return Clear(schema);
  // Without a key there is nothing to find a row by.
  if (schema.key_columns().empty()) return absl::OkStatus();
  if (change.op() == v1::OP_DELETE) return Remove(schema, change.key());
  // CREATE, UPDATE, and READ: a row of a snapshot.
  v1::Row row = change.after();
  absl::Status completed = Complete(schema, change.key(), &row);
  return completed.ok() ? Put(schema, change.key(), row) : completed;
}

absl::Status Store::Complete(const v1::TableSchema& schema, const v1::Row& key, v1::Row* row) {
  if (!HasUnavailable(*row)) return absl::OkStatus();
  const absl::StatusOr<Held> held = Find(schema, key);
  if (!held.ok() || held->schema == nullptr) return held.status();
  const auto values = ByName(*held->schema, held->row);
  for (int i = 0; i < row->values_size(); ++i) {
    const auto kept = values.find(schema.columns(i).name());
    if (row->values(i).unavailable() && kept != values.end()) {
      *row->mutable_values(i) = kept->second;
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<Store::Held> Store::Find(const v1::TableSchema& schema, const v1::Row& key) {
  Statement select(database_.get(),
                   "SELECT schema_id, row FROM row WHERE table_id = ? AND key = ?");
  if (select.Bind(schema.table_id()).Bind(key.SerializeAsString()).Step()) {
    return Held{&schemas_[static_cast<uint32_t>(select.Number(0))],
                Parsed<v1::Row>(select.Bytes(1))};
  }
  if (!select.status().ok()) return select.status();
  return Held{};
}

absl::Status Store::Put(const v1::TableSchema& schema, const v1::Row& key, const v1::Row& row) {
  return Statement(database_.get(), "INSERT OR REPLACE INTO row VALUES (?, ?, ?, ?)")
      .Bind(schema.table_id())
      .Bind(key.SerializeAsString())
      .Bind(schema.id())
      .Bind(row.SerializeAsString())
      .Run();
}

absl::Status Store::Remove(const v1::TableSchema& schema, const v1::Row& key) {
  return Statement(database_.get(), "DELETE FROM row WHERE table_id = ? AND key = ?")
      .Bind(schema.table_id())
      .Bind(key.SerializeAsString())
      .Run();
}

absl::Status Store::Clear(const v1::TableSchema& schema) {
  return Statement(database_.get(), "DELETE FROM row WHERE table_id = ?")
      .Bind(schema.table_id())
      .Run();
}

absl::Status Store::Dump(const std::function<void(const v1::Event&)>& print) const {
  for (const auto& [id, schema] : schemas_) {
    v1::Event event;
    *event.mutable_schema() = schema;
    print(event);
  }
  Statement all(database_.get(), "SELECT key, schema_id, row FROM row");
  while (all.Step()) {
    v1::Event event;
    v1::Change& change = *event.mutable_change();
    change.set_op(v1::OP_READ);
    change.set_schema_id(static_cast<uint32_t>(all.Number(1)));
    *change.mutable_key() = Parsed<v1::Row>(all.Bytes(0));
    *change.mutable_after() = Parsed<v1::Row>(all.Bytes(2));
    print(event);
  }
  v1::Event place;
  place.set_sequence(next_ - 1);
  place.mutable_heartbeat();
  print(place);
  return all.status();
}

}  // namespace tidemark::example
