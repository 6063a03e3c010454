#ifndef TIDEMARK_CAPTURE_MYSQL_BINLOG_EVENT_H_
#define TIDEMARK_CAPTURE_MYSQL_BINLOG_EVENT_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "capture/mysql/xa_id.h"

namespace tidemark::capture::mysql {

// Parser of binlog events: what is around all of them, and the forms of those that carry no rows
// (rows: table_map.h, row_image.h; compressed ones: payload.h). Source: MySQL 8.4
// libs/mysql/binlog/event/{binlog_event,control_events,statement_events}.h and sql/log_event.cc;
// MariaDB 11.8 sql/log_event.h. All integers are little endian.
//
// Pure: no I/O, no clock. All views point into the parsed bytes. Bytes that do not fit the layout
// give DataLoss with the event's kind and the offset in it; never a value of a row.
//
//   header = ParseHeader(event);
//   if (header->type == EventType::kFormatDescription) format = ParseFormatDescription(event);
//   body = EventBody(event, format.checksum);
//   switch (header->type) ... ParseQuery(*body) ...

enum class EventType : uint8_t {
  kQuery = 2,
  kStop = 3,
  kRotate = 4,
  kIntVar = 5,
  kRand = 13,
  kUserVar = 14,
  kFormatDescription = 15,
  kXid = 16,
  kBeginLoadQuery = 17,
  kExecuteLoadQuery = 18,
  kTableMap = 19,
  kWriteRowsV1 = 23,
  kUpdateRowsV1 = 24,
  kDeleteRowsV1 = 25,
  kIncident = 26,
  kHeartbeat = 27,
  kIgnorable = 28,
  kRowsQuery = 29,
  kWriteRows = 30,
  kUpdateRows = 31,
  kDeleteRows = 32,
  kGtid = 33,
  kAnonymousGtid = 34,
  kPreviousGtids = 35,
  kTransactionContext = 36,
  kViewChange = 37,
  kXaPrepare = 38,
  kPartialUpdateRows = 39,
  kTransactionPayload = 40,
  kHeartbeatV2 = 41,
  kGtidTagged = 42,
  // MariaDB.
  kAnnotateRows = 160,
  kBinlogCheckpoint = 161,
  kMariaDbGtid = 162,
  kGtidList = 163,
  kStartEncryption = 164,
  kQueryCompressed = 165,
  kWriteRowsCompressedV1 = 166,
  kUpdateRowsCompressedV1 = 167,
  kDeleteRowsCompressedV1 = 168,
  kWriteRowsCompressed = 169,
  kUpdateRowsCompressed = 170,
  kDeleteRowsCompressed = 171,
};

// What a reader of rows has to do with a type.
enum class EventUse : uint8_t {
  kKnown,    // one of EventType
  kSkip,     // unknown, and flagged as one that may be skipped
  kUnknown,  // unknown: fail closed
};

struct EventHeader {
  static constexpr size_t kSize = 19;
  static constexpr uint16_t kThreadSpecific = 0x4;
  static constexpr uint16_t kArtificial = 0x20;
  static constexpr uint16_t kIgnorable = 0x80;
  static constexpr uint16_t kSkipReplication = 0x8000;  // MariaDB

  uint32_t timestamp = 0;  // seconds since 1970; when the statement began; 0: made for the dump
  EventType type = EventType::kQuery;
  uint32_t server_id = 0;
  uint32_t size = 0;          // header, body and checksum
  uint32_t end_position = 0;  // low 32 bits of where it ends in its file; 0: not known
  uint16_t flags = 0;

  bool artificial() const { return (flags & kArtificial) != 0; }
};

// DataLoss: shorter than a header, or another size than it says.
absl::StatusOr<EventHeader> ParseHeader(std::string_view event);

EventUse UseOf(const EventHeader& header);
// "QUERY", "WRITE_ROWS"; "event type 77" for one that is not known.
std::string EventName(EventType type);
// INSERT, UPDATE, DELETE of rows, compressed ones included.
bool IsRowsEvent(EventType type);

enum class Checksum : uint8_t { kNone = 0, kCrc32 = 1 };

// Body without header and checksum, and the checksum verified (CRC-32 of zlib over all before it).
// DataLoss: the checksum does not fit.
absl::StatusOr<std::string_view> EventBody(std::string_view event, Checksum checksum);

// The first event of every file. What it says holds until the next one.
struct FormatDescription {
  uint16_t binlog_version = 4;
  std::string server_version;  // "8.4.7", "10.11.19-MariaDB-log"
  bool mariadb = false;
  uint32_t version = 0;  // 80407 is 8.4.7; 0: the text is none
  uint32_t created = 0;  // seconds since 1970; 0: the dump began inside the file
  Checksum checksum = Checksum::kNone;
  // By event type - 1: bytes of the post-header.
  std::vector<uint8_t> post_header_sizes;

  // Width of the table id in TABLE_MAP and ROWS events: 4 or 6.
  size_t id_bytes(EventType type) const;
};

// `event`: the whole event. DataLoss: malformed, no version 4, or the checksum does not fit.
absl::StatusOr<FormatDescription> ParseFormatDescription(std::string_view event);

struct RotateEvent {
  uint64_t position = 4;
  std::string_view file;
};

// Versions 1 and 2. `position` is of 64 bits in version 2 only.
struct HeartbeatEvent {
  std::string_view file;
  std::optional<uint64_t> position;
};

using Uuid = std::array<uint8_t, 16>;

// GTID, ANONYMOUS_GTID and GTID_TAGGED alike; what an older server does not write is 0.
struct GtidEvent {
  static constexpr uint8_t kMayHaveStatements = 1;

  uint8_t flags = 0;
  Uuid uuid = {};
  std::string_view tag;
  uint64_t number = 0;  // 0 where anonymous
  int64_t last_committed = 0;
  int64_t sequence_number = 0;
  // Microseconds since 1970: committed on this server, and where it was committed first.
  uint64_t immediate_commit_us = 0;
  uint64_t original_commit_us = 0;
  uint64_t transaction_size = 0;  // bytes in the binlog, this event included
  uint32_t immediate_server_version = 0;
  uint32_t original_server_version = 0;
};

struct MariaDbGtidEvent {
  static constexpr uint8_t kStandalone = 0x01;
  static constexpr uint8_t kTransactional = 0x04;
  static constexpr uint8_t kDdl = 0x20;
  static constexpr uint8_t kPreparedXa = 0x40;
  static constexpr uint8_t kCompletedXa = 0x80;
  static constexpr uint8_t kExtraStartAlter = 0x02;
  static constexpr uint8_t kExtraCommitAlter = 0x04;
  static constexpr uint8_t kExtraRollbackAlter = 0x08;

  uint32_t domain = 0;
  uint64_t sequence = 0;  // the server id is the header's
  uint8_t flags = 0;
  uint8_t flags_extra = 0;
  uint64_t commit_id = 0;             // of its group commit; 0: alone
  std::optional<XaId> xid;            // with kPreparedXa or kCompletedXa
  uint64_t start_alter_sequence = 0;  // with kExtraCommitAlter or kExtraRollbackAlter

  bool standalone() const { return (flags & kStandalone) != 0; }
  // Its statement is not executed at this place: START ALTER, ROLLBACK ALTER.
  bool idle() const { return (flags_extra & (kExtraStartAlter | kExtraRollbackAlter)) != 0; }
};

struct GtidListEntry {
  uint32_t domain = 0;
  uint32_t server_id = 0;
  uint64_t sequence = 0;
};

struct QueryEvent {
  uint32_t thread_id = 0;
  uint16_t error_code = 0;  // not 0: the statement failed half-way on the source
  uint64_t sql_mode = 0;
  // Collation ids; 0: not told.
  uint16_t client_charset = 0;
  uint16_t connection_collation = 0;
  uint16_t server_collation = 0;
  std::string_view database;  // the session's; not always the statement's
  std::string_view text;      // in client_charset; compressed in QUERY_COMPRESSED (payload.h)
};

struct XaPrepareEvent {
  bool one_phase = false;  // commits at once
  XaId xid;
};

struct IncidentEvent {
  uint16_t number = 0;  // 1: lost events
  std::string_view message;
};

// Each parses the body of an event of its type. DataLoss: malformed.
absl::StatusOr<RotateEvent> ParseRotate(std::string_view body);
absl::StatusOr<HeartbeatEvent> ParseHeartbeat(EventType type, std::string_view body);
// kGtid, kAnonymousGtid, kGtidTagged.
absl::StatusOr<GtidEvent> ParseGtid(EventType type, std::string_view body);
absl::StatusOr<MariaDbGtidEvent> ParseMariaDbGtid(std::string_view body);
absl::StatusOr<std::vector<GtidListEntry>> ParseGtidList(std::string_view body);
// `mariadb`: status variables from 128 on are MariaDB's.
absl::StatusOr<QueryEvent> ParseQuery(std::string_view body, bool mariadb);
// The engine's number of the transaction; ends it.
absl::StatusOr<uint64_t> ParseXid(std::string_view body);
absl::StatusOr<XaPrepareEvent> ParseXaPrepare(std::string_view body);
absl::StatusOr<IncidentEvent> ParseIncident(std::string_view body);
// The statement's text: ROWS_QUERY and ANNOTATE_ROWS. It holds values of rows.
absl::StatusOr<std::string_view> ParseRowsQuery(EventType type, std::string_view body);

}  // namespace tidemark::capture::mysql

#endif  // TIDEMARK_CAPTURE_MYSQL_BINLOG_EVENT_H_
