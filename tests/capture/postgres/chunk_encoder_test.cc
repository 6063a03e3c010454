#include "capture/postgres/chunk_encoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "capture/postgres/log_encoder.h"
#include "capture/postgres/schema_builder.h"
#include "fake_catalog.h"
#include "message_builder.h"
#include "tidemark/v1/change_stream.pb.h"

namespace tidemark::capture::postgres {
namespace {

using testing::ElementsAre;

constexpr uint32_t kTable = 100;

// A column of each kind, and texts for it as the server prints them.
struct Sample {
  model::TypeKind kind;
  std::vector<std::string> texts;
};
const std::vector<Sample>& Samples() {
  using enum model::TypeKind;
  static const std::vector<Sample> samples = {
      {kInteger, {"1", "-9223372036854775808", "42"}},
      {kText, {"tab\there", "back\\slash", "\\N"}},
      {kBoolean, {"t", "f", "t"}},
      {kDoublePrecision, {"-0", "NaN", "1.5"}},
      {kDecimal, {"1.50", "NaN", "-0.001"}},
      {kBinary, {"\\x00ff", "\\x", "\\x5c"}},
      {kTimestamp, {"2024-02-29 12:34:56.7", "infinity", "0044-03-15 00:00:00 BC"}},
      {kInterval, {"P1Y2M3DT4H5M6.7S", "PT0S", "PT-0.5S"}},
      {kArray, {"{a,NULL,\"b \\\"c\"}", "{}", "[0:0]={x}"}},
      {kRange, {"[a,b)", "empty", "(,\"x y\"]"}}};
  return samples;
}

class ChunkEncoderTest : public testing::Test {
 protected:
  ChunkEncoderTest() {
    CatalogTable table{kTable, "public", "t", 'd', {}, {"c1", "c0"}};
    relation_ = {kTable, "public", "t", 'd', {}};
    for (size_t i = 0; i < Samples().size(); ++i) {
      uint32_t oid = 50'000 + static_cast<uint32_t>(i);
      std::string name = "c" + std::to_string(i);
      auto type = MakeType(Samples()[i].kind, oid, "type of " + name);
      type->element = catalog_.types[25];
      catalog_.types[oid] = type;
      table.columns.push_back({name, oid, -1, i > 1, false, {}});
      relation_.columns.push_back({i <= 1, name, oid, -1});
    }
    catalog_.tables[kTable] = table;
    schema_ = registry_.Resolve(*SchemaFromCatalog(table, catalog_));
  }

  FakeCatalog catalog_;
  SchemaRegistry registry_{{}};
  RelationMessage relation_;
  std::shared_ptr<const model::TableSchema> schema_;
};

std::string CopyLine(const Cells& cells) {
  std::string line;
  for (const Cell& cell : cells) {
    if (!line.empty()) line += '\t';
    if (cell.kind == 'n') line += "\\N";
    for (char c : cell.text) {
      if (c == '\\') {
        line += "\\\\";
      } else if (c == '\t') {
        line += "\\t";
      } else {
        line += c;
      }
    }
  }
  return line + "\n";
}

Cells SampleRow(size_t index) {
  Cells row;
  for (const Sample& sample : Samples()) row.emplace_back(sample.texts[index]);
  return row;
}

TEST_F(ChunkEncoderTest, RowsAreReadsWithTheirExtents) {
  ChunkEncoder encoder(schema_, 7, 99);
  for (size_t i = 0; i < 3; ++i) ASSERT_TRUE(encoder.AddRow(CopyLine(SampleRow(i))).ok());
  EXPECT_EQ(encoder.row_count(), 3u);
  Chunk chunk = encoder.Finish();
  EXPECT_EQ(chunk.schema, schema_);
  EXPECT_THAT(chunk.last_key, ElementsAre("\\N", "42"));
  const model::Position bound{0, 0x1234};
  for (const model::FrameExtent& row : chunk.rows) {
    model::SetReadPosition(chunk.frames.data() + row.position_at, bound);
  }
  v1::SubscribeResponse response;
  ASSERT_TRUE(response.ParseFromArray(chunk.frames.data(), static_cast<int>(chunk.frames.size())));
  ASSERT_EQ(response.events_size(), 3);
  const v1::Change& read = response.events(0).change();
  EXPECT_EQ(read.op(), v1::OP_READ);
  EXPECT_EQ(read.schema_id(), schema_->id);
  EXPECT_EQ(read.snapshot_id(), 7u);
  EXPECT_EQ(read.capture_time_us(), 99u);
  EXPECT_EQ(read.position().offset(), 0x1234u);
  EXPECT_EQ(read.key().values(0).text(), "tab\there");
  EXPECT_EQ(read.key().values(1).integer(), 1);
  EXPECT_EQ(read.after().values(5).binary(), std::string("\0\xff", 2));
}

TEST_F(ChunkEncoderTest, LogAndChunkGiveTheSameBytes) {
  LogEncoder log({}, {}, &catalog_, &registry_);
  ChunkEncoder chunk_encoder(schema_, 7, 99);
  auto feed = [&](const std::string& message) {
    Envelope envelope;
    envelope.message = message;
    ASSERT_TRUE(log.Consume(envelope, 1).ok());
  };
  feed(Begin(0x100, 1));
  feed(Relation(relation_));
  Cells nulls(Samples().size(), kNullCell);
  nulls[0] = "1";
  nulls[1] = "";
  for (const Cells& row : {SampleRow(0), SampleRow(1), SampleRow(2), nulls}) {
    feed(Insert(kTable, row));
    ASSERT_TRUE(chunk_encoder.AddRow(CopyLine(row)).ok());
  }
  feed(Commit(0x100, 0x130));
  LogBatch batch = log.Take();
  Chunk chunk = chunk_encoder.Finish();
  ASSERT_EQ(batch.events.size(), 6u);
  for (size_t i = 0; i < chunk.rows.size(); ++i) {
    const model::FrameExtent& change = batch.events[i + 1].frame;
    const model::FrameExtent& read = chunk.rows[i];
    EXPECT_EQ(batch.events[i + 1].schema, schema_->id);
    EXPECT_EQ(batch.frames.view().substr(change.key_at, change.key_size),
              chunk.frames.view().substr(read.key_at, read.key_size));
    EXPECT_EQ(batch.frames.view().substr(change.after_at, change.after_size),
              chunk.frames.view().substr(read.after_at, read.after_size));
  }
}

TEST_F(ChunkEncoderTest, ABadRowLeavesTheOthersIntact) {
  ChunkEncoder encoder(schema_, 7, 99);
  ASSERT_TRUE(encoder.AddRow(CopyLine(SampleRow(0))).ok());
  size_t size = encoder.frame_bytes();
  Cells bad = SampleRow(1);
  bad[4] = "not a number";
  EXPECT_EQ(encoder.AddRow(CopyLine(bad)).code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(encoder.AddRow("1\t2\n").code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(encoder.frame_bytes(), size);
  EXPECT_THAT(encoder.Finish().last_key, ElementsAre("tab\there", "1"));
}

}  // namespace
}  // namespace tidemark::capture::postgres
