#ifndef TIDEMARK_TESTS_SERVICE_EVENTS_H_
#define TIDEMARK_TESTS_SERVICE_EVENTS_H_

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/bytes.h"
#include "model/event.h"
#include "model/schema.h"
#include "model/value_writer.h"
#include "storage/journal.h"

namespace tidemark::service {

// A table "name_space.name" with one integer key column and one text column.
inline std::shared_ptr<const model::TableSchema> MakeSchema(model::SchemaId id,
                                                            model::TableId table,
                                                            std::string name_space,
                                                            std::string name) {
  auto integer = std::make_shared<model::Type>();
  integer->kind = model::TypeKind::kInteger;
  integer->name = "integer";
  auto text = std::make_shared<model::Type>();
  text->kind = model::TypeKind::kText;
  text->name = "text";
  auto schema = std::make_shared<model::TableSchema>();
  schema->id = id;
  schema->table_id = table;
  schema->name_space = std::move(name_space);
  schema->name = std::move(name);
  schema->columns = {{"id", integer, false, false, {}}, {"note", text, true, false, {}}};
  schema->key_columns = {0};
  return schema;
}

// Frames of one block, and what must be appended with it.
class BlockMaker {
 public:
  explicit BlockMaker(model::Sequence first) { block_.first = first; }

  BlockMaker& Schema(std::shared_ptr<const model::TableSchema> schema) {
    Start();
    model::AppendSchemaFrame(frames_, *schema);
    schemas_.emplace_back(block_.first + block_.count, std::move(schema));
    return Finish();
  }
  // Of the changes from here on, by the source's clock.
  BlockMaker& CommittedAt(uint64_t time_us) {
    commit_time_us_ = time_us;
    return *this;
  }
  BlockMaker& Change(model::SchemaId schema, model::Op op, int64_t id, const std::string& note) {
    Start();
    model::ChangeEncoder encoder(&frames_);
    model::TransactionHeader header;
    header.position.offset = 100 + block_.first + block_.count;
    header.transaction_id = 7;
    header.commit_time_us = commit_time_us_;
    encoder.SetTransaction(header);
    encoder.Begin(schema, op, 0, note.size() + 100);
    encoder.OpenRow(model::ChangeEncoder::kKey, 40);
    model::AppendInteger(frames_, 1, id);
    encoder.CloseRow();
    encoder.OpenRow(model::ChangeEncoder::kAfter, note.size() + 60);
    model::AppendInteger(frames_, 1, id);
    model::AppendBytesValue(frames_, 1, model::ValueKind::kText, note);
    encoder.CloseRow();
    encoder.End();
    if (block_.schemas.empty() || block_.schemas.back() < schema) block_.schemas.push_back(schema);
    return Finish();
  }
  // A change with these rows, each in wire form; an empty one is not there.
  BlockMaker& Rows(model::SchemaId schema, model::Op op, std::string_view key,
                   std::string_view before, std::string_view after) {
    using Encoder = model::ChangeEncoder;
    Start();
    Encoder encoder(&frames_);
    model::TransactionHeader header;
    header.position.offset = 100 + block_.first + block_.count;
    encoder.SetTransaction(header);
    encoder.Begin(schema, op, 0, key.size() + before.size() + after.size() + 100);
    for (auto [field, row] : {std::pair(Encoder::kKey, key), std::pair(Encoder::kBefore, before),
                              std::pair(Encoder::kAfter, after)}) {
      if (row.empty()) continue;
      encoder.OpenRow(field, row.size());
      frames_.Append(row);
      encoder.CloseRow();
    }
    encoder.End();
    if (block_.schemas.empty() || block_.schemas.back() < schema) block_.schemas.push_back(schema);
    return Finish();
  }
  BlockMaker& End() {
    Start();
    model::AppendTransactionEndFrame(frames_, {}, 1);
    return Finish();
  }
  BlockMaker& Mark(model::TableId table) {
    Start();
    model::SnapshotMark mark;
    mark.snapshot_id = 3;
    mark.kind = model::SnapshotMark::kChunkDone;
    mark.table_id = table;
    model::AppendSnapshotMarkFrame(frames_, mark);
    return Finish();
  }

  storage::Block Block(uint64_t time_us = 1'000'000) {
    auto owner = std::make_shared<std::string>(frames_.view());
    block_.frames = *owner;
    block_.owner = owner;
    block_.time_us = time_us;
    return block_;
  }
  storage::AppendBatch Batch(uint64_t time_us = 1'000'000) {
    storage::AppendBatch batch;
    batch.blocks.push_back(Block(time_us));
    batch.checkpoint.frontier.offset = 100 + block_.last();
    batch.checkpoint.next_sequence = block_.last() + 1;
    batch.schemas = schemas_;
    return batch;
  }

 private:
  void Start() { at_ = frames_.size(); }
  BlockMaker& Finish() {
    model::SetSequence(frames_.data() + at_, block_.first + block_.count);
    ++block_.count;
    return *this;
  }

  model::Bytes frames_;
  storage::Block block_;
  size_t at_ = 0;
  uint64_t commit_time_us_ = 0;
  std::vector<std::pair<model::Sequence, std::shared_ptr<const model::TableSchema>>> schemas_;
};

}  // namespace tidemark::service

#endif  // TIDEMARK_TESTS_SERVICE_EVENTS_H_
