#include "capture/mysql/log_encoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "capture/mysql/commit_places.h"
#include "capture/mysql/schema_builder.h"
#include "event_builder.h"
#include "tests/capture/decoded_batch.h"

namespace tidemark::capture::mysql {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr uint64_t kNow = 1'700'000'001'000'000;
constexpr char kServerUuid[] = "3e11fa47-71ca-11e1-9e33-c80aa9429562";

// Knows no table: all comes from the binlog.
class NoCatalog : public Catalog {
 public:
  absl::StatusOr<std::optional<CatalogTable>> DescribeTable(const std::string&,
                                                            const std::string&) override {
    return std::nullopt;
  }
  absl::StatusOr<CatalogTable> DescribeTableAt(const LogPlace&, const std::string&,
                                               const std::string&) override {
    return absl::FailedPreconditionError("nobody asks");
  }
};

// A row of shop.t (id INT PRIMARY KEY, note VARCHAR(20)); '-': NULL.
std::string Cells(int id, const std::string& note) {
  EventBuilder row;
  row.U8(note == "-" ? 2 : 0).U32(id);
  if (note != "-") row.ShortText(note);
  return row.str();
}

// The events of a dump, one after the other, with their places in the file.
class LogEncoderTest : public ::testing::Test {
 protected:
  LogEncoderTest() : registry_({}) { Start({}); }

  void Start(ResumeToken token) {
    token.naming = naming_;
    token.server = kServerUuid;
    encoder_ = std::make_unique<LogEncoder>(options_, token, registry_.journaled(),
                                            *DeliveredGtids::Parse(naming_, token.gtids),
                                            TableDefinitions(), &catalog_, &registry_, &names_);
    StartDump(4);
  }
  void Restart(const LogBatch& durable) { Start(*ResumeToken::Decode(durable.resume)); }

  // What every dump begins with.
  void StartDump(uint64_t place) {
    BeginFile("binlog.000007", place);
    Ok(TryFormat());
  }
  void BeginFile(const std::string& file, uint64_t place) {
    place_ = place;
    Ok(Try(EventType::kRotate, EventBuilder().U64(place).Text(file).str(),
           EventHeader::kArtificial));
  }
  // `created`: not 0 in the first file of a server's start.
  absl::Status TryFormat(uint32_t created = 0) {
    EventBuilder format;
    format.U16(4).Text(std::string("9.7.0") + std::string(45, '\0')).U32(created).U8(19);
    for (int type = 1; type <= 42; ++type) format.U8(type == 19 ? 8 : 10);
    return Try(EventType::kFormatDescription, format.U8(0).U32(0).str());
  }

  absl::Status Try(EventType type, const std::string& body, uint16_t flags = 0) {
    const size_t size = EventHeader::kSize + body.size();
    const bool placed = (flags & EventHeader::kArtificial) == 0;
    if (placed) place_ += size;
    EventBuilder event;
    event.U32(time_s_).U8(static_cast<uint8_t>(type)).U32(1).U32(size);
    event.U32(placed ? place_ : 0).U16(flags).Text(body);
    return encoder_->Consume(event.str(), kNow);
  }
  void Ok(const absl::Status& status) { ASSERT_TRUE(status.ok()) << status; }

  std::string GtidBody(uint64_t number) {
    EventBuilder body;
    body.U8(0).Hex("3e11fa4771ca11e19e33c80aa9429562").U64(number).U8(2).U64(0).U64(0);
    return body.Unsigned(1'700'000'000'000'000, 7).str();
  }
  std::string QueryBody(const std::string& text) {
    return EventBuilder().U32(5).U32(0).U8(4).U16(0).U16(0).Text("shop").U8(0).Text(text).str();
  }
  // As a client sends it whose character_set_client is of this collation.
  std::string QueryBody(const std::string& text, uint16_t collation) {
    EventBuilder body;
    body.U32(5).U32(0).U8(4).U16(0).U16(7).U8(4).U16(collation).U16(collation).U16(collation);
    return body.Text("shop").U8(0).Text(text).str();
  }
  std::string MapBody() {
    EventBuilder body;
    body.U48(77).U16(1).ShortText("shop").U8(0).ShortText(table_).U8(0);
    body.U8(2).Hex("030f").U8(2).U16(80).U8(2);
    body.U8(1).U8(1).U8(0);                              // signedness
    body.U8(2).U8(1).U8(45);                             // default charset: utf8mb4
    body.U8(4).U8(8).ShortText("id").ShortText("note");  // names
    body.U8(8).U8(1).U8(0);                              // primary key
    return body.str();
  }
  std::string RowsBody(const std::string& rows, bool update = false) {
    EventBuilder body;
    body.U48(77).U16(1).U16(2).U8(2).U8(3);
    if (update) body.U8(3);
    return body.Text(rows).str();
  }

  void Gtid(uint64_t number) {
    group_starts_ = place_;
    Ok(Try(EventType::kGtid, GtidBody(number)));
  }
  void Query(const std::string& text) { Ok(Try(EventType::kQuery, QueryBody(text))); }
  void Insert(int id, const std::string& note) {
    Ok(Try(EventType::kTableMap, MapBody()));
    Ok(Try(EventType::kWriteRows, RowsBody(Cells(id, note))));
  }
  // More than is held back; a savepoint after its first row, and no end.
  void LargeGroup() {
    Gtid(5);
    Query("BEGIN");
    Insert(1, "a");
    Query("SAVEPOINT `s`");
    Ok(Try(EventType::kTableMap, MapBody()));
    for (int batch = 0; batch < 600; ++batch) {
      std::string cells;
      for (int i = 0; i < 100; ++i) cells += Cells(1000 + batch * 100 + i, "twenty bytes of note");
      Ok(Try(EventType::kWriteRows, RowsBody(cells)));
    }
  }
  void Update(int id, const std::string& note, int new_id, const std::string& new_note) {
    Ok(Try(EventType::kTableMap, MapBody()));
    Ok(Try(EventType::kUpdateRows, RowsBody(Cells(id, note) + Cells(new_id, new_note), true)));
  }
  void Delete(int id, const std::string& note) {
    Ok(Try(EventType::kTableMap, MapBody()));
    Ok(Try(EventType::kDeleteRows, RowsBody(Cells(id, note))));
  }
  void Xid() { Ok(Try(EventType::kXid, EventBuilder().U64(9).str())); }
  void XaPrepare(bool one_phase = false) {
    Ok(Try(EventType::kXaPrepare,
           EventBuilder().U8(one_phase).U32(1).U32(1).U32(0).Text("x").str()));
  }
  // The group that prepares XA transaction 'x'.
  void Prepare(uint64_t number) {
    Gtid(number);
    Query("XA START X'78',X'',1");
    Insert(8, "prepared");
    Query("XA END X'78',X'',1");
    XaPrepare();
  }

  Naming naming_ = Naming::kGtid;
  LogEncoderOptions options_;
  std::string table_ = "t";
  uint32_t time_s_ = 1'700'000'000;  // of all events
  NoCatalog catalog_;
  SchemaRegistry registry_;
  GtidNames names_;
  std::unique_ptr<LogEncoder> encoder_;
  uint64_t place_ = 4;
  uint64_t group_starts_ = 0;
};

TEST_F(LogEncoderTest, EndsOfTransactionsArePlacesThatCount) {
  CommitPlaces places;
  options_.commit_places = &places;
  Start({});
  BeginFile("binlog.000001", 4);
  Ok(TryFormat());
  const auto visible = [&] { return places.Visible({1, place_}).offset; };
  EXPECT_EQ(visible(), 0u);
  Gtid(5);
  Query("BEGIN");
  Insert(1, "a");
  EXPECT_EQ(visible(), 0u);
  Xid();
  EXPECT_EQ(visible(), place_);
  Gtid(6);
  Query("CREATE DATABASE other");
  EXPECT_EQ(visible(), place_);
}

TEST_F(LogEncoderTest, AnXaCommitWithChangesIsNotKnownToBeVisible) {
  CommitPlaces places;
  options_.commit_places = &places;
  Start({});
  Prepare(5);
  const uint64_t prepared_at = group_starts_;
  EXPECT_THAT(places.XaCommits(), IsEmpty());
  Gtid(6);
  const uint64_t committed_at = group_starts_;
  Query("XA COMMIT X'78',X'',1");
  StartDump(prepared_at);
  Prepare(5);
  const std::vector<CommitPlaces::XaCommit> commits = places.XaCommits();
  ASSERT_EQ(commits.size(), 1u);
  EXPECT_EQ(commits[0].start, (model::Position{7, committed_at}));
  EXPECT_EQ(commits[0].xid, (XaId{.gtrid = "x", .bqual = ""}).Key());
}

TEST_F(LogEncoderTest, ATransactionBecomesItsSchemaItsChangesAndItsEnd) {
  Gtid(5);
  Query("BEGIN");
  Insert(1, "a");
  Update(1, "a", 1, "-");
  Delete(1, "-");
  Xid();
  LogBatch batch = encoder_->Take();
  EXPECT_THAT(Briefs(batch), ElementsAre("SCHEMA t", "CREATE 0 key(1) after(1,a)",
                                         "UPDATE 1 key(1) before(1,a) after(1,null)",
                                         "DELETE 2 key(1) before(1,null) last", "END 3"));
  EXPECT_EQ(batch.frontier, (model::Position{7, place_}));
  ASSERT_EQ(batch.transactions.size(), 1u);
  EXPECT_EQ(batch.transactions[0].number, 5u);
  EXPECT_EQ(batch.transactions[0].commit, (model::Position{7, group_starts_}));
  const v1::Change change = Decode(batch)[1].change();
  EXPECT_EQ(change.position().offset(), group_starts_);
  EXPECT_EQ(change.commit_time_us(), 1'700'000'000'000'000u);
  const ResumeToken token = *ResumeToken::Decode(batch.resume);
  EXPECT_EQ(token.gtids, absl::StrCat(kServerUuid, ":5"));
  EXPECT_EQ(token.offset, place_);
}

TEST_F(LogEncoderTest, AKeyChangeIsADeleteAndACreate) {
  Gtid(5);
  Query("BEGIN");
  Update(1, "a", 2, "a");
  Xid();
  LogBatch batch = encoder_->Take();
  EXPECT_THAT(Briefs(batch), ElementsAre("SCHEMA t", "DELETE 0 key(1) before(1,a)",
                                         "CREATE 1 key(2) after(2,a) last", "END 2"));
  EXPECT_TRUE(batch.events[2].moved);
  EXPECT_FALSE(batch.events[2].partial);
}

TEST_F(LogEncoderTest, AnInsertThatLacksColumnsMustBeReadAgain) {
  Gtid(5);
  Query("BEGIN");
  Ok(Try(EventType::kTableMap, MapBody()));
  EventBuilder body;
  body.U48(77).U16(1).U16(2).U8(2).U8(1).U8(0).U32(3);
  Ok(Try(EventType::kWriteRows, body.str()));
  Xid();
  LogBatch batch = encoder_->Take();
  EXPECT_THAT(Briefs(batch), ElementsAre("SCHEMA t", "CREATE 0 key(3) after(3,?) last", "END 1"));
  EXPECT_TRUE(batch.events[1].moved);
  EXPECT_TRUE(batch.events[1].partial);
  EXPECT_THAT(batch.keys, ElementsAre(ElementsAre("3")));
}

TEST_F(LogEncoderTest, ASmallTransactionComesWhole) {
  Gtid(5);
  Query("BEGIN");
  Insert(1, "a");
  EXPECT_EQ(encoder_->pending_bytes(), 0u);
  LogBatch batch = encoder_->Take();
  EXPECT_THAT(Briefs(batch), IsEmpty());
  EXPECT_THAT(batch.transactions, IsEmpty());
  Insert(2, "b");
  Xid();
  EXPECT_THAT(Briefs(encoder_->Take()), ElementsAre("SCHEMA t", "CREATE 0 key(1) after(1,a)",
                                                    "CREATE 1 key(2) after(2,b) last", "END 2"));
}

TEST_F(LogEncoderTest, RowsBehindASavepointAreTakenBack) {
  Gtid(5);
  Query("BEGIN");
  Insert(1, "a");
  Query("SAVEPOINT `s`");
  Insert(2, "b");
  EXPECT_THAT(Briefs(encoder_->Take()), IsEmpty());
  Query("ROLLBACK TO `s`");
  Insert(3, "c");
  Xid();
  EXPECT_THAT(Briefs(encoder_->Take()), ElementsAre("SCHEMA t", "CREATE 0 key(1) after(1,a)",
                                                    "CREATE 1 key(3) after(3,c) last", "END 2"));
}

TEST_F(LogEncoderTest, ARolledBackGroupLeavesNothing) {
  Gtid(5);
  Query("BEGIN");
  Insert(1, "a");
  Query("ROLLBACK");
  Gtid(6);
  Query("BEGIN");
  Insert(2, "b");
  Xid();
  EXPECT_THAT(Briefs(encoder_->Take()),
              ElementsAre("SCHEMA t", "CREATE 0 key(2) after(2,b) last", "END 1"));
}

TEST_F(LogEncoderTest, AGroupThatTheServerDiedInLeavesNothing) {
  Gtid(5);
  Query("BEGIN");
  Insert(1, "a");
  BeginFile("binlog.000008", 4);
  Ok(TryFormat(1'700'000'000));
  EXPECT_EQ(encoder_->frontier(), (model::Position{8, place_}));
  Gtid(5);
  Query("BEGIN");
  Insert(2, "b");
  Xid();
  LogBatch batch = encoder_->Take();
  EXPECT_THAT(Briefs(batch), ElementsAre("SCHEMA t", "CREATE 0 key(2) after(2,b) last", "END 1"));
  EXPECT_EQ(batch.transactions.size(), 1u);
}

TEST_F(LogEncoderTest, AGroupThatTheServerDidNotDieInHasAnEnd) {
  Gtid(5);
  Query("BEGIN");
  BeginFile("binlog.000008", 4);
  EXPECT_TRUE(absl::IsDataLoss(Try(EventType::kXid, EventBuilder().U64(9).str())));
  EXPECT_TRUE(absl::IsDataLoss(TryFormat()));
}

TEST_F(LogEncoderTest, APartOfAGroupThatTheServerDiedInStopsTheSource) {
  LargeGroup();
  ASSERT_TRUE(encoder_->Take().mid_transaction);
  BeginFile("binlog.000008", 4);
  absl::Status status = TryFormat(1'700'000'000);
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_THAT(status.message(), HasSubstr("capture it anew"));
}

TEST_F(LogEncoderTest, RowsOfAPreparedTransactionComeAtItsCommit) {
  Prepare(5);
  const uint64_t prepared_at = group_starts_;
  LogBatch batch = encoder_->Take();
  EXPECT_THAT(Briefs(batch), IsEmpty());
  const ResumeToken token = *ResumeToken::Decode(batch.resume);
  ASSERT_EQ(token.prepared.size(), 1u);
  EXPECT_EQ(token.prepared[0].offset, prepared_at);
  Start(token);  // kept over a restart
  StartDump(5000);
  Gtid(6);
  const uint64_t committed_at = group_starts_;
  Query("XA COMMIT X'78',X'',1");
  ASSERT_TRUE(encoder_->wanted().has_value());
  EXPECT_EQ(encoder_->wanted()->gtid, absl::StrCat(kServerUuid, ":5"));
  EXPECT_THAT(Briefs(encoder_->Take()), IsEmpty());
  StartDump(prepared_at);
  Prepare(5);
  EXPECT_FALSE(encoder_->wanted().has_value());
  batch = encoder_->Take();
  EXPECT_THAT(Briefs(batch),
              ElementsAre("SCHEMA t", "CREATE 0 key(8) after(8,prepared) last", "END 1"));
  EXPECT_EQ(Decode(batch)[1].change().position().offset(), committed_at);
  EXPECT_THAT(ResumeToken::Decode(batch.resume)->prepared, IsEmpty());
  EXPECT_EQ(ResumeToken::Decode(batch.resume)->gtids, absl::StrCat(kServerUuid, ":5-6"));
}

TEST_F(LogEncoderTest, RowsOfAPreparedTransactionGoWithItsRollback) {
  Prepare(5);
  Gtid(6);
  Query("XA ROLLBACK X'78',X'',1");
  LogBatch batch = encoder_->Take();
  EXPECT_THAT(Briefs(batch), IsEmpty());
  EXPECT_THAT(ResumeToken::Decode(batch.resume)->prepared, IsEmpty());
}

TEST_F(LogEncoderTest, AnUnknownPreparedTransactionFailsClosed) {
  Gtid(6);
  absl::Status status = Try(EventType::kQuery, QueryBody("XA COMMIT X'78',X'',1"));
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
}

TEST_F(LogEncoderTest, ALargeTransactionComesInPartsAndGoesOnAfterARestart) {
  const std::string note(20, 'n');
  const int rows = 60'000;
  auto feed = [&] {
    Gtid(5);
    Query("BEGIN");
    Ok(Try(EventType::kTableMap, MapBody()));
    for (int id = 0; id < rows; id += 100) {
      std::string cells;
      for (int i = 0; i < 100; ++i) cells += Cells(id + i, note);
      Ok(Try(EventType::kWriteRows, RowsBody(cells)));
    }
  };
  feed();
  EXPECT_GT(encoder_->pending_bytes(), LogEncoder::kHeldBytesMax);
  LogBatch first = encoder_->Take();
  EXPECT_TRUE(first.mid_transaction);
  const size_t delivered = first.events.size() - 1;
  EXPECT_EQ(delivered, static_cast<size_t>(rows) - 1);
  for (const auto& schema : first.schemas) registry_.MarkAnnounced(schema->id);
  const model::Position position = first.transactions[0].commit;
  Restart(first);
  feed();
  Xid();
  LogBatch second = encoder_->Take();
  EXPECT_THAT(Briefs(second), ElementsAre(absl::StrCat("CREATE ", rows - 1, " key(", rows - 1,
                                                       ") after(", rows - 1, ",", note, ") last"),
                                          absl::StrCat("END ", rows)));
  EXPECT_EQ(second.transactions[0].commit, position);
  EXPECT_EQ(ResumeToken::Decode(second.resume)->partial_rows, 0u);
}

TEST_F(LogEncoderTest, ARollbackOfRowsDeliveredBeforeARestartStopsTheSource) {
  LargeGroup();
  LogBatch first = encoder_->Take();
  ASSERT_TRUE(first.mid_transaction);
  Restart(first);
  LargeGroup();
  absl::Status status = Try(EventType::kQuery, QueryBody("ROLLBACK TO `s`"));
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
}

TEST_F(LogEncoderTest, ATruncateIsSeenByThoseWhoKnowTheTable) {
  Gtid(4);
  Query("TRUNCATE TABLE t");
  Gtid(5);
  Query("BEGIN");
  Insert(1, "a");
  Xid();
  Gtid(6);
  Query("TRUNCATE TABLE t");
  Gtid(7);
  Query("DROP TABLE t");
  EXPECT_THAT(Briefs(encoder_->Take()),
              ElementsAre("SCHEMA t", "CREATE 0 key(1) after(1,a) last", "END 1", "TRUNCATE 0 last",
                          "END 1", "TRUNCATE 0 last", "END 1"));
}

TEST_F(LogEncoderTest, NamesAreInTheClientsCharset) {
  table_ = "caf\xc3\xa9";
  Gtid(5);
  Query("BEGIN");
  Insert(1, "a");
  Xid();
  Gtid(6);
  constexpr uint16_t kLatin1 = 8;
  Ok(Try(EventType::kQuery, QueryBody("TRUNCATE TABLE `caf\xe9`", kLatin1)));
  EXPECT_THAT(Briefs(encoder_->Take()),
              ElementsAre("SCHEMA caf\xc3\xa9", "CREATE 0 key(1) after(1,a) last", "END 1",
                          "TRUNCATE 0 last", "END 1"));
}

TEST_F(LogEncoderTest, NamesAreFoldedAsTheServerFoldsThem) {
  options_.lower_case_names = true;
  Start({});
  Gtid(5);
  Query("BEGIN");
  Insert(1, "a");
  Xid();
  Gtid(6);
  Query("TRUNCATE TABLE Shop.T");
  Gtid(7);
  Query("DROP DATABASE SHOP");
  EXPECT_THAT(Briefs(encoder_->Take()),
              ElementsAre("SCHEMA t", "CREATE 0 key(1) after(1,a) last", "END 1", "TRUNCATE 0 last",
                          "END 1", "TRUNCATE 0 last", "END 1"));
}

TEST_F(LogEncoderTest, ADroppedDatabaseEmptiesItsTables) {
  Gtid(5);
  Query("BEGIN");
  Insert(1, "a");
  Xid();
  Gtid(6);
  Query("DROP DATABASE other");
  Gtid(7);
  Query("DROP DATABASE shop");
  EXPECT_THAT(Briefs(encoder_->Take()), ElementsAre("SCHEMA t", "CREATE 0 key(1) after(1,a) last",
                                                    "END 1", "TRUNCATE 0 last", "END 1"));
}

TEST_F(LogEncoderTest, ChangesLoggedAsStatementsStopTheSource) {
  Gtid(5);
  Query("BEGIN");
  absl::Status status = Try(EventType::kQuery, QueryBody("UPDATE t SET note = 'secret'"));
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_THAT(status.message(), HasSubstr("UPDATE"));
  EXPECT_THAT(status.message(), ::testing::Not(HasSubstr("secret")));
}

TEST_F(LogEncoderTest, RowsThatVanishWithoutEventsStopTheSource) {
  Gtid(4);
  Query("ALTER TABLE t DROP PARTITION p0");  // nobody holds rows of it
  Gtid(5);
  Query("BEGIN");
  Insert(1, "a");
  Xid();
  for (const std::string statement :
       {"ALTER TABLE t DROP PARTITION p0", "RENAME TABLE t TO old, new TO t"}) {
    const ResumeToken token = *ResumeToken::Decode(encoder_->Take().resume);
    Gtid(6);
    absl::Status status = Try(EventType::kQuery, QueryBody(statement));
    EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
    EXPECT_THAT(status.message(), HasSubstr("shop.t"));
    Start(token);
  }
}

TEST_F(LogEncoderTest, TablesWhoseRowsAStatementRewritesAreNamed) {
  Gtid(5);
  Query("BEGIN");
  Insert(1, "a");
  Xid();
  Gtid(6);
  Query("ALTER TABLE t ADD c INT DEFAULT 5");
  EXPECT_THAT(encoder_->Take().rewritten, IsEmpty());
  Gtid(7);
  Query("ALTER TABLE other DROP note");
  Gtid(8);
  Query("ALTER TABLE t DROP note, ADD note VARCHAR(20)");
  EXPECT_THAT(encoder_->Take().rewritten, ElementsAre(TableIdOf("shop", "t")));
  EXPECT_THAT(encoder_->Take().rewritten, IsEmpty());
  Gtid(9);
  // Whose names cannot be read: any table may be meant.
  Ok(Try(EventType::kQuery, QueryBody("ALTER TABLE \xc4 DROP a", 63)));
  EXPECT_THAT(encoder_->Take().rewritten, ElementsAre(TableIdOf("shop", "t")));
}

TEST_F(LogEncoderTest, ATransactionWithoutEventsIsNotWaitedFor) {
  Gtid(5);
  Query("CREATE TABLE other (a int)");
  Gtid(6);
  Query("BEGIN");
  Insert(1, "a");
  Xid();
  Gtid(7);
  Query("BEGIN");
  Xid();
  LogBatch batch = encoder_->Take();
  ASSERT_EQ(batch.transactions.size(), 1u);
  EXPECT_EQ(batch.transactions[0].number, 6u);
  EXPECT_EQ(batch.events.back().transaction, 0u);
  EXPECT_EQ(ResumeToken::Decode(batch.resume)->gtids, absl::StrCat(kServerUuid, ":5-7"));
}

TEST_F(LogEncoderTest, HeartbeatsMoveTheFrontierBetweenGroups) {
  EventBuilder event;
  event.U32(0).U8(27).U32(1).U32(19 + 13).U32(90'000).U16(0).Text("binlog.000007");
  Ok(encoder_->Consume(event.str(), kNow));
  EXPECT_EQ(encoder_->frontier(), (model::Position{7, 90'000}));
}

TEST_F(LogEncoderTest, WhatIsOutOfPlaceIsDataLoss) {
  EXPECT_TRUE(absl::IsDataLoss(Try(EventType::kXid, EventBuilder().U64(9).str())));
  Gtid(5);
  EXPECT_TRUE(absl::IsDataLoss(Try(EventType::kGtid, GtidBody(6))));
  EXPECT_TRUE(absl::IsDataLoss(Try(EventType::kWriteRows, RowsBody(Cells(1, "a")))));
}

// A log that is read by file and offset, of transactions without a name.
class FileLogEncoderTest : public LogEncoderTest {
 protected:
  FileLogEncoderTest() {
    naming_ = Naming::kFile;
    Start({});
  }

  void Anonymous() {
    group_starts_ = place_;
    Ok(Try(EventType::kAnonymousGtid, GtidBody(0)));
  }
  void AnonymousInsert(int id) {
    Anonymous();
    Query("BEGIN");
    Insert(id, "a");
    Xid();
  }
  LogBatch TakeDurable() {
    LogBatch batch = encoder_->Take();
    for (const auto& schema : batch.schemas) registry_.MarkAnnounced(schema->id);
    return batch;
  }
};

TEST_F(FileLogEncoderTest, TransactionsAreNamedByTheirPlaces) {
  AnonymousInsert(1);
  const uint64_t first = group_starts_;
  AnonymousInsert(2);
  const LogBatch batch = encoder_->Take();
  ASSERT_EQ(batch.transactions.size(), 2u);
  EXPECT_EQ(batch.transactions[0].number, first);
  EXPECT_EQ(batch.transactions[1].commit, (model::Position{7, group_starts_}));
  const ResumeToken token = *ResumeToken::Decode(batch.resume);
  EXPECT_EQ(token.file, "binlog.000007");
  EXPECT_EQ(token.offset, place_);
  EXPECT_EQ(token.gtids, "");
  EXPECT_EQ(token.file_begun_s, time_s_);
}

TEST_F(FileLogEncoderTest, TransactionsWithAndWithoutNamesMayMix) {
  AnonymousInsert(1);
  Gtid(5);
  Query("BEGIN");
  Insert(2, "b");
  Xid();
  AnonymousInsert(3);
  const LogBatch batch = encoder_->Take();
  ASSERT_EQ(batch.transactions.size(), 3u);
  EXPECT_EQ(batch.transactions[1].number, 5u);
  EXPECT_EQ(ResumeToken::Decode(batch.resume)->offset, place_);
}

TEST_F(FileLogEncoderTest, WhatADumpSendsFromBeforeTheTokenIsPassedOver) {
  AnonymousInsert(1);
  AnonymousInsert(2);
  Restart(TakeDurable());
  AnonymousInsert(1);
  AnonymousInsert(2);
  AnonymousInsert(3);
  const LogBatch batch = encoder_->Take();
  EXPECT_THAT(Briefs(batch), ElementsAre("CREATE 0 key(3) after(3,a) last", "END 1"));
  EXPECT_EQ(batch.transactions.size(), 1u);
}

TEST_F(FileLogEncoderTest, ATokenFollowsTheLogIntoTheNextFile) {
  AnonymousInsert(1);
  BeginFile("binlog.000008", 4);
  EXPECT_EQ(ResumeToken::Decode(encoder_->Take().resume)->file_begun_s, 0u);
  time_s_ += 60;
  Ok(TryFormat());
  const ResumeToken token = *ResumeToken::Decode(encoder_->Take().resume);
  EXPECT_EQ(token.file, "binlog.000008");
  EXPECT_EQ(token.offset, 4u);
  EXPECT_EQ(token.file_begun_s, time_s_);
}

TEST_F(FileLogEncoderTest, AFileThatEndsBeforeTheTokensPlaceIsDataLoss) {
  AnonymousInsert(1);
  AnonymousInsert(2);
  Restart(TakeDurable());
  AnonymousInsert(1);
  place_ = 4;
  const absl::Status status =
      Try(EventType::kRotate, EventBuilder().U64(4).Text("binlog.000008").str(),
          EventHeader::kArtificial);
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
  EXPECT_THAT(status.message(), HasSubstr("binlog.000007 ends at"));
}

TEST_F(FileLogEncoderTest, AFileOfTheSameNameThatWasBegunAtAnotherTimeIsDataLoss) {
  AnonymousInsert(1);
  Restart(TakeDurable());
  time_s_ += 1;
  BeginFile("binlog.000007", place_);
  const absl::Status status = TryFormat();
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
  EXPECT_THAT(status.message(), HasSubstr("RESET"));
}

TEST_F(FileLogEncoderTest, TheRestOfALargeTransactionMustStartWhereItDid) {
  ResumeToken token;
  token.file = "binlog.000007";
  token.offset = 4;
  token.partial = {7, 5000};
  token.partial_rows = token.partial_changes = 10;
  Start(token);
  const absl::Status status = Try(EventType::kAnonymousGtid, GtidBody(0));
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
  EXPECT_THAT(status.message(), HasSubstr("7:5000"));
}

TEST_F(FileLogEncoderTest, PlacesAbove4GiBAreKnown) {
  ResumeToken token;
  token.file = "binlog.000007";
  token.offset = (uint64_t{1} << 32) + 300;
  Start(token);
  place_ = (uint64_t{1} << 32) - 40;
  Query("FLUSH PRIVILEGES");  // ends above, and is passed over as all before the token's place
  Ok(Try(EventType::kXid, EventBuilder().U64(9).str()));
  place_ = token.offset;
  AnonymousInsert(1);
  EXPECT_EQ(encoder_->Take().transactions[0].commit, (model::Position{7, token.offset}));
}

}  // namespace
}  // namespace tidemark::capture::mysql
