#include "model/event.h"

#include <gtest/gtest.h>

#include "model/value_writer.h"
#include "tidemark/v1/change_stream.pb.h"

namespace tidemark::model {
namespace {

tidemark::v1::SubscribeResponse Parse(const Bytes& frames) {
  tidemark::v1::SubscribeResponse response;
  EXPECT_TRUE(response.ParseFromArray(frames.data(), static_cast<int>(frames.size())));
  return response;
}

void WriteRow(ChangeEncoder& encoder, ChangeEncoder::RowField field, int64_t key,
              std::string_view text) {
  encoder.OpenRow(field, 1000);
  AppendInteger(encoder.out(), 1, key);
  if (field != ChangeEncoder::kKey) {
    AppendBytesValue(encoder.out(), 1, ValueKind::kText, text);
  }
  encoder.CloseRow();
}

TEST(ChangeEncoderTest, FramesAreASubscribeResponse) {
  Bytes out;
  ChangeEncoder encoder(&out);
  encoder.SetTransaction({{0, 77}, 9, 1000, 2000});
  encoder.Begin(3, Op::kUpdate, 0, 1000);
  WriteRow(encoder, ChangeEncoder::kKey, 1, "");
  WriteRow(encoder, ChangeEncoder::kBefore, 1, "old");
  WriteRow(encoder, ChangeEncoder::kAfter, 1, "new");
  FrameExtent first = encoder.End();
  encoder.Begin(3, Op::kDelete, 1, 100);
  WriteRow(encoder, ChangeEncoder::kKey, 2, "");
  FrameExtent second = encoder.End();
  encoder.MarkLast();
  SetSequence(out.data() + first.at, 41);
  SetSequence(out.data() + second.at, 42);

  auto response = Parse(out);
  ASSERT_EQ(response.events_size(), 2);
  const auto& update = response.events(0).change();
  EXPECT_EQ(response.events(0).sequence(), 41);
  EXPECT_EQ(update.schema_id(), 3);
  EXPECT_EQ(update.op(), tidemark::v1::OP_UPDATE);
  EXPECT_EQ(update.position().offset(), 77);
  EXPECT_EQ(update.transaction_id(), 9);
  EXPECT_EQ(update.commit_time_us(), 1000);
  EXPECT_EQ(update.capture_time_us(), 2000);
  EXPECT_FALSE(update.last_in_transaction());
  EXPECT_EQ(update.before().values(1).text(), "old");
  EXPECT_EQ(update.after().values(1).text(), "new");
  EXPECT_EQ(out.view().substr(first.key_at, first.key_size), update.key().SerializeAsString());
  EXPECT_EQ(out.view().substr(first.after_at, first.after_size),
            update.after().SerializeAsString());
  const auto& deletion = response.events(1).change();
  EXPECT_EQ(deletion.transaction_index(), 1);
  EXPECT_TRUE(deletion.last_in_transaction());
  EXPECT_FALSE(deletion.has_after());
}

TEST(ChangeEncoderTest, AReadTakesItsPositionLater) {
  for (const Position& position : {Position{0, 12345}, Position{7, 89}}) {
    Bytes out;
    ChangeEncoder encoder(&out);
    encoder.SetSnapshot(5, 2000, position.file != 0);
    encoder.Begin(3, Op::kRead, 0, 1000);
    WriteRow(encoder, ChangeEncoder::kKey, 1, "");
    WriteRow(encoder, ChangeEncoder::kAfter, 1, "row");
    FrameExtent extent = encoder.End();
    SetReadPosition(out.data() + extent.position_at, position);
    auto read = Parse(out).events(0).change();
    EXPECT_EQ(read.position().file(), position.file);
    EXPECT_EQ(read.position().offset(), position.offset);
    EXPECT_EQ(read.snapshot_id(), 5);
    EXPECT_EQ(read.transaction_id(), 0);

    Bytes changed;
    FrameExtent again =
        AppendReadWithAfter(changed, out.view().substr(extent.at, extent.size), extent,
                            std::string_view(out.data() + extent.after_at, extent.after_size));
    SetReadPosition(changed.data() + again.position_at, {position.file, 999});
    auto reread = Parse(changed).events(0).change();
    EXPECT_EQ(reread.position().offset(), 999);
    EXPECT_EQ(reread.after().SerializeAsString(), read.after().SerializeAsString());
    EXPECT_EQ(reread.key().SerializeAsString(), read.key().SerializeAsString());
    EXPECT_EQ(changed.view().substr(again.key_at, again.key_size), read.key().SerializeAsString());
  }
}

TEST(EventTest, OtherFramesParse) {
  Bytes out;
  TableSchema schema;
  schema.id = 4;
  schema.table_id = 16400;
  schema.name_space = "public";
  schema.name = "t";
  auto element = std::make_shared<Type>();
  element->kind = TypeKind::kEnum;
  element->name = "mood";
  element->labels = {"sad", "ok"};
  auto array = std::make_shared<Type>();
  array->kind = TypeKind::kArray;
  array->name = "mood[]";
  array->element = element;
  schema.columns = {{"id", element, false, false, "'ok'"}, {"m", array, true, true, {}}};
  schema.key_columns = {0};
  AppendSchemaFrame(out, schema);
  AppendTransactionEndFrame(out, {{0, 5}, 6, 7, 8}, 3);
  AppendMessageFrame(out, {"p", "content", {0, 9}, 6, 2, 7});
  SnapshotMark mark;
  mark.snapshot_id = 2;
  mark.kind = SnapshotMark::kChunkDone;
  mark.table_id = 16400;
  mark.lower_key = {"1"};
  mark.upper_key = {"9"};
  mark.rows = 8;
  mark.position = {0, 10};
  AppendSnapshotMarkFrame(out, mark);
  AppendHeartbeatFrame(out, 55, {0, 11}, 12);

  auto response = Parse(out);
  ASSERT_EQ(response.events_size(), 5);
  const auto& announced = response.events(0).schema();
  EXPECT_EQ(announced.table_id(), 16400);
  EXPECT_EQ(announced.namespace_(), "public");
  EXPECT_EQ(announced.columns(1).type().element().labels(1), "ok");
  EXPECT_EQ(announced.columns(0).default_expression(), "'ok'");
  EXPECT_TRUE(announced.columns(1).generated());
  EXPECT_EQ(announced.key_columns(0), 0);
  EXPECT_EQ(response.events(1).transaction_end().change_count(), 3);
  EXPECT_EQ(response.events(2).message().content(), "content");
  EXPECT_EQ(response.events(3).snapshot().upper_key(0), "9");
  EXPECT_EQ(response.events(4).heartbeat().frontier().offset(), 11);
  EXPECT_EQ(response.events(4).sequence(), 55);

  FrameScanner scanner(out.view());
  EventView event;
  std::vector<EventKind> kinds;
  size_t bytes = 0;
  while (scanner.Next(&event)) {
    kinds.push_back(event.kind);
    bytes += event.frame.size();
    if (event.kind == EventKind::kSchema) {
      EXPECT_EQ(event.schema, 4);
    }
    if (event.kind == EventKind::kSnapshotMark) {
      EXPECT_EQ(event.table, 16400);
    }
  }
  EXPECT_FALSE(scanner.malformed());
  EXPECT_EQ(bytes, out.size());
  EXPECT_EQ(kinds, (std::vector<EventKind>{EventKind::kSchema, EventKind::kTransactionEnd,
                                           EventKind::kMessage, EventKind::kSnapshotMark,
                                           EventKind::kHeartbeat}));
  // Cut anywhere, it is refused or ends early, and never read past its end.
  for (size_t size = 0; size < out.size(); ++size) {
    std::string cut(out.view().substr(0, size));
    FrameScanner partial(cut);
    size_t seen = 0;
    while (partial.Next(&event)) seen += event.frame.size();
    EXPECT_EQ(seen == size, !partial.malformed()) << size;
  }
}

TEST(OverlayRowTest, TakesOnlyWhatIsUnavailable) {
  Bytes base, partial, out;
  AppendInteger(base, 1, 1);
  AppendBytesValue(base, 1, ValueKind::kText, "kept");
  AppendBytesValue(base, 1, ValueKind::kText, "replaced");
  AppendInteger(partial, 1, 1);
  AppendUnavailable(partial, 1);
  AppendNull(partial, 1);
  ASSERT_TRUE(OverlayRow(base.view(), partial.view(), &out));
  tidemark::v1::Row row;
  ASSERT_TRUE(row.ParseFromArray(out.data(), static_cast<int>(out.size())));
  EXPECT_EQ(row.values(1).text(), "kept");
  EXPECT_EQ(row.values(2).kind_case(), tidemark::v1::Value::KIND_NOT_SET);

  Bytes shorter;
  AppendInteger(shorter, 1, 1);
  EXPECT_FALSE(OverlayRow(base.view(), shorter.view(), &out));
  EXPECT_FALSE(OverlayRow(shorter.view(), partial.view(), &out));
  EXPECT_FALSE(OverlayRow("\x0a\x7f", partial.view(), &out));
}

TEST(PositionTest, PrintsAsTheServerDoes) {
  EXPECT_EQ(ToString(Position{0, 0x16B374D848}), "16/B374D848");
  EXPECT_EQ(ToString(Position{3, 1234}), "3:1234");
  EXPECT_LT((Position{1, 900}), (Position{2, 4}));
}

}  // namespace
}  // namespace tidemark::model
