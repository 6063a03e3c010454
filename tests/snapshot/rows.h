#ifndef TIDEMARK_TESTS_SNAPSHOT_ROWS_H_
#define TIDEMARK_TESTS_SNAPSHOT_ROWS_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "capture/log_batch.h"
#include "capture/schema_registry.h"
#include "capture/source.h"
#include "model/value_writer.h"
#include "tidemark/v1/event.pb.h"

namespace tidemark::snapshot {

// Rows of a table (k, a, b) with integer columns, and the log's and the snapshot's frames of them.
inline constexpr model::TableId kTestTable = 7;

struct TestRow {
  int64_t key = 0;
  int64_t a = 0;
  std::optional<int64_t> b = std::nullopt;  // nullopt: not in the log's image
};

inline model::TableSchema TestSchema(const std::string& extra_column = "") {
  auto integer = std::make_shared<model::Type>();
  integer->kind = model::TypeKind::kInteger;
  integer->name = "bigint";
  model::TableSchema schema;
  schema.table_id = kTestTable;
  schema.name_space = "public";
  schema.name = "t";
  for (const char* name : {"k", "a", "b"}) {
    schema.columns.push_back({name, integer, false, false, std::nullopt});
  }
  if (!extra_column.empty()) {
    schema.columns.push_back({extra_column, integer, true, false, std::nullopt});
  }
  schema.key_columns = {0};
  return schema;
}

inline std::string EncodeKey(int64_t key) {
  model::Bytes out;
  model::AppendInteger(out, 1, key);
  return std::string(out.view());
}

inline std::string EncodeRow(const TestRow& row) {
  model::Bytes out;
  model::AppendInteger(out, 1, row.key);
  model::AppendInteger(out, 1, row.a);
  if (row.b) {
    model::AppendInteger(out, 1, *row.b);
  } else {
    model::AppendUnavailable(out, 1);
  }
  return std::string(out.view());
}

inline model::FrameExtent EncodeChange(model::ChangeEncoder& encoder, model::SchemaId schema,
                                       model::Op op, const TestRow& row) {
  encoder.Begin(schema, op, 0, 200);
  if (op != model::Op::kTruncate) {
    encoder.OpenRow(model::ChangeEncoder::kKey, 100);
    encoder.out().Append(EncodeKey(row.key));
    encoder.CloseRow();
  }
  if (op != model::Op::kTruncate && op != model::Op::kDelete) {
    encoder.OpenRow(model::ChangeEncoder::kAfter, 100);
    encoder.out().Append(EncodeRow(row));
    encoder.CloseRow();
  }
  return encoder.End();
}

// A view that shows the transactions with the given numbers.
class TestView : public model::ReadView {
 public:
  explicit TestView(std::set<uint64_t> shown) : shown_(std::move(shown)) {}
  bool Contains(const model::TransactionRef& transaction) const override {
    return shown_.contains(transaction.number);
  }

 private:
  std::set<uint64_t> shown_;
};

inline capture::Chunk TestChunk(const std::vector<TestRow>& rows,
                                std::shared_ptr<const model::TableSchema> schema,
                                std::set<uint64_t> shown, uint64_t bound) {
  capture::Chunk chunk;
  chunk.view = std::make_shared<TestView>(std::move(shown));
  chunk.bound = {0, bound};
  model::ChangeEncoder encoder(&chunk.frames);
  encoder.SetSnapshot(1, 1, false);
  for (const TestRow& row : rows) {
    chunk.rows.push_back(EncodeChange(encoder, schema->id, model::Op::kRead, row));
  }
  chunk.schema = std::move(schema);
  return chunk;
}

// One transaction with one change, complete.
struct TestChange {
  uint64_t number = 0;
  model::Op op = model::Op::kUpdate;
  TestRow row;
  bool moved = false;
};

inline capture::LogBatch TestLog(const TestChange& change, model::SchemaId schema) {
  capture::LogBatch batch;
  model::ChangeEncoder encoder(&batch.frames);
  encoder.SetTransaction({{0, change.number}, change.number, 1, 1});
  batch.transactions.push_back({change.number, 0, {0, change.number}});
  capture::LogEvent event;
  event.kind = model::EventKind::kChange;
  event.op = change.op;
  event.partial = !change.row.b.has_value() && change.op != model::Op::kDelete &&
                  change.op != model::Op::kTruncate;
  event.moved = change.moved;
  event.table = kTestTable;
  event.schema = schema;
  event.frame = EncodeChange(encoder, schema, change.op, change.row);
  batch.keys.push_back({std::to_string(change.row.key)});
  batch.events.push_back(event);
  batch.frontier = {0, change.number};
  batch.resume = std::to_string(change.number);
  return batch;
}

// The events of frames, decoded by protobuf.
inline std::vector<tidemark::v1::Event> Decode(std::string_view frames) {
  std::vector<tidemark::v1::Event> events;
  model::WireReader reader(frames);
  uint32_t field;
  model::WireType type;
  std::string_view body;
  while (reader.ReadTag(&field, &type) && reader.ReadLength(&body)) {
    events.emplace_back().ParseFromArray(body.data(), static_cast<int>(body.size()));
  }
  return events;
}

}  // namespace tidemark::snapshot

#endif  // TIDEMARK_TESTS_SNAPSHOT_ROWS_H_
