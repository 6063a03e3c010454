#include "examples/cpp/store.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

namespace tidemark::example {
namespace {

// Keys in the database: the place; 's' and a schema's id; 'r', a table's id and a row's key.
constexpr char kPlace[] = "p";

// Big endian, so that keys of one table stand together.
template <typename T>
std::string Bytes(T number) {
  std::string bytes(sizeof(T), '\0');
  for (size_t i = sizeof(T); i > 0; --i, number >>= 8) bytes[i - 1] = static_cast<char>(number);
  return bytes;
}

template <typename T>
T Number(const std::string& bytes) {
  T number = 0;
  for (size_t i = 0; i < sizeof(T); ++i) number = number << 8 | static_cast<uint8_t>(bytes[i]);
  return number;
}

std::string RowsOf(const v1::TableSchema& schema) { return "r" + Bytes(schema.table_id()); }
constexpr size_t kRowPrefixBytes = 1 + sizeof(uint64_t);

absl::Status ToStatus(const rocksdb::Status& status) {
  if (status.ok()) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat("cannot use the state: ", status.ToString(),
                                                    "; see to the folder, then start again"));
}

bool HasUnavailable(const v1::Row& row) {
  return std::any_of(row.values().begin(), row.values().end(),
                     [](const v1::Value& value) { return value.unavailable(); });
}

v1::Row RowOf(const std::string& held) {
  v1::Row row;
  row.ParseFromString(held.substr(sizeof(uint32_t)));
  return row;
}

std::map<std::string, v1::Value> ByName(const v1::TableSchema& schema, const v1::Row& row) {
  std::map<std::string, v1::Value> values;
  for (int i = 0; i < row.values_size(); ++i) values[schema.columns(i).name()] = row.values(i);
  return values;
}

// Calls `visit` with each key and value whose key begins with `prefix`.
absl::Status ForEach(std::unique_ptr<rocksdb::Iterator> at, const std::string& prefix,
                     const std::function<void(const std::string&, const std::string&)>& visit) {
  for (at->Seek(prefix); at->Valid() && at->key().starts_with(prefix); at->Next()) {
    visit(at->key().ToString(), at->value().ToString());
  }
  return ToStatus(at->status());
}

}  // namespace

absl::StatusOr<std::unique_ptr<Store>> Store::Open(const std::string& folder) {
  std::unique_ptr<Store> store(new Store);
  rocksdb::Options options;
  options.create_if_missing = true;
  rocksdb::DB* database = nullptr;
  absl::Status opened = ToStatus(rocksdb::DB::Open(options, folder, &database));
  if (!opened.ok()) return opened;
  store->database_.reset(database);
  if (absl::Status loaded = store->Load(); !loaded.ok()) return loaded;
  return store;
}

absl::Status Store::Load() {
  std::string place;
  const rocksdb::Status got = database_->Get({}, kPlace, &place);
  if (!got.ok() && !got.IsNotFound()) return ToStatus(got);
  if (got.ok()) next_ = Number<uint64_t>(place);
  std::unique_ptr<rocksdb::Iterator> all(database_->NewIterator({}));
  return ForEach(std::move(all), "s", [this](const std::string&, const std::string& bytes) {
    v1::TableSchema schema;
    schema.ParseFromString(bytes);
    schemas_[schema.id()] = std::move(schema);
  });
}

absl::Status Store::Take(const v1::SubscribeResponse& response) {
  batch_.Clear();
  uint64_t next = next_;
  for (const v1::Event& event : response.events()) {
    // Schemas that are sent again at the start have old sequences.
    if (event.sequence() >= next || event.has_schema()) {
      if (absl::Status applied = Apply(event); !applied.ok()) return applied;
    }
    next = std::max<uint64_t>(next, event.sequence() + 1);
  }
  batch_.Put(kPlace, Bytes(next));
  rocksdb::WriteOptions options;
  options.sync = true;
  absl::Status written = ToStatus(database_->Write(options, batch_.GetWriteBatch()));
  if (written.ok()) next_ = next;
  return written;
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
  return ToStatus(batch_.Put("s" + Bytes(schema.id()), schema.SerializeAsString()));
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
  const std::string key = RowsOf(schema) + change.key().SerializeAsString();
  if (change.op() == v1::OP_DELETE) return Remove(key);
  // CREATE, UPDATE, and READ: a row of a snapshot.
  v1::Row row = change.after();
  if (absl::Status completed = Complete(key, schema, &row); !completed.ok()) return completed;
  return Put(key, schema, row);
}

absl::Status Store::Complete(const std::string& key, const v1::TableSchema& schema, v1::Row* row) {
  if (!HasUnavailable(*row)) return absl::OkStatus();
  const absl::StatusOr<std::string> held = Find(key);
  if (!held.ok() || held->empty()) return held.status();
  const auto values = ByName(schemas_[Number<uint32_t>(*held)], RowOf(*held));
  for (int i = 0; i < row->values_size(); ++i) {
    const auto kept = values.find(schema.columns(i).name());
    if (row->values(i).unavailable() && kept != values.end()) {
      *row->mutable_values(i) = kept->second;
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> Store::Find(const std::string& key) {
  std::string held;
  const rocksdb::Status got = batch_.GetFromBatchAndDB(database_.get(), {}, key, &held);
  if (got.IsNotFound()) return "";
  if (!got.ok()) return ToStatus(got);
  return held;
}

absl::Status Store::Put(const std::string& key, const v1::TableSchema& schema, const v1::Row& row) {
  return ToStatus(batch_.Put(key, Bytes(schema.id()) + row.SerializeAsString()));
}

absl::Status Store::Remove(const std::string& key) { return ToStatus(batch_.Delete(key)); }

absl::Status Store::Clear(const v1::TableSchema& schema) {
  std::unique_ptr<rocksdb::Iterator> all(
      batch_.NewIteratorWithBase(database_->NewIterator(rocksdb::ReadOptions())));
  std::vector<std::string> keys;
  absl::Status visited =
      ForEach(std::move(all), RowsOf(schema),
              [&keys](const std::string& key, const std::string&) { keys.push_back(key); });
  for (const std::string& key : keys) visited.Update(Remove(key));
  return visited;
}

absl::Status Store::Dump(const std::function<void(const v1::Event&)>& print) const {
  for (const auto& [id, schema] : schemas_) {
    v1::Event event;
    *event.mutable_schema() = schema;
    print(event);
  }
  std::unique_ptr<rocksdb::Iterator> all(database_->NewIterator({}));
  const auto print_row = [&print](const std::string& key, const std::string& held) {
    v1::Event event;
    v1::Change& change = *event.mutable_change();
    change.set_op(v1::OP_READ);
    change.set_schema_id(Number<uint32_t>(held));
    change.mutable_key()->ParseFromString(key.substr(kRowPrefixBytes));
    *change.mutable_after() = RowOf(held);
    print(event);
  };
  absl::Status visited = ForEach(std::move(all), "r", print_row);
  v1::Event place;
  place.set_sequence(next_ - 1);
  place.mutable_heartbeat();
  print(place);
  return visited;
}

}  // namespace tidemark::example
