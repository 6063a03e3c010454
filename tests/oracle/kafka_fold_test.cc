#include "tests/oracle/kafka_fold.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tests/oracle/stream_writer.h"

namespace tidemark::oracle {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::KafkaRecord;

constexpr int kPartitions = 2;
constexpr uint64_t kRestoreGap = uint64_t{1} << 32;

// The records that a stream is in, for tests that change some.
class Topics {
 public:
  explicit Topics(const StreamWriter& writer) {
    for (const v1::Event& event : writer.events()) Add(event);
  }

  // A TRUNCATE has one in each partition.
  void Add(const v1::Event& event) {
    if (!event.has_change()) return Append(event, event.has_schema() ? "schemas" : "transactions");
    if (event.change().has_key()) return Append(event, "t");
    for (int i = 0; i < kPartitions; ++i) Append(event, "t", i);
  }
  void Append(const v1::Event& event, const std::string& topic, int32_t partition = 0) {
    KafkaRecord record{.topic = topic,
                       .partition = partition,
                       .offset = static_cast<int64_t>(records.size()),
                       .key = std::nullopt,
                       .value = event.SerializeAsString(),
                       .headers = {{"source", "db"}, {"sequence", absl::StrCat(event.sequence())}}};
    std::string op = topic == "schemas" ? "schema" : "transaction_end";
    if (event.has_snapshot()) op = "snapshot";
    if (event.has_change()) {
      const v1::Change& change = event.change();
      op = absl::AsciiStrToLower(v1::Op_Name(change.op()).substr(3));
      if (change.has_key()) record.key = change.key().SerializeAsString();
      record.headers.emplace_back("table", "public.t");
      record.headers.emplace_back("position", absl::StrFormat("0/%X", change.position().offset()));
      if (change.op() != v1::OP_READ) {
        record.headers.emplace_back("index", absl::StrCat(change.transaction_index()));
      }
    }
    record.headers.emplace_back("op", op);
    records.push_back(record);
  }

  // The first record of the event.
  KafkaRecord& Of(uint64_t sequence) {
    for (KafkaRecord& record : records) {
      if (record.headers[1].second == absl::StrCat(sequence)) return record;
    }
    ADD_FAILURE() << "no event " << sequence;
    return records.front();
  }
  void Drop(uint64_t sequence) { records.erase(records.begin() + (&Of(sequence) - &records[0])); }

  KafkaFold Folded() const {
    KafkaFold fold = Empty();
    fold.Apply(records);
    return fold;
  }
  static KafkaFold Empty() {
    return KafkaFold({.source = "db",
                      .partitions = kPartitions,
                      .transaction_topic = "transactions",
                      .schema_topic = "schemas",
                      .message_topic = "messages"});
  }

  std::vector<KafkaRecord> records;
};

v1::SnapshotMark& Chunk(StreamWriter& writer, const std::string& lower, const std::string& upper,
                        uint64_t rows) {
  v1::SnapshotMark& mark = writer.Mark(v1::SnapshotMark::CHUNK_DONE, 3);
  if (!lower.empty()) mark.add_lower_key(lower);
  if (!upper.empty()) mark.add_upper_key(upper);
  mark.set_rows(rows);
  return mark;
}

// Event 1 is the schema, 2 to 4 are a transaction, 5 and 6, 7 and 8 others, from 9 on a snapshot.
StreamWriter GoodStream() {
  StreamWriter writer;
  writer.Row(v1::OP_CREATE, 1, "a", 1);
  writer.Row(v1::OP_CREATE, 2, "b", 2);
  writer.End();
  writer.Row(v1::OP_UPDATE, 1, "", 3);
  writer.End();
  writer.Change(v1::OP_TRUNCATE, 0);
  writer.End();
  writer.Mark(v1::SnapshotMark::STARTED, 3);
  writer.Row(v1::OP_READ, 5, "x", 7).set_snapshot_id(3);
  Chunk(writer, "", "5", 1);
  writer.Row(v1::OP_READ, 6, "y", 8).set_snapshot_id(3);
  Chunk(writer, "5", "", 1);
  writer.Mark(v1::SnapshotMark::TABLE_DONE, 3);
  writer.Mark(v1::SnapshotMark::COMPLETED, 3);
  return writer;
}

TEST(KafkaFoldTest, GoodTopicsBreakNoRule) {
  const KafkaFold fold = Topics(GoodStream()).Folded();
  EXPECT_THAT(fold.violations(), IsEmpty());
  EXPECT_EQ(fold.Missing(), "");
  EXPECT_EQ(fold.fold().sequence(), 15u);
  const HeldTable* table = fold.fold().FindTable("public.t");
  ASSERT_NE(table, nullptr);
  EXPECT_TRUE(table->snapshot_done);
}

TEST(KafkaFoldTest, PartitionsThatAreReadOneAfterTheOtherAreTheSame) {
  Topics topics(GoodStream());
  KafkaFold fold = Topics::Empty();
  for (const std::string topic : {"transactions", "t", "schemas"}) {
    std::vector<KafkaRecord> some;
    for (const KafkaRecord& record : topics.records) {
      if (record.topic == topic) some.push_back(record);
    }
    EXPECT_EQ(fold.fold().event_count(), 0u);
    fold.Apply(some);
  }
  EXPECT_THAT(fold.violations(), IsEmpty());
  EXPECT_EQ(fold.Missing(), "");
  EXPECT_EQ(fold.fold().event_count(), 15u);
}

TEST(KafkaFoldTest, LostEventIsMissing) {
  Topics topics(GoodStream());
  topics.Drop(5);
  EXPECT_THAT(topics.Folded().Missing(), HasSubstr("event 5 is missing"));
}

TEST(KafkaFoldTest, EventThatComesTwiceIsFound) {
  Topics topics(GoodStream());
  topics.records.push_back(topics.Of(2));
  const KafkaFold fold = topics.Folded();
  EXPECT_THAT(fold.violations(), Contains(HasSubstr("event 2 comes after event 12")));
  EXPECT_THAT(fold.violations(), Contains(HasSubstr("event 2 is there twice")));
}

TEST(KafkaFoldTest, EventThatIsInTwoPartitionsIsFound) {
  Topics topics(GoodStream());
  KafkaRecord copy = topics.Of(2);
  copy.partition = 1;
  topics.records.insert(topics.records.begin(), copy);
  const KafkaFold fold = topics.Folded();
  EXPECT_THAT(fold.violations(), Contains(HasSubstr("event 2 is there twice")));
  EXPECT_THAT(fold.violations(), Contains(HasSubstr("its key was in partition 1 before")));
}

TEST(KafkaFoldTest, EventThatComesAgainLaterIsFound) {
  Topics topics(GoodStream());
  KafkaFold fold = topics.Folded();
  fold.Apply({topics.Of(4)});
  EXPECT_THAT(fold.violations(),
              Contains(HasSubstr("event 4 comes when event 15 is there already")));
}

// As one that is captured again from too far back has them.
TEST(KafkaFoldTest, TransactionThatComesAgainUnderNewSequencesIsFound) {
  StreamWriter writer;
  writer.Row(v1::OP_CREATE, 1, "a", 1);
  writer.End();
  const v1::Event change = writer.events()[1], end = writer.events()[2];
  *writer.Next().mutable_change() = change.change();
  *writer.Next().mutable_transaction_end() = end.transaction_end();
  const std::vector<std::string> found = Topics(writer).Folded().violations();
  EXPECT_THAT(found, Contains(HasSubstr("the change at 100, index 0, comes after that at 100")));
  EXPECT_THAT(found, Contains(HasSubstr("comes after the transaction that ended at 100")));
}

TEST(KafkaFoldTest, TransactionThatLacksAChangeIsFoundAlsoWithoutAGapInTheSequences) {
  StreamWriter writer;
  writer.Row(v1::OP_CREATE, 1, "a", 1).set_transaction_index(1);
  writer.End();
  EXPECT_THAT(Topics(writer).Folded().violations(),
              ElementsAre(HasSubstr("transaction_index 1 instead of 0"),
                          HasSubstr("counts 1 changes, but 2 came")));
}

TEST(KafkaFoldTest, KeyThatGoesBackIsFound) {
  Topics topics(GoodStream());
  std::swap(topics.Of(2), topics.Of(5));
  EXPECT_THAT(topics.Folded().violations(),
              ElementsAre(HasSubstr("event 3 comes after event 5"),
                          HasSubstr("the change at 100, index 1, comes after that at 110"),
                          HasSubstr("event 2 comes after event 3"),
                          HasSubstr("the change at 100, index 0, comes after that at 100")));
}

TEST(KafkaFoldTest, KeyInTwoPartitionsIsFound) {
  Topics topics(GoodStream());
  topics.Of(5).partition = 1;
  EXPECT_THAT(topics.Folded().violations(),
              ElementsAre(HasSubstr("its key was in partition 0 before")));
}

TEST(KafkaFoldTest, TruncateIsWantedInEveryPartitionOnce) {
  Topics topics(GoodStream());
  topics.Drop(7);
  EXPECT_EQ(topics.Folded().Missing(), "event 7, a TRUNCATE, is in 1 of 2 partitions");
  topics.records.push_back(topics.Of(7));
  EXPECT_THAT(topics.Folded().violations(), Contains(HasSubstr("event 7 is there twice")));
}

TEST(KafkaFoldTest, SequencesGoOn2To32FurtherBehindEachRestoreAndNoOther) {
  for (const uint64_t more : {uint64_t{0}, uint64_t{1}, kRestoreGap}) {
    StreamWriter writer = GoodStream();
    for (v1::Event& event : writer.events()) {
      if (event.sequence() > 6) event.set_sequence(event.sequence() + kRestoreGap + more);
    }
    const KafkaFold fold = Topics(writer).Folded();
    EXPECT_THAT(fold.violations(), IsEmpty());
    EXPECT_EQ(fold.restore_count(), more == 1 ? 0u : 1 + more / kRestoreGap);
    EXPECT_EQ(fold.Missing().empty(), more != 1);
  }
}

TEST(KafkaFoldTest, HeadersKeyAndTopicAreThoseOfTheEvent) {
  for (const std::string name : {"source", "op", "sequence", "position", "index", "table"}) {
    Topics topics(GoodStream());
    for (auto& [header, value] : topics.Of(3).headers) {
      if (header == name) value = "other";
    }
    EXPECT_THAT(topics.Folded().violations(),
                ElementsAre(HasSubstr(absl::StrCat("header ", name, " is other"))));
  }
  Topics topics(GoodStream());
  topics.Of(3).key = "other";
  EXPECT_THAT(topics.Folded().violations(), ElementsAre(HasSubstr("its key is not its event's")));
  topics = Topics(GoodStream());
  topics.Of(4).topic = "t";
  EXPECT_THAT(topics.Folded().violations(), ElementsAre(HasSubstr("it has the op")));
  topics = Topics(GoodStream());
  topics.Of(4).value.reset();
  EXPECT_THAT(topics.Folded().violations(), ElementsAre(HasSubstr("it holds no event")));
}

TEST(KafkaFoldTest, RowThatOneSnapshotReadsTwiceIsFound) {
  StreamWriter writer = GoodStream();
  *writer.events()[11].mutable_change()->mutable_key() = writer.events()[9].change().key();
  *writer.events()[11].mutable_change()->mutable_after() = writer.events()[9].change().after();
  EXPECT_THAT(Topics(writer).Folded().violations(),
              ElementsAre(HasSubstr("snapshot 3 of table 7 reads this key again")));
}

TEST(KafkaFoldTest, ChunkThatIsDoneAgainIsFound) {
  StreamWriter writer = GoodStream();
  *writer.events()[12].mutable_snapshot() = writer.events()[10].snapshot();
  EXPECT_THAT(
      Topics(writer).Folded().violations(),
      ElementsAre(HasSubstr("a second chunk begins at ()"), HasSubstr("of 1 chunks 1 hang")));
}

TEST(KafkaFoldTest, ChunkWithOtherRowsIsFound) {
  StreamWriter writer = GoodStream();
  writer.events()[10].mutable_snapshot()->set_rows(0);
  EXPECT_THAT(Topics(writer).Folded().violations(),
              ElementsAre(HasSubstr("a chunk of 0 rows, but 1 came")));
}

TEST(KafkaFoldTest, KeysThatNoChunkHasReadAreFound) {
  StreamWriter writer = GoodStream();
  writer.events()[12].mutable_snapshot()->set_lower_key(0, "9");
  EXPECT_THAT(Topics(writer).Folded().violations(),
              ElementsAre(HasSubstr("of 2 chunks 1 hang together, up to (1:5 )")));
}

TEST(KafkaFoldTest, SnapshotsBeginAndEndOnce) {
  StreamWriter writer = GoodStream();
  writer.Row(v1::OP_READ, 7, "z", 9).set_snapshot_id(3);
  writer.Mark(v1::SnapshotMark::STARTED, 3);
  writer.Mark(v1::SnapshotMark::COMPLETED, 3);
  EXPECT_THAT(Topics(writer).Folded().violations(),
              ElementsAre(HasSubstr("a READ of snapshot 3, which is not under way"),
                          HasSubstr("STARTED of snapshot 3 comes again"),
                          HasSubstr("COMPLETED of snapshot 3, which is not under way")));
}

}  // namespace
}  // namespace tidemark::oracle
