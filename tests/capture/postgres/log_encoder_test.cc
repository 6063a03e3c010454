#include "capture/postgres/log_encoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "capture/postgres/schema_builder.h"
#include "fake_catalog.h"
#include "message_builder.h"
#include "tests/capture/decoded_batch.h"

namespace tidemark::capture::postgres {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr uint32_t kTable = 100;
constexpr uint64_t kNow = 1'700'000'001'000'000;

class LogEncoderTest : public testing::Test {
 protected:
  LogEncoderTest() : registry_({}) {
    relation_ = {kTable,
                 "public",
                 "orders",
                 'd',
                 {{true, "id", 20, -1}, {false, "note", 25, -1}, {false, "price", 1700, -1}}};
    CatalogTable table{kTable, "public", "orders", 'd', {}, {"id"}};
    table.columns = {{"id", 20, -1, false, false, {}},
                     {"note", 25, -1, true, false, {}},
                     {"price", 1700, -1, true, false, "0"}};
    catalog_.tables[kTable] = table;
    Start({0x50, 0, 0, 0, "7"});
  }

  void Start(const ResumeToken& token, const std::vector<model::SchemaId>& announced = {}) {
    encoder_ = std::make_unique<LogEncoder>(token, announced, &catalog_, &registry_);
  }
  void Restart(const LogBatch& durable) { Start(*ResumeToken::Decode(durable.resume), {1}); }

  absl::Status Try(const std::string& message) {
    Envelope envelope;
    std::vector<char> exact(message.begin(), message.end());
    envelope.message = {exact.data(), exact.size()};
    return encoder_->Consume(envelope, kNow);
  }
  void Feed(const std::vector<std::string>& messages) {
    for (const std::string& message : messages) {
      absl::Status status = Try(message);
      ASSERT_TRUE(status.ok()) << status;
    }
  }
  absl::Status Keepalive(Lsn lsn) {
    Envelope envelope;
    envelope.kind = Envelope::Kind::kKeepalive;
    envelope.end_lsn = lsn;
    return encoder_->Consume(envelope, kNow);
  }
  // A transaction whose commit record lies at `lsn`, 0x30 bytes long.
  void FeedTransaction(Lsn lsn, uint32_t xid, const std::vector<std::string>& messages) {
    Feed({Begin(lsn, xid)});
    Feed(messages);
    Feed({Commit(lsn, lsn + 0x30)});
  }
  std::string Described() const { return Relation(relation_); }
  void SetIdentity(char identity) {
    relation_.replica_identity = identity;
    catalog_.tables[kTable].replica_identity = identity;
    if (identity == 'f') {
      for (RelationColumn& column : relation_.columns) column.identity = true;
    }
  }

  RelationMessage relation_;
  FakeCatalog catalog_;
  SchemaRegistry registry_;
  std::unique_ptr<LogEncoder> encoder_;
};

TEST_F(LogEncoderTest, ATransactionBecomesItsSchemaItsChangesAndItsEnd) {
  FeedTransaction(0x100, 734,
                  {Described(), Insert(kTable, {"1", "a", "1.50"}),
                   Update(kTable, 0, {}, {"1", kNullCell, "2"}),
                   Delete(kTable, 'K', {"1", kNullCell, kNullCell})});
  LogBatch batch = encoder_->Take();
  EXPECT_THAT(Briefs(batch),
              ElementsAre("SCHEMA orders", "CREATE 0 key(1) after(1,a,1.50)",
                          "UPDATE 1 key(1) after(1,null,2)", "DELETE 2 key(1) last", "END 3"));
  EXPECT_FALSE(batch.mid_transaction);
  EXPECT_EQ(batch.frontier.offset, 0x130u);
  EXPECT_EQ(batch.commit_time_us, static_cast<uint64_t>(kCommitTime));
  ASSERT_EQ(batch.transactions.size(), 1u);
  EXPECT_EQ(batch.transactions[0].number, 734u);
  EXPECT_EQ(batch.transactions[0].commit.offset, 0x100u);
  ASSERT_EQ(batch.schemas.size(), 1u);
  EXPECT_EQ(*ResumeToken::Decode(batch.resume), (ResumeToken{0x130, 0, 0, 0, "7"}));
  v1::Change change = Decode(batch)[1].change();
  EXPECT_EQ(change.position().offset(), 0x100u);
  EXPECT_EQ(change.transaction_id(), 734u);
  EXPECT_EQ(change.commit_time_us(), static_cast<uint64_t>(kCommitTime));
  EXPECT_EQ(change.capture_time_us(), kNow);
}

TEST_F(LogEncoderTest, ASchemaIsAnnouncedOnceAndOnlyIfTheJournalLacksIt) {
  FeedTransaction(0x100, 1, {Described(), Insert(kTable, {"1", "a", "1"})});
  FeedTransaction(0x200, 2, {Described(), Insert(kTable, {"2", "b", "1"})});
  EXPECT_THAT(Briefs(encoder_->Take()),
              ElementsAre("SCHEMA orders", "CREATE 0 key(1) after(1,a,1) last", "END 1",
                          "CREATE 0 key(2) after(2,b,1) last", "END 1"));
  Start({0x230, 0, 0, 0, "7"}, {1});
  FeedTransaction(0x300, 3, {Described(), Insert(kTable, {"3", "c", "1"})});
  EXPECT_THAT(Briefs(encoder_->Take()), ElementsAre("CREATE 0 key(3) after(3,c,1) last", "END 1"));
}

TEST_F(LogEncoderTest, AnAlteredTableIsAnnouncedBeforeTheNextChange) {
  FeedTransaction(0x100, 1, {Described(), Insert(kTable, {"1", "a", "1"})});
  encoder_->Take();
  relation_.columns.push_back({false, "extra", 25, -1});
  FeedTransaction(0x200, 2, {Described(), Insert(kTable, {"2", "b", "1", "x"})});
  LogBatch batch = encoder_->Take();
  EXPECT_THAT(Briefs(batch),
              ElementsAre("SCHEMA orders", "CREATE 0 key(2) after(2,b,1,x) last", "END 1"));
  EXPECT_EQ(batch.schemas[0]->id, 2u);
  EXPECT_FALSE(batch.schemas[0]->catalog_current);
}

// The log shows a commit before the catalog does.
TEST_F(LogEncoderTest, AnAlteredTableIsDescribedAsItsTransactionLeftIt) {
  FeedTransaction(0x100, 1, {Described(), Insert(kTable, {"1", "a", "1"})});
  encoder_->Take();
  CatalogTable altered = catalog_.tables[kTable];
  altered.columns[1].nullable = false;
  altered.columns.push_back({"extra", 25, -1, false, false, "'x'::text"});
  catalog_.committing[2] = altered;
  relation_.columns.push_back({false, "extra", 25, -1});
  FeedTransaction(0x200, 2, {Described(), Insert(kTable, {"2", "b", "1", "x"})});
  LogBatch batch = encoder_->Take();
  ASSERT_EQ(batch.schemas.size(), 1u);
  EXPECT_TRUE(batch.schemas[0]->catalog_current);
  EXPECT_FALSE(batch.schemas[0]->columns[1].nullable);
  EXPECT_FALSE(batch.schemas[0]->columns[3].nullable);
  EXPECT_EQ(batch.schemas[0]->columns[3].default_expression, "'x'::text");
}

// `note` is of a type whose changes the log does not tell.
class AlteredTypeTest : public LogEncoderTest {
 protected:
  static constexpr uint32_t kType = 20000;

  AlteredTypeTest() {
    relation_.columns[1].type_oid = kType;
    catalog_.tables[kTable].columns[1].type_oid = kType;
  }
  void SetFields(int count) {
    auto pair = MakeType(model::TypeKind::kComposite, kType, "pair");
    for (int i = 0; i < count; ++i) pair->fields.push_back({"f", catalog_.types[23]});
    catalog_.types[kType] = pair;
  }
  void SetLabels(std::vector<std::string> labels) {
    auto mood = MakeType(model::TypeKind::kEnum, kType, "mood");
    mood->labels = std::move(labels);
    catalog_.types[kType] = mood;
  }
  // What a chunk reader does before it reads.
  void ReadChunk() { registry_.Resolve(*SchemaFromCatalog(catalog_.tables[kTable], catalog_)); }
  std::string Row(const char* note) { return Insert(kTable, {"1", note, "1"}); }
  std::vector<std::string> Kinds() {
    std::vector<std::string> kinds;
    for (const v1::Event& event : Decode(encoder_->Take())) {
      if (event.has_schema()) kinds.push_back("schema");
      if (!event.has_change()) continue;
      const v1::Value& note = event.change().after().values(1);
      kinds.push_back(note.has_composite()
                          ? absl::StrCat("composite of ", note.composite().fields_size())
                          : absl::StrCat(note.server_text(), note.enum_label()));
    }
    return kinds;
  }
};

TEST_F(AlteredTypeTest, ARowThatDoesNotFitBringsTheNewTypes) {
  SetFields(1);
  FeedTransaction(0x100, 1, {Described(), Row("(1)")});
  EXPECT_THAT(Kinds(), ElementsAre("schema", "composite of 1"));
  SetFields(2);
  FeedTransaction(0x200, 2, {Row("(1,2)"), Row("(3,4)")});
  EXPECT_THAT(Kinds(), ElementsAre("schema", "composite of 2", "composite of 2"));
  EXPECT_EQ(catalog_.describe_count, 2);
  // Changes keep their count.
  FeedTransaction(0x300, 3, {Row("(1,2)")});
  SetFields(1);
  FeedTransaction(0x400, 4, {Row("(1,2)"), Row("(1)"), Row("(1)")});
  EXPECT_THAT(Briefs(encoder_->Take()).back(), "END 3");
}

TEST_F(AlteredTypeTest, ALabelThatIsNewBringsTheNewLabels) {
  SetLabels({"sad"});
  FeedTransaction(0x100, 1, {Described(), Row("sad")});
  SetLabels({"sad", "ok"});
  FeedTransaction(0x200, 2, {Row("ok"), Row("sad"), Row("ok")});
  LogBatch batch = encoder_->Take();
  ASSERT_EQ(batch.schemas.size(), 2u);
  EXPECT_THAT(batch.schemas[1]->columns[1].type->labels, ElementsAre("sad", "ok"));
  EXPECT_EQ(catalog_.describe_count, 2);
  EXPECT_EQ(Decode(batch)[4].change().schema_id(), 2u);
}

TEST_F(AlteredTypeTest, RowsFromBeforeTheChangeAskTheCatalogLessAndLess) {
  SetFields(2);
  FeedTransaction(0x100, 1, {Described()});
  for (int i = 0; i < 100; ++i) FeedTransaction(0x200 + 0x100 * i, 2 + i, {Row("(1)")});
  EXPECT_EQ(catalog_.describe_count, 1 + 7);
  std::vector<std::string> kinds = Kinds();
  EXPECT_EQ(kinds.size(), 101u);
  EXPECT_EQ(kinds.back(), "(1)");
}

TEST_F(AlteredTypeTest, AVersionThatAChunkReaderFoundIsTakenOver) {
  SetFields(1);
  FeedTransaction(0x100, 1, {Described(), Row("(1)")});
  SetFields(2);
  ReadChunk();
  FeedTransaction(0x200, 2, {Insert(kTable, {"1", kNullCell, "1"})});
  LogBatch batch = encoder_->Take();
  ASSERT_EQ(batch.schemas.size(), 2u);
  EXPECT_EQ(batch.schemas[1], registry_.Latest(kTable));
  // And back again.
  SetFields(1);
  ReadChunk();
  FeedTransaction(0x300, 3, {Row("(1)")});
  EXPECT_EQ(Decode(encoder_->Take())[0].change().schema_id(), 1u);
  EXPECT_EQ(catalog_.describe_count, 3);
}

TEST_F(AlteredTypeTest, WhatARelationMessageWillTellIsLeftToIt) {
  SetFields(1);
  FeedTransaction(0x100, 1, {Described(), Row("(1)")});
  catalog_.tables[kTable].columns.push_back({"extra", 25, -1, true, false, {}});
  ReadChunk();
  FeedTransaction(0x200, 2, {Row("(1)")});
  catalog_.tables[kTable].columns.pop_back();
  catalog_.tables[kTable].name_space = "archive";
  ReadChunk();
  FeedTransaction(0x300, 3, {Row("(1)")});
  EXPECT_EQ(encoder_->Take().schemas.size(), 1u);
  EXPECT_EQ(catalog_.describe_count, 1);
}

TEST_F(LogEncoderTest, AKeyChangeIsADeleteAndACreate) {
  FeedTransaction(
      0x100, 1,
      {Described(), Update(kTable, 'K', {"1", kNullCell, kNullCell}, {"2", kUnchangedCell, "5"})});
  LogBatch batch = encoder_->Take();
  EXPECT_THAT(Briefs(batch), ElementsAre("SCHEMA orders", "DELETE 0 key(1)",
                                         "CREATE 1 key(2) after(2,?,5) last", "END 2"));
  EXPECT_FALSE(batch.events[1].moved);
  EXPECT_TRUE(batch.events[2].moved);
  EXPECT_TRUE(batch.events[2].partial);
  EXPECT_THAT(batch.keys.at(batch.events[2].key), ElementsAre("2"));
}

TEST_F(LogEncoderTest, AnOldKeyThatIsTheSameIsNoKeyChange) {
  FeedTransaction(0x100, 1,
                  {Described(), Update(kTable, 'K', {"1", kNullCell, kNullCell},
                                       {kUnchangedCell, kUnchangedCell, "5"})});
  LogBatch batch = encoder_->Take();
  EXPECT_THAT(Briefs(batch),
              ElementsAre("SCHEMA orders", "UPDATE 0 key(1) after(1,?,5) last", "END 1"));
  EXPECT_TRUE(batch.events[1].partial);
  EXPECT_THAT(batch.keys, IsEmpty());
}

TEST_F(LogEncoderTest, UnderFullIdentityTheOldRowCompletesTheNewOne) {
  SetIdentity('f');
  FeedTransaction(0x100, 1,
                  {Described(), Update(kTable, 'O', {"1", "long", "4"}, {"1", kUnchangedCell, "5"}),
                   Update(kTable, 'O', {"1", "long", "5"}, {"2", kUnchangedCell, "5"}),
                   Delete(kTable, 'O', {"2", "long", kNullCell})});
  LogBatch batch = encoder_->Take();
  EXPECT_THAT(Briefs(batch),
              ElementsAre("SCHEMA orders", "UPDATE 0 key(1) before(1,long,4) after(1,long,5)",
                          "DELETE 1 key(1) before(1,long,5)", "CREATE 2 key(2) after(2,long,5)",
                          "DELETE 3 key(2) before(2,long,null) last", "END 4"));
  for (const LogEvent& event : batch.events) EXPECT_FALSE(event.partial);
}

// A leaf of another replica identity than its root: the tuple is what the leaf logged.
TEST_F(LogEncoderTest, AnOldRowThatIsAMereKeyIsTakenForOne) {
  SetIdentity('f');
  catalog_.tables[kTable].columns[2].nullable = false;
  FeedTransaction(
      0x100, 1,
      {Described(), Update(kTable, 'O', {"1", kNullCell, kNullCell}, {"1", kUnchangedCell, "5"}),
       Update(kTable, 'O', {"1", kNullCell, "4"}, {"1", kUnchangedCell, "5"}),
       Update(kTable, 'O', {"1", kNullCell, kNullCell}, {"2", "a", "5"}),
       Delete(kTable, 'O', {"2", kNullCell, kNullCell}),
       Delete(kTable, 'O', {"3", kNullCell, "5"})});
  LogBatch batch = encoder_->Take();
  EXPECT_THAT(Briefs(batch), ElementsAre("SCHEMA orders", "UPDATE 0 key(1) after(1,?,5)",
                                         "UPDATE 1 key(1) after(1,?,5)", "DELETE 2 key(1)",
                                         "CREATE 3 key(2) after(2,a,5)", "DELETE 4 key(2)",
                                         "DELETE 5 key(3) before(3,null,5) last", "END 6"));
  EXPECT_TRUE(batch.events[1].partial);
}

TEST_F(LogEncoderTest, AnOldKeyOfAnotherIndexIsRefusedWithTheRemedy) {
  for (char identity : {'d', 'i', 'f'}) {
    const char part = identity == 'f' ? 'O' : 'K';
    SetIdentity(identity);
    for (const std::string& message :
         {Delete(kTable, part, {kNullCell, "a", kNullCell}),
          Update(kTable, part, {kNullCell, "a", kNullCell}, {"1", "b", "1"})}) {
      Start({0x50, 0, 0, 0, "7"});
      Feed({Begin(0x100, 1), Described()});
      absl::Status status = Try(message);
      EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
      EXPECT_NE(status.message().find("public.orders"), absl::string_view::npos) << status;
      EXPECT_NE(status.message().find("REPLICA IDENTITY"), absl::string_view::npos) << status;
    }
  }
}

TEST_F(LogEncoderTest, WithoutAKeyAnOldRowIsBelievedUnlessItCannotBeWhole) {
  SetIdentity('f');
  catalog_.tables[kTable].key.clear();
  FeedTransaction(0x100, 1, {Described(), Delete(kTable, 'O', {kNullCell, "a", "1"})});
  EXPECT_THAT(Briefs(encoder_->Take()),
              ElementsAre("SCHEMA orders", "DELETE 0 before(null,a,1) last", "END 1"));
  Feed({Begin(0x200, 2)});
  EXPECT_EQ(Try(Update(kTable, 'O', {"1", kNullCell, "1"}, {"1", kUnchangedCell, "1"})).code(),
            absl::StatusCode::kDataLoss);
}

TEST_F(LogEncoderTest, ATableWithoutKeyHasNoKeyRows) {
  SetIdentity('f');
  catalog_.tables[kTable].key.clear();
  FeedTransaction(0x100, 1,
                  {Described(), Insert(kTable, {"1", "a", "1"}),
                   Update(kTable, 'O', {"1", "a", "1"}, {"2", "a", "1"})});
  EXPECT_THAT(Briefs(encoder_->Take()),
              ElementsAre("SCHEMA orders", "CREATE 0 after(1,a,1)",
                          "UPDATE 1 before(1,a,1) after(2,a,1) last", "END 2"));
}

TEST_F(LogEncoderTest, ATruncateIsOneEventForEachTable) {
  RelationMessage other = relation_;
  other.oid = 101;
  other.name = "lines";
  FeedTransaction(0x100, 1, {Described(), Relation(other), Truncate({kTable, 101}, 1)});
  LogBatch batch = encoder_->Take();
  EXPECT_THAT(Briefs(batch), ElementsAre("SCHEMA orders", "SCHEMA lines", "TRUNCATE 0",
                                         "TRUNCATE 1 last", "END 2"));
  EXPECT_EQ(batch.events[2].table, kTable);
  EXPECT_EQ(batch.events[3].table, 101u);
}

TEST_F(LogEncoderTest, LogicalMessagesAreEventsButOurOwnAreNot) {
  Feed({LogicalMessage(false, 0x80, "app", "x"), LogicalMessage(false, 0x90, "tidemark", "ping")});
  EXPECT_EQ(encoder_->frontier(), 0x90u);
  FeedTransaction(0x100, 7,
                  {Described(), Insert(kTable, {"1", "a", "1"}),
                   LogicalMessage(true, 0xF0, "tidemark", ""),
                   LogicalMessage(true, 0xF8, "app", "y")});
  FeedTransaction(0x200, 8, {LogicalMessage(true, 0x1F0, "tidemark", "")});
  LogBatch batch = encoder_->Take();
  EXPECT_THAT(Briefs(batch),
              ElementsAre("MESSAGE app", "SCHEMA orders", "CREATE 0 key(1) after(1,a,1) last",
                          "MESSAGE app", "END 2"));
  EXPECT_EQ(batch.events[0].transaction, kNoTransaction);
  EXPECT_EQ(batch.transactions.size(), 2u);
  std::vector<v1::Event> events = Decode(batch);
  EXPECT_EQ(events[0].message().position().offset(), 0x80u);
  EXPECT_EQ(events[0].message().transaction_id(), 0u);
  EXPECT_EQ(events[3].message().content(), "y");
  EXPECT_EQ(events[3].message().transaction_id(), 7u);
  EXPECT_EQ(events[3].message().transaction_index(), 1u);
}

TEST_F(LogEncoderTest, KeepalivesMoveTheFrontierOnlyBetweenTransactionsAndNeverBack) {
  ASSERT_TRUE(Keepalive(0x80).ok());
  ASSERT_TRUE(Keepalive(0x70).ok());
  EXPECT_EQ(encoder_->Take().frontier.offset, 0x80u);
  Feed({Begin(0x100, 1)});
  ASSERT_TRUE(Keepalive(0xF0).ok());
  EXPECT_EQ(encoder_->Take().frontier.offset, 0x80u);
  Feed({Commit(0x100, 0x130)});
  EXPECT_EQ(encoder_->Take().frontier.offset, 0x130u);
}

TEST_F(LogEncoderTest, AHugeTransactionComesInPiecesAndOnlyItsLastChangeIsMarked) {
  Feed({Begin(0x100, 1), Described(), Insert(kTable, {"1", "a", "1"})});
  LogBatch first = encoder_->Take();
  EXPECT_THAT(Briefs(first), ElementsAre("SCHEMA orders"));
  EXPECT_TRUE(first.mid_transaction);
  EXPECT_EQ(first.frontier.offset, 0x50u);
  Feed({Update(kTable, 'K', {"1", kNullCell, kNullCell}, {"2", kUnchangedCell, "5"}),
        LogicalMessage(true, 1, "app", "")});
  LogBatch second = encoder_->Take();
  EXPECT_THAT(Briefs(second), ElementsAre("CREATE 0 key(1) after(1,a,1)"));
  EXPECT_TRUE(second.mid_transaction);
  EXPECT_EQ(*ResumeToken::Decode(second.resume), (ResumeToken{0x50, 0x100, 1, 1, "7"}));
  Feed({Commit(0x100, 0x130)});
  LogBatch third = encoder_->Take();
  EXPECT_THAT(Briefs(third), ElementsAre("DELETE 1 key(1)", "CREATE 2 key(2) after(2,?,5) last",
                                         "MESSAGE app", "END 4"));
  EXPECT_FALSE(third.mid_transaction);
  EXPECT_THAT(third.keys.at(third.events[1].key), ElementsAre("2"));
  EXPECT_EQ(*ResumeToken::Decode(third.resume), (ResumeToken{0x130, 0, 0, 0, "7"}));
}

TEST_F(LogEncoderTest, MessagesAfterTheLastChangeAreNotHeldWithoutBound) {
  Feed({Begin(0x100, 1), Described(), Insert(kTable, {"1", "a", "1"})});
  const std::string content(LogEncoder::kHeldBytesMax / 2, 'x');
  for (int i = 0; i < 3; ++i) Feed({LogicalMessage(true, 1, "app", content)});
  EXPECT_GT(encoder_->pending_bytes(), LogEncoder::kHeldBytesMax);
  EXPECT_EQ(encoder_->Take().events.size(), 5u);
  Feed({Commit(0x100, 0x130)});
  EXPECT_THAT(Briefs(encoder_->Take()), ElementsAre("END 4"));
}

// A transaction of every kind of message, cut and restarted after each of them and taken in pieces
// of any size, gives the same events as in one go.
TEST_F(LogEncoderTest, ARestartInsideATransactionLosesAndRepeatsNothing) {
  const std::vector<std::string> stream = {
      Begin(0x60, 1),
      Described(),
      Insert(kTable, {"9", "z", "1"}),
      Commit(0x60, 0x90),
      Begin(0x100, 2),
      Described(),
      Insert(kTable, {"1", "a", "1"}),
      LogicalMessage(true, 0xA0, "tidemark", ""),
      Update(kTable, 'K', {"1", kNullCell, kNullCell}, {"2", kUnchangedCell, "5"}),
      LogicalMessage(true, 0xA8, "app", ""),
      Truncate({kTable, kTable}),
      Insert(kTable, {"3", "c", "1"}),
      Commit(0x100, 0x130),
      Begin(0x200, 3),
      Delete(kTable, 'K', {"3", kNullCell, kNullCell}),
      Commit(0x200, 0x230)};
  Feed(stream);
  const std::vector<std::string> whole = Briefs(encoder_->Take());
  ASSERT_EQ(whole.size(), 13u);
  for (size_t stop = 0; stop <= stream.size(); ++stop) {
    for (size_t every = 1; every <= 4; ++every) {
      Start({0x50, 0, 0, 0, "7"});
      std::vector<std::string> seen;
      std::string resume = ResumeToken{0x50, 0, 0, 0, "7"}.Encode();
      auto take = [&] {
        LogBatch batch = encoder_->Take();
        for (std::string& brief : Briefs(batch)) seen.push_back(std::move(brief));
        resume = batch.resume;
      };
      for (size_t i = 0; i < stop; ++i) {
        Feed({stream[i]});
        if (i % every == 0) take();
      }
      bool announced = !seen.empty();
      Start(*ResumeToken::Decode(resume),
            announced ? std::vector<model::SchemaId>{1} : std::vector<model::SchemaId>{});
      for (size_t i = 0; i < stream.size(); ++i) {
        Feed({stream[i]});
        if (i % every == 0) take();
      }
      take();
      EXPECT_EQ(seen, whole) << "stopped before message " << stop << ", taken every " << every;
    }
  }
}

TEST_F(LogEncoderTest, TransactionsBeforeTheTokenGiveNoEventsButAreReported) {
  Start({0x130, 0, 0, 0, "7"});
  FeedTransaction(0x100, 1, {Described(), Insert(kTable, {"1", "a", "1"})});
  Feed({LogicalMessage(false, 0x120, "app", "seen before")});
  FeedTransaction(0x130, 2, {Insert(kTable, {"2", "b", "1"})});
  LogBatch batch = encoder_->Take();
  EXPECT_THAT(Briefs(batch),
              ElementsAre("SCHEMA orders", "CREATE 0 key(2) after(2,b,1) last", "END 1"));
  ASSERT_EQ(batch.transactions.size(), 2u);
  EXPECT_EQ(batch.transactions[0].number, 1u);
  EXPECT_EQ(batch.events[0].transaction, 1u);
}

TEST_F(LogEncoderTest, APartialTransactionThatDoesNotComeBackIsDataLoss) {
  const ResumeToken token{0x50, 0x100, 2, 2, "7"};
  Start(token);
  EXPECT_EQ(Try(Begin(0x200, 2)).code(), absl::StatusCode::kDataLoss);
  Start(token);
  EXPECT_EQ(Keepalive(0x101).code(), absl::StatusCode::kDataLoss);
  Start(token);
  Feed({Begin(0x100, 1), Described(), Insert(kTable, {"1", "a", "1"})});
  EXPECT_EQ(Try(Commit(0x100, 0x130)).code(), absl::StatusCode::kDataLoss);
}

TEST_F(LogEncoderTest, MessagesOutOfPlaceAreDataLoss) {
  EXPECT_EQ(Try(Commit(1, 2)).code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(Try(Insert(kTable, {"1"})).code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(Try(Truncate({kTable})).code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(Try(LogicalMessage(true, 1, "app", "")).code(), absl::StatusCode::kDataLoss);
  Feed({Begin(0x100, 1)});
  EXPECT_EQ(Try(Begin(0x200, 2)).code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(Try(Insert(kTable, {"1", "a", "1"})).code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(Try(Commit(0x101, 0x130)).code(), absl::StatusCode::kDataLoss);
}

TEST_F(LogEncoderTest, ATransactionBehindTheFrontierIsDataLoss) {
  ASSERT_TRUE(Keepalive(0x200).ok());
  EXPECT_EQ(Try(Begin(0x100, 1)).code(), absl::StatusCode::kDataLoss);
}

TEST_F(LogEncoderTest, StreamingAndTwoPhaseAreRefusedWithTheRemedy) {
  absl::Status status = Try(MessageBuilder('S').U32(734).U8(1).str());
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_NE(status.message().find("StreamStart"), absl::string_view::npos);
  EXPECT_EQ(Try(MessageBuilder('b').U64(1).U64(2).U64(3).U32(4).String("g").str()).code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST_F(LogEncoderTest, RowsThatDoNotFitNameTheColumnAndNeverTheValue) {
  Feed({Begin(0x100, 1), Described(), Insert(kTable, {"1", "a", "1"})});
  absl::Status status = Try(Insert(kTable, {"2", "a", "secret"}));
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_NE(status.message().find("public.orders.price (numeric)"), absl::string_view::npos)
      << status;
  EXPECT_EQ(status.message().find("secret"), absl::string_view::npos);
  // What came before is still there, and the place to go on at is before the bad row.
  LogBatch batch = encoder_->Take();
  EXPECT_THAT(Briefs(batch), ElementsAre("SCHEMA orders", "CREATE 0 key(1) after(1,a,1)"));
  EXPECT_EQ(*ResumeToken::Decode(batch.resume), (ResumeToken{0x50, 0x100, 1, 1, "7"}));
}

TEST_F(LogEncoderTest, RowsWithoutTheirKeyOrWithOtherColumnsAreDataLoss) {
  for (const std::string& message :
       {Insert(kTable, {"1", "a"}), Insert(kTable, {kUnchangedCell, "a", "1"}),
        Update(kTable, 0, {}, {kUnchangedCell, "a", "1"}), Delete(kTable, 'K', {"1"}),
        Insert(kTable, {Cell('b'), "a", "1"})}) {
    Start({0x50, 0, 0, 0, "7"});
    Feed({Begin(0x100, 1), Described()});
    EXPECT_EQ(Try(message).code(), absl::StatusCode::kDataLoss);
    EXPECT_THAT(encoder_->Take().events, IsEmpty());
  }
}

TEST_F(LogEncoderTest, AFailureOfTheCatalogLeavesTheMessageToComeAgain) {
  Feed({Begin(0x100, 1), Described()});
  catalog_.failure = absl::UnavailableError("connection lost");
  EXPECT_EQ(Try(Insert(kTable, {"1", "a", "1"})).code(), absl::StatusCode::kUnavailable);
  LogBatch batch = encoder_->Take();
  EXPECT_THAT(batch.events, IsEmpty());
  EXPECT_THAT(batch.transactions, IsEmpty());
  EXPECT_EQ(*ResumeToken::Decode(batch.resume), (ResumeToken{0x50, 0, 0, 0, "7"}));
}

}  // namespace
}  // namespace tidemark::capture::postgres
