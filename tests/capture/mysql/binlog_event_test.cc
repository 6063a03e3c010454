#include "capture/mysql/binlog_event.h"

#include <gtest/gtest.h>

#include <string>

#include "event_builder.h"

namespace tidemark::capture::mysql {
namespace {

const Uuid kUuid = {0x3e, 0x11, 0xfa, 0x47, 0x71, 0xca, 0x11, 0xe1,
                    0x9e, 0x33, 0xc8, 0x0a, 0xa9, 0x42, 0x95, 0x62};

std::string UuidBytes() { return std::string(kUuid.begin(), kUuid.end()); }

EventBuilder Description(std::string version, uint8_t checksum) {
  version.resize(50, '\0');
  EventBuilder body;
  body.U16(4).Text(version).U32(0).U8(19);
  for (int type = 1; type <= 42; ++type) body.U8(type == 19 ? 8 : type >= 30 ? 10 : 0);
  return body.U8(checksum);
}

TEST(BinlogEventTest, TheHeaderSaysWhatTheEventIs) {
  const auto header = ParseHeader(WholeEvent(EventType::kXid, "12345678", Checksum::kNone, 0x20));
  ASSERT_TRUE(header.ok()) << header.status();
  EXPECT_EQ(header->type, EventType::kXid);
  EXPECT_EQ(header->timestamp, 1700000000u);
  EXPECT_EQ(header->server_id, 7u);
  EXPECT_EQ(header->size, 27u);
  EXPECT_EQ(header->end_position, 1000u);
  EXPECT_TRUE(header->artificial());
}

TEST(BinlogEventTest, AnEventOfAnotherSizeThanItSaysIsRefused) {
  const std::string event = WholeEvent(EventType::kXid, "12345678", Checksum::kNone);
  EXPECT_FALSE(ParseHeader(event.substr(0, event.size() - 1)).ok());
  EXPECT_FALSE(ParseHeader(event + "x").ok());
  EXPECT_FALSE(ParseHeader("").ok());
}

TEST(BinlogEventTest, AnUnknownTypeIsSkippedOnlyWithTheFlag) {
  EventHeader header;
  header.type = static_cast<EventType>(77);
  EXPECT_EQ(UseOf(header), EventUse::kUnknown);
  header.flags = EventHeader::kIgnorable;
  EXPECT_EQ(UseOf(header), EventUse::kSkip);
  header.type = EventType::kGtid;
  EXPECT_EQ(UseOf(header), EventUse::kKnown);
  EXPECT_EQ(EventName(header.type), "GTID");
}

TEST(BinlogEventTest, TheChecksumIsVerifiedAndLeftOut) {
  std::string event = WholeEvent(EventType::kXid, "12345678", Checksum::kCrc32);
  const auto body = EventBody(event, Checksum::kCrc32);
  ASSERT_TRUE(body.ok()) << body.status();
  EXPECT_EQ(*body, "12345678");
  event[20] ^= 1;
  EXPECT_EQ(EventBody(event, Checksum::kCrc32).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_FALSE(EventBody("short", Checksum::kNone).ok());
}

TEST(BinlogEventTest, TheDescriptionTellsServerChecksumAndWidths) {
  const std::string event =
      WholeEvent(EventType::kFormatDescription, Description("8.4.7", 1).str(), Checksum::kCrc32);
  const auto format = ParseFormatDescription(event);
  ASSERT_TRUE(format.ok()) << format.status();
  EXPECT_EQ(format->server_version, "8.4.7");
  EXPECT_EQ(format->version, 80407u);
  EXPECT_FALSE(format->mariadb);
  EXPECT_EQ(format->checksum, Checksum::kCrc32);
  EXPECT_EQ(format->id_bytes(EventType::kTableMap), 6u);

  // Without checksums its four bytes are there all the same.
  const auto plain = ParseFormatDescription(
      WholeEvent(EventType::kFormatDescription, Description("10.11.19-MariaDB-log", 0).U32(0).str(),
                 Checksum::kNone));
  ASSERT_TRUE(plain.ok()) << plain.status();
  EXPECT_EQ(plain->checksum, Checksum::kNone);
  EXPECT_TRUE(plain->mariadb);
}

TEST(BinlogEventTest, TheDescriptionOfAFileInUseHasTheChecksumOfOneThatIsNot) {
  std::string event =
      WholeEvent(EventType::kFormatDescription, Description("8.4.7", 1).str(), Checksum::kCrc32);
  event[17] |= 1;
  EXPECT_TRUE(ParseFormatDescription(event).ok());
  event[30] ^= 1;
  EXPECT_FALSE(ParseFormatDescription(event).ok());
}

TEST(BinlogEventTest, RotateNamesTheNextFile) {
  const std::string body = EventBuilder().U64(4).Text("binlog.000002").str();
  const auto rotate = ParseRotate(body);
  ASSERT_TRUE(rotate.ok());
  EXPECT_EQ(rotate->position, 4u);
  EXPECT_EQ(rotate->file, "binlog.000002");
  EXPECT_FALSE(ParseRotate("1234567").ok());
}

TEST(BinlogEventTest, HeartbeatsOfBothVersionsNameTheFile) {
  const auto old = ParseHeartbeat(EventType::kHeartbeat, "binlog.000007");
  ASSERT_TRUE(old.ok());
  EXPECT_EQ(old->file, "binlog.000007");
  EXPECT_FALSE(old->position.has_value());

  // File, then a position of 64 bits, then the end.
  const std::string body = EventBuilder()
                               .U8(1)
                               .ShortText("binlog.000007")
                               .U8(2)
                               .U8(9)
                               .U8(254)
                               .U64(0x100000000)
                               .U8(0)
                               .str();
  const auto v2 = ParseHeartbeat(EventType::kHeartbeatV2, body);
  ASSERT_TRUE(v2.ok()) << v2.status();
  EXPECT_EQ(v2->file, "binlog.000007");
  EXPECT_EQ(v2->position, 0x100000000u);
}

TEST(BinlogEventTest, GtidsOfEachAgeAreRead) {
  EventBuilder body;
  body.U8(1).Text(UuidBytes()).U64(42);
  const auto oldest = ParseGtid(EventType::kGtid, body.str());
  ASSERT_TRUE(oldest.ok());
  EXPECT_EQ(oldest->uuid, kUuid);
  EXPECT_EQ(oldest->number, 42u);
  EXPECT_EQ(oldest->flags, GtidEvent::kMayHaveStatements);

  body.U8(2).U64(5).U64(6).Unsigned(uint64_t{1} << 55 | 1000, 7).Unsigned(900, 7);
  body.U8(252).U16(300).U32(uint32_t{1} << 31 | 80407).U32(80036).U64(1);
  const auto gtid = ParseGtid(EventType::kGtid, body.str());
  ASSERT_TRUE(gtid.ok()) << gtid.status();
  EXPECT_EQ(gtid->last_committed, 5);
  EXPECT_EQ(gtid->sequence_number, 6);
  EXPECT_EQ(gtid->immediate_commit_us, 1000u);
  EXPECT_EQ(gtid->original_commit_us, 900u);
  EXPECT_EQ(gtid->transaction_size, 300u);
  EXPECT_EQ(gtid->immediate_server_version, 80407u);
  EXPECT_EQ(gtid->original_server_version, 80036u);
  EXPECT_EQ(ParseGtid(EventType::kAnonymousGtid, body.str())->number, 0u);
}

// Integers as variable_length_integers.h writes them: a value below 128 is shifted by one.
TEST(BinlogEventTest, TaggedGtidsAreMessages) {
  EventBuilder body;
  body.U8(1 << 1).U8(100 << 1).U8(0);  // version, size, last field that must be known
  body.U8(0 << 1).U8(1 << 1);          // flags
  body.U8(1 << 1);                     // uuid
  for (const uint8_t byte : kUuid) {
    if (byte < 128) {
      body.U8(byte << 1);
    } else {
      body.U16(byte << 2 | 1);
    }
  }
  body.U8(2 << 1).U16((1000 << 1) << 2 | 1);  // number 1000, zig-zag
  body.U8(3 << 1).U8(5 << 1).Text("tag_a");
  body.U8(4 << 1).U8(1 << 1);  // last committed: -1
  body.U8(6 << 1).U8(255).U64(uint64_t{1} << 60);
  body.U8(8 << 1).U8(100 << 1);
  body.U8(20 << 1).Text("anything");  // a field of the future
  const auto gtid = ParseGtid(EventType::kGtidTagged, body.str());
  ASSERT_TRUE(gtid.ok()) << gtid.status();
  EXPECT_EQ(gtid->uuid, kUuid);
  EXPECT_EQ(gtid->number, 1000u);
  EXPECT_EQ(gtid->tag, "tag_a");
  EXPECT_EQ(gtid->last_committed, -1);
  EXPECT_EQ(gtid->immediate_commit_us, uint64_t{1} << 60);
  EXPECT_EQ(gtid->original_commit_us, uint64_t{1} << 60);
  EXPECT_EQ(gtid->transaction_size, 100u);
}

TEST(BinlogEventTest, MariaDbGtidsCarryWhatTheirFlagsSay) {
  EventBuilder plain;
  plain.U64(12).U32(3).U8(0x2d).Hex("000000000000");
  const auto standalone = ParseMariaDbGtid(plain.str());
  ASSERT_TRUE(standalone.ok());
  EXPECT_EQ(standalone->sequence, 12u);
  EXPECT_EQ(standalone->domain, 3u);
  EXPECT_TRUE(standalone->standalone());
  EXPECT_FALSE(standalone->xid.has_value());

  EventBuilder xa;
  xa.U64(13).U32(0).U8(0x4e).U64(99).U32(7).U8(3).U8(1).Text("abcx");
  const auto prepared = ParseMariaDbGtid(xa.str());
  ASSERT_TRUE(prepared.ok()) << prepared.status();
  EXPECT_EQ(prepared->commit_id, 99u);
  EXPECT_EQ(prepared->xid, (XaId{7, "abc", "x"}));

  EventBuilder alter;
  alter.U64(14).U32(0).U8(0x29).U8(0x04).U64(12);
  const auto committed = ParseMariaDbGtid(alter.str());
  ASSERT_TRUE(committed.ok());
  EXPECT_EQ(committed->flags_extra, MariaDbGtidEvent::kExtraCommitAlter);
  EXPECT_EQ(committed->start_alter_sequence, 12u);
}

TEST(BinlogEventTest, AGtidListHasOneEntryForEachDomainAndServer) {
  const auto list =
      ParseGtidList(EventBuilder().U32(0x10000002).U32(0).U32(1).U64(5).U32(1).U32(2).U64(6).str());
  ASSERT_TRUE(list.ok());
  ASSERT_EQ(list->size(), 2u);
  EXPECT_EQ((*list)[1].domain, 1u);
  EXPECT_EQ((*list)[1].server_id, 2u);
  EXPECT_EQ((*list)[1].sequence, 6u);
  EXPECT_FALSE(ParseGtidList(EventBuilder().U32(0x0fffffff).U64(0).str()).ok());
}

EventBuilder Query(const std::string& variables, std::string_view text) {
  EventBuilder body;
  body.U32(11).U32(0).U8(4).U16(0).U16(variables.size()).Text(variables);
  return body.Text("shop").U8(0).Text(text);
}

TEST(BinlogEventTest, AQueryHasItsSessionsModeAndCharset) {
  EventBuilder variables;
  variables.U8(0).U32(0).U8(131).U8(1).U16(33).U16(45);  // flags; MariaDB: collations
  variables.U8(1).U64(4).U8(6).ShortText("std").U8(3).U16(1).U16(1);
  variables.U8(4).U16(33).U16(45).U16(8).U8(12).U8(2).Text(std::string("a\0b\0", 4));
  variables.U8(130).U8(4).U64(7).U8(128).Unsigned(5, 3);
  const std::string body = Query(variables.str(), "DROP TABLE t").str();
  const auto query = ParseQuery(body, true);
  ASSERT_TRUE(query.ok()) << query.status();
  EXPECT_EQ(query->thread_id, 11u);
  EXPECT_EQ(query->sql_mode, 4u);
  EXPECT_EQ(query->client_charset, 33);
  EXPECT_EQ(query->connection_collation, 45);
  EXPECT_EQ(query->server_collation, 8);
  EXPECT_EQ(query->database, "shop");
  EXPECT_EQ(query->text, "DROP TABLE t");
}

TEST(BinlogEventTest, AVariableThatIsNotKnownEndsTheVariables) {
  EventBuilder variables;
  variables.U8(1).U64(4).U8(99).Text("whatever");
  const std::string body = Query(variables.str(), "COMMIT").str();
  const auto query = ParseQuery(body, false);
  ASSERT_TRUE(query.ok()) << query.status();
  EXPECT_EQ(query->sql_mode, 4u);
  EXPECT_EQ(query->text, "COMMIT");
  const std::string cut = Query(EventBuilder().U8(1).U32(4).str(), "COMMIT").str();
  EXPECT_EQ(ParseQuery(cut, false).status().code(), absl::StatusCode::kDataLoss);
}

TEST(BinlogEventTest, XaPrepareGivesTheIdThatTheStatementsGive) {
  const auto prepare =
      ParseXaPrepare(EventBuilder().U8(1).U32(1).U32(3).U32(2).Text("abcde").str());
  ASSERT_TRUE(prepare.ok());
  EXPECT_TRUE(prepare->one_phase);
  EXPECT_EQ(prepare->xid, (XaId{1, "abc", "de"}));
  EXPECT_EQ(prepare->xid.Key(), std::string("\1\0\0\0\3abcde", 10));
  EXPECT_FALSE(ParseXaPrepare(EventBuilder().U8(1).U32(1).U32(65).U32(0).str()).ok());
}

TEST(BinlogEventTest, TheSmallEventsAreRead) {
  EXPECT_EQ(*ParseXid(EventBuilder().U64(77).str()), 77u);
  EXPECT_FALSE(ParseXid("1234").ok());
  const std::string incident = EventBuilder().U16(1).ShortText("lost").str();
  EXPECT_EQ(ParseIncident(incident)->number, 1);
  EXPECT_EQ(ParseIncident(incident)->message, "lost");
  const std::string rows_query = EventBuilder().U8(3).Text("SELECT").str();
  EXPECT_EQ(*ParseRowsQuery(EventType::kRowsQuery, rows_query), "SELECT");
  EXPECT_EQ(*ParseRowsQuery(EventType::kAnnotateRows, "INSERT"), "INSERT");
}

// Cut at every byte, each parser gives a value or DataLoss, and reads nothing behind the end.
TEST(BinlogEventTest, EventsCutShortAreRefusedOrShorter) {
  const std::string xa =
      EventBuilder().U64(13).U32(0).U8(0x4e).U64(99).U32(7).U8(3).U8(1).Text("abcx").str();
  for (size_t size = 0; size < xa.size(); ++size) {
    const std::string cut = xa.substr(0, size);
    EXPECT_EQ(ParseMariaDbGtid(cut).status().code(), absl::StatusCode::kDataLoss) << size;
  }
}

}  // namespace
}  // namespace tidemark::capture::mysql
