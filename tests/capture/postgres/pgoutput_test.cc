#include "capture/postgres/pgoutput.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "message_builder.h"

namespace tidemark::capture::postgres {
namespace {

RelationMessage SampleRelation() {
  return {16384, "public", "orders", 'd', {{true, "id", 20, -1}, {false, "note", 1043, 24}}};
}

// One of each kind.
std::vector<std::string> AllMessages() {
  auto prepare = [](char kind, int lsns) {
    MessageBuilder out(kind);
    if (kind != 'b') out.U8(0);
    for (int i = 0; i < lsns; ++i) out.U64(100 + i);
    return out.U32(734).String("gid 1").str();
  };
  return {Begin(0x100, 734),
          Commit(0x100, 0x130),
          MessageBuilder('O').U64(5).String("elsewhere").str(),
          Relation(SampleRelation()),
          MessageBuilder('Y').U32(16500).String("public").String("mood").str(),
          Insert(16384, {"1", kNullCell}),
          Update(16384, 0, {}, {"1", kUnchangedCell}),
          Update(16384, 'K', {"1", kNullCell}, {"2", "x"}),
          Delete(16384, 'O', {"1", "old"}),
          Truncate({16384, 16385}, 3),
          LogicalMessage(true, 0x99, "app", std::string("a\0b", 3)),
          MessageBuilder('S').U32(734).U8(1).str(),
          MessageBuilder('E').str(),
          MessageBuilder('c').U32(734).U8(0).U64(1).U64(2).U64(3).str(),
          MessageBuilder('A').U32(734).U32(735).str(),
          prepare('b', 3),
          prepare('P', 3),
          prepare('K', 3),
          prepare('r', 4),
          prepare('p', 3)};
}

absl::Status ParseAny(std::string_view message) {
  auto kind = ParseKind(message);
  if (!kind.ok()) return kind.status();
  RowMessage row;
  switch (*kind) {
    case MessageKind::kBegin:
      return ParseBegin(message).status();
    case MessageKind::kCommit:
      return ParseCommit(message).status();
    case MessageKind::kOrigin:
      return ParseOrigin(message).status();
    case MessageKind::kRelation:
      return ParseRelation(message).status();
    case MessageKind::kType:
      return ParseType(message).status();
    case MessageKind::kInsert:
    case MessageKind::kUpdate:
    case MessageKind::kDelete:
      return ParseRow(message, &row);
    case MessageKind::kTruncate:
      return ParseTruncate(message).status();
    case MessageKind::kLogicalMessage:
      return ParseLogicalMessage(message).status();
    default:
      return ParseUnrequested(message).status();
  }
}

TEST(PgoutputTest, EnvelopesCarryTheirFields) {
  auto log = ParseEnvelope(MessageBuilder('w').U64(1).U64(2).Time(3).U8('B').str());
  ASSERT_TRUE(log.ok());
  EXPECT_EQ(log->kind, Envelope::Kind::kLog);
  EXPECT_EQ(log->start_lsn, 1u);
  EXPECT_EQ(log->end_lsn, 2u);
  EXPECT_EQ(log->server_time_us, 3);
  auto keepalive = ParseEnvelope(MessageBuilder('k').U64(7).Time(9).U8(1).str());
  ASSERT_TRUE(keepalive.ok());
  EXPECT_EQ(keepalive->end_lsn, 7u);
  EXPECT_TRUE(keepalive->reply_requested);
  EXPECT_EQ(ParseEnvelope("x").status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(ParseEnvelope("").status().code(), absl::StatusCode::kDataLoss);
}

TEST(PgoutputTest, TransactionMessagesCarryTheirFields) {
  auto begin = ParseBegin(Begin(0x1122334455667788, 0xfffffffe));
  ASSERT_TRUE(begin.ok());
  EXPECT_EQ(begin->commit_lsn, 0x1122334455667788u);
  EXPECT_EQ(begin->commit_time_us, kCommitTime);
  EXPECT_EQ(begin->xid, 0xfffffffe);
  auto commit = ParseCommit(Commit(3, 4));
  ASSERT_TRUE(commit.ok());
  EXPECT_EQ(commit->commit_lsn, 3u);
  EXPECT_EQ(commit->end_lsn, 4u);
  std::string origin = MessageBuilder('O').U64(5).String("elsewhere").str();
  EXPECT_EQ(ParseOrigin(origin)->name, "elsewhere");
}

TEST(PgoutputTest, RelationAndTypeCarryTheirFields) {
  auto relation = ParseRelation(Relation(SampleRelation()));
  ASSERT_TRUE(relation.ok());
  EXPECT_EQ(relation->oid, 16384u);
  EXPECT_EQ(relation->name_space, "public");
  EXPECT_EQ(relation->name, "orders");
  ASSERT_EQ(relation->columns.size(), 2u);
  EXPECT_TRUE(relation->columns[0].identity);
  EXPECT_EQ(relation->columns[0].type_modifier, -1);
  EXPECT_EQ(relation->columns[1].name, "note");
  EXPECT_EQ(relation->columns[1].type_modifier, 24);
  RelationMessage system = SampleRelation();
  system.name_space = "";
  EXPECT_EQ(ParseRelation(Relation(system))->name_space, "pg_catalog");
  std::string type = MessageBuilder('Y').U32(9).String("s").String("t").str();
  EXPECT_EQ(ParseType(type)->name, "t");
}

TEST(PgoutputTest, RowsCarryTheirColumns) {
  RowMessage row;
  std::string update = Update(5, 'K', {"1", kNullCell}, {"", kUnchangedCell});
  ASSERT_TRUE(ParseRow(update, &row).ok());
  EXPECT_EQ(row.relation, 5u);
  EXPECT_EQ(row.old_kind, 'K');
  EXPECT_EQ(row.old_row.columns[0].bytes, "1");
  EXPECT_EQ(row.old_row.columns[1].kind, ColumnView::Kind::kNull);
  EXPECT_TRUE(row.has_new_row);
  EXPECT_EQ(row.new_row.columns[0].kind, ColumnView::Kind::kText);
  EXPECT_EQ(row.new_row.columns[0].bytes, "");
  EXPECT_EQ(row.new_row.columns[1].kind, ColumnView::Kind::kUnchanged);
  ASSERT_TRUE(ParseRow(Delete(5, 'O', {"7"}), &row).ok());
  EXPECT_EQ(row.old_kind, 'O');
  EXPECT_FALSE(row.has_new_row);
  EXPECT_EQ(row.old_row.columns.size(), 1u);
}

TEST(PgoutputTest, TruncateAndMessageCarryTheirFields) {
  auto truncate = ParseTruncate(Truncate({1, 2}, 2));
  ASSERT_TRUE(truncate.ok());
  EXPECT_FALSE(truncate->cascade);
  EXPECT_TRUE(truncate->restart_identity);
  EXPECT_EQ(truncate->relations, (std::vector<uint32_t>{1, 2}));
  std::string bytes = LogicalMessage(false, 77, "p", "content");
  auto message = ParseLogicalMessage(bytes);
  ASSERT_TRUE(message.ok());
  EXPECT_FALSE(message->transactional);
  EXPECT_EQ(message->lsn, 77u);
  EXPECT_EQ(message->prefix, "p");
  EXPECT_EQ(message->content, "content");
}

TEST(PgoutputTest, EveryKindParses) {
  for (const std::string& message : AllMessages()) {
    EXPECT_TRUE(ParseAny(message).ok()) << message[0] << ": " << ParseAny(message);
  }
  std::string parallel = MessageBuilder('A').U32(1).U32(2).U64(3).U64(4).str();
  EXPECT_TRUE(ParseAny(parallel).ok());
}

TEST(PgoutputTest, TwoPhaseMessagesNameTheirTransaction) {
  for (const std::string& message : AllMessages()) {
    if (std::string_view("bPKrp").find(message[0]) == std::string_view::npos) continue;
    auto parsed = ParseUnrequested(message);
    ASSERT_TRUE(parsed.ok());
    EXPECT_EQ(parsed->xid, 734u);
    EXPECT_EQ(parsed->global_id, "gid 1");
  }
}

TEST(PgoutputTest, TruncatedOrLongerMessagesAreDataLossThatNamesKindAndPlace) {
  for (const std::string& message : AllMessages()) {
    for (size_t size = 0; size < message.size(); ++size) {
      // On the heap and exact, so that a sanitizer sees any read past the end.
      std::vector<char> cut(message.begin(), message.begin() + size);
      absl::Status status = ParseAny({cut.data(), cut.size()});
      EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << message[0] << " cut at " << size;
      if (size == 0) continue;
      EXPECT_NE(status.message().find("at byte"), absl::string_view::npos) << status;
      std::string name(KindName(static_cast<MessageKind>(message[0])));
      EXPECT_NE(status.message().find(name), absl::string_view::npos) << status;
    }
    EXPECT_EQ(ParseAny(message + "x").code(), absl::StatusCode::kDataLoss) << message[0];
  }
}

TEST(PgoutputTest, UnknownFlagsAndKindsAreDataLoss) {
  EXPECT_FALSE(ParseAny(MessageBuilder('C').U8(1).U64(1).U64(2).U64(3).str()).ok());
  EXPECT_FALSE(ParseAny(Truncate({1}, 4)).ok());
  EXPECT_FALSE(ParseAny(Insert(1, {Cell('x')})).ok());
  EXPECT_FALSE(ParseAny(MessageBuilder('D').U32(1).U8('N').U16(0).str()).ok());
  EXPECT_FALSE(ParseAny(MessageBuilder('I').U32(1).U8('K').U16(0).str()).ok());
  EXPECT_FALSE(ParseAny("Z").ok());
  RelationMessage relation = SampleRelation();
  relation.replica_identity = 'q';
  EXPECT_FALSE(ParseAny(Relation(relation)).ok());
}

TEST(PgoutputTest, MutatedMessagesNeverCrash) {
  const uint32_t seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  RecordProperty("seed", std::to_string(seed));
  std::mt19937 random(seed);
  const std::vector<std::string> messages = AllMessages();
  size_t parsed = 0;
  for (int round = 0; round < 200'000; ++round) {
    const std::string& message = messages[random() % messages.size()];
    std::vector<char> mutated(message.begin(), message.end());
    for (uint32_t i = 0; i <= random() % 3; ++i) {
      mutated[random() % mutated.size()] = static_cast<char>(random());
    }
    mutated.resize(mutated.size() - random() % 2 * (random() % mutated.size()));
    absl::Status status = ParseAny({mutated.data(), mutated.size()});
    EXPECT_TRUE(status.ok() || status.code() == absl::StatusCode::kDataLoss);
    parsed += status.ok();
  }
  EXPECT_GT(parsed, 0u);
}

}  // namespace
}  // namespace tidemark::capture::postgres
