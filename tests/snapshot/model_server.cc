#include "tests/snapshot/model_server.h"

#include <algorithm>
#include <numeric>

#include "model/value_writer.h"

namespace tidemark::snapshot {
namespace {

using model::Op;

void WriteKey(model::ChangeEncoder& encoder, int64_t key) {
  encoder.OpenRow(model::ChangeEncoder::kKey, 20);
  model::AppendInteger(encoder.out(), 1, key);
  encoder.CloseRow();
}

void WriteRow(model::ChangeEncoder& encoder, model::ChangeEncoder::RowField field, int64_t key,
              const ModelRow& row, bool partial, int table_version) {
  encoder.OpenRow(field, 100);
  model::Bytes& out = encoder.out();
  model::AppendInteger(out, 1, key);
  model::AppendInteger(out, 1, row.version);
  model::AppendInteger(out, 1, row.value);
  if (partial) {
    model::AppendUnavailable(out, 1);
  } else {
    model::AppendInteger(out, 1, row.rest);
  }
  if (table_version > 1) model::AppendInteger(out, 1, row.added.value_or(0));
  encoder.CloseRow();
}

}  // namespace

ModelServer::ModelServer(std::mt19937_64* random) : random_(random) {
  keys_ = std::vector<int64_t>{4, 8, 16}[Pick(3)];
  exact_ = Chance() < 0.5;
  ordered_ = Chance() < 0.5;
  logs_rewrites_ = Chance() < 0.5;
  for (int64_t key = 0; key < keys_; ++key) {
    if (Chance() < 0.7) current_[key] = seen_[key] = NewRow();
  }
}

ModelRow ModelServer::NewRow() {
  ++version_;
  ModelRow row{version_, version_, version_, std::nullopt};
  if (table_version_ > 1) row.added = version_;
  return row;
}

void ModelServer::Commit() {
  double what = Chance();
  if (what < 0.02 && pending_.empty()) return Truncate();
  if (what < 0.03 && pending_.empty() && table_version_ == 1) return Alter();
  if (what < 0.04 && pending_.empty() && exact_ && !logs_rewrites_) return RewriteInPlace();
  if (what < 0.15 && pending_.empty() && logs_rewrites_) return RewriteInPlace();
  // Compacted, or a column's definition changed: no value does.
  if (what < 0.05) ++(Chance() < 0.5 ? storage_ : definitions_);
  std::vector<int64_t> free;
  for (int64_t key = 0; key < keys_; ++key) {
    if (!locked_.contains(key)) free.push_back(key);
  }
  if (free.empty()) return;
  std::shuffle(free.begin(), free.end(), *random_);
  ModelTransaction transaction{log_.size() + 1, {}};
  Pending pending{transaction.number, {}};
  size_t changes = std::vector<size_t>{1, 1, 2, 3}[Pick(4)];
  for (size_t i = 0; i < std::min(changes, free.size()); ++i) {
    if (!pending.changes.contains(free[i])) Change(free[i], &transaction, &pending);
  }
  if (transaction.events.empty()) return;
  for (const auto& [key, row] : pending.changes) {
    locked_.insert(key);
    if (row) {
      current_[key] = *row;
    } else {
      current_.erase(key);
    }
  }
  log_.push_back(std::move(transaction));
  pending_.push_back(std::move(pending));
}

void ModelServer::Change(int64_t key, ModelTransaction* transaction, Pending* pending) {
  auto current = current_.find(key);
  ModelRow row = NewRow();
  ModelEvent event{Op::kUpdate, key, row, false, false, table_version_};
  double what = Chance();
  if (current == current_.end()) {
    event.op = Op::kCreate;
  } else if (what < 0.2) {
    event.op = Op::kDelete;
  } else if (what < 0.4) {
    return Move(key, transaction, pending);
  } else if (what < 0.7) {
    event.row.rest = current->second.rest;
    event.partial = true;
  } else if (what < 0.85) {
    event.partial = event.moved = true;
  }
  pending->changes[key] =
      event.op == Op::kDelete ? std::nullopt : std::optional<ModelRow>(event.row);
  transaction->events.push_back(event);
}

void ModelServer::Move(int64_t from, ModelTransaction* transaction, Pending* pending) {
  for (int64_t to = 0; to < keys_; ++to) {
    if (current_.contains(to) || locked_.contains(to) || pending->changes.contains(to)) continue;
    ModelRow row = NewRow();
    row.rest = current_[from].rest;
    bool partial = Chance() < 0.8;
    transaction->events.push_back({Op::kDelete, from, row, false, false, table_version_});
    transaction->events.push_back({Op::kCreate, to, row, partial, true, table_version_});
    pending->changes[from] = std::nullopt;
    pending->changes[to] = row;
    return;
  }
}

void ModelServer::Truncate() {
  ModelTransaction transaction{log_.size() + 1, {}};
  transaction.events.push_back({Op::kTruncate, 0, NewRow(), false, false, table_version_});
  Pending pending{transaction.number, {}};
  for (int64_t key = 0; key < keys_; ++key) {
    pending.changes[key] = std::nullopt;
    locked_.insert(key);
  }
  current_.clear();
  log_.push_back(std::move(transaction));
  pending_.push_back(std::move(pending));
}

// ADD COLUMN with a value that differs by row: rows change without an event.
void ModelServer::Alter() {
  table_version_ = 2;
  for (auto& [key, row] : current_) row.added = -key;
  for (auto& [key, row] : seen_) row.added = -key;
}

// ALTER COLUMN value TYPE ... USING: rows change without an event, and the schema does not. With
// marks only where views are exact: else a change from before it may count as one from after the
// chunk.
void ModelServer::RewriteInPlace() {
  ++definitions_;
  if (logs_rewrites_) {
    log_.push_back({log_.size() + 1, {}, true});
  } else {
    ++storage_;
  }
  for (auto* rows : {&current_, &seen_}) {
    for (auto& [key, row] : *rows) row.value += 1000;
  }
}

capture::RewriteMarks ModelServer::Marks() const {
  std::vector<uint64_t> columns(table_version_ > 1 ? 5 : 4);
  std::iota(columns.begin(), columns.end(), 1);
  return {std::move(columns), definitions_, storage_};
}

void ModelServer::Publish() {
  if (pending_.empty()) return;
  size_t at = ordered_ ? 0 : Pick(pending_.size());
  Pending pending = std::move(pending_[at]);
  pending_.erase(pending_.begin() + at);
  for (const auto& [key, row] : pending.changes) {
    if (row) {
      seen_[key] = *row;
    } else {
      seen_.erase(key);
    }
    locked_.erase(key);
  }
  visible_.insert(pending.number);
  lag_.push_back(pending.number);
}

void ModelServer::Learn() {
  if (lag_.empty()) return;
  size_t at = ordered_ ? 0 : Pick(lag_.size());
  known_.insert(lag_[at]);
  lag_.erase(lag_.begin() + at);
}

capture::LogBatch ModelServer::ReadLog(size_t index, size_t skip, size_t transactions_max,
                                       size_t events_max, capture::SchemaRegistry* registry,
                                       std::set<model::SchemaId>* announced) {
  capture::LogBatch batch;
  model::ChangeEncoder encoder(&batch.frames);
  size_t position = index;  // transactions complete
  for (size_t t = 0; t < transactions_max && index + t < log_.size(); ++t) {
    const ModelTransaction& transaction = log_[index + t];
    if (transaction.rewrites) {
      batch.rewritten.push_back(kTable);
      position = index + t + 1;
      batch.resume = std::to_string(position) + " 0";
      continue;
    }
    model::TransactionHeader header{{0, transaction.number}, transaction.number, 1, 1};
    encoder.SetTransaction(header);
    batch.transactions.push_back({transaction.number, 0, header.position});
    size_t first = t == 0 ? skip : 0;
    size_t last = std::min(transaction.events.size(), first + events_max);
    for (size_t i = first; i < last; ++i) {
      const ModelEvent& event = transaction.events[i];
      auto schema = registry->Resolve(Schema(event.table_version));
      if (announced->insert(schema->id).second) {
        capture::LogEvent announcement;
        announcement.kind = model::EventKind::kSchema;
        announcement.table = kTable;
        announcement.schema = schema->id;
        announcement.frame.at = static_cast<uint32_t>(batch.frames.size());
        model::AppendSchemaFrame(batch.frames, *schema);
        announcement.frame.size =
            static_cast<uint32_t>(batch.frames.size()) - announcement.frame.at;
        batch.events.push_back(announcement);
        batch.schemas.push_back(schema);
      }
      capture::LogEvent out;
      out.kind = model::EventKind::kChange;
      out.op = event.op;
      out.partial = event.partial;
      out.moved = event.moved;
      out.table = kTable;
      out.schema = schema->id;
      out.transaction = static_cast<uint32_t>(batch.transactions.size() - 1);
      encoder.Begin(schema->id, event.op, i, 200);
      if (event.op != Op::kTruncate) WriteKey(encoder, event.key);
      if (event.op == Op::kDelete || event.op == Op::kTruncate) {
        WriteRow(encoder, model::ChangeEncoder::kBefore, event.key, event.row, false,
                 event.table_version);
      } else {
        WriteRow(encoder, model::ChangeEncoder::kAfter, event.key, event.row, event.partial,
                 event.table_version);
      }
      out.frame = encoder.End();
      if (event.moved && event.partial) {
        out.key = static_cast<uint32_t>(batch.keys.size());
        batch.keys.push_back({std::to_string(event.key)});
      }
      batch.events.push_back(out);
    }
    if (last < transaction.events.size()) {
      batch.mid_transaction = true;
      batch.resume = std::to_string(index + t) + " " + std::to_string(last);
      break;
    }
    position = index + t + 1;
    batch.resume = std::to_string(position) + " 0";
  }
  batch.frontier = {0, position};
  return batch;
}

bool ModelServer::Settled(const std::vector<model::TransactionRef>& merged) const {
  const std::set<uint64_t>& seen = exact_ ? visible_ : known_;
  return std::all_of(merged.begin(), merged.end(),
                     [&](const auto& transaction) { return seen.contains(transaction.number); });
}

capture::Chunk ModelServer::ReadChunk(const capture::ChunkRequest& request,
                                      std::shared_ptr<const ModelView> view,
                                      capture::SchemaRegistry* registry) const {
  capture::Chunk chunk;
  chunk.schema = registry->Resolve(Schema(table_version_));
  chunk.marks = Marks();
  chunk.view = std::move(view);
  model::ChangeEncoder encoder(&chunk.frames);
  encoder.SetSnapshot(request.snapshot_id, 1, false);
  // A bound of bytes ends a list of keys, a bound of rows looked at a range.
  auto keys_end = request.keys.end();
  if (request.keys.size() > 1 && (*random_)() % 3 == 0) --keys_end;
  chunk.keys_read = keys_end - request.keys.begin();
  int64_t lower = request.range.lower.empty() ? -1 : std::stoll(request.range.lower[0]);
  int64_t upper = request.range.upper.empty() ? keys_ : std::stoll(request.range.upper[0]);
  if (request.keys.empty() && upper - lower > 1 && (*random_)() % 5 == 0) {
    upper = lower + 1 + static_cast<int64_t>((*random_)() % (upper - lower - 1));
    chunk.last_key = {std::to_string(upper)};
  }
  capture::KeyText last_key;
  chunk.exhausted = keys_end == request.keys.end() && chunk.last_key.empty();
  for (const auto& [key, row] : seen_) {
    if (key <= lower || key > upper) continue;
    if (!request.keys.empty() && std::find(request.keys.begin(), keys_end,
                                           capture::KeyText{std::to_string(key)}) == keys_end) {
      continue;
    }
    if (request.rows_max > 0 && chunk.rows.size() == request.rows_max) {
      chunk.exhausted = false;
      chunk.last_key = last_key;
      break;
    }
    encoder.Begin(chunk.schema->id, Op::kRead, 0, 200);
    WriteKey(encoder, key);
    WriteRow(encoder, model::ChangeEncoder::kAfter, key, row, false, table_version_);
    chunk.rows.push_back(encoder.End());
    last_key = {std::to_string(key)};
  }
  chunk.rows_scanned = chunk.rows.size();
  return chunk;
}

std::vector<capture::KeyRange> ModelServer::PlanRanges(size_t count) const {
  std::vector<capture::KeyRange> ranges(1);
  for (size_t i = 1; i < count; ++i) {
    capture::KeyText bound = {
        std::to_string(keys_ * static_cast<int64_t>(i) / static_cast<int64_t>(count))};
    ranges.back().upper = bound;
    ranges.push_back({bound, {}});
  }
  return ranges;
}

model::TableSchema ModelServer::Schema(int version) const {
  auto integer = std::make_shared<model::Type>();
  integer->kind = model::TypeKind::kInteger;
  integer->name = "bigint";
  model::TableSchema schema;
  schema.table_id = kTable;
  schema.name_space = "public";
  schema.name = "t";
  for (const char* name : {"k", "version", "value", "rest"}) {
    schema.columns.push_back({name, integer, false, false, std::nullopt});
  }
  if (version > 1) schema.columns.push_back({"added", integer, false, false, "0"});
  schema.key_columns = {0};
  return schema;
}

}  // namespace tidemark::snapshot
