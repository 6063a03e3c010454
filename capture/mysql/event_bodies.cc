#include "capture/mysql/binlog_event.h"

#include <algorithm>

#include "capture/mysql/byte_reader.h"

namespace tidemark::capture::mysql {
namespace {

// Microseconds in 7 bytes; the top bit says that another time follows.
constexpr uint64_t kTimeFollows = uint64_t{1} << 55;
constexpr uint32_t kVersionFollows = uint32_t{1} << 31;

void ReadCommitTimes(ByteReader& in, GtidEvent* gtid) {
  const uint64_t immediate = in.Unsigned(7);
  gtid->immediate_commit_us = immediate & ~kTimeFollows;
  gtid->original_commit_us =
      (immediate & kTimeFollows) != 0 ? in.Unsigned(7) : gtid->immediate_commit_us;
}

void ReadServerVersions(ByteReader& in, GtidEvent* gtid) {
  const uint32_t immediate = in.U32();
  gtid->immediate_server_version = immediate & ~kVersionFollows;
  gtid->original_server_version =
      (immediate & kVersionFollows) != 0 ? in.U32() : gtid->immediate_server_version;
}

Uuid ToUuid(std::string_view bytes) {
  Uuid uuid = {};
  std::copy(bytes.begin(), bytes.end(), uuid.begin());
  return uuid;
}

// Older servers end the event earlier; each part is whole or absent.
absl::StatusOr<GtidEvent> ParseUntaggedGtid(EventType type, std::string_view body) {
  constexpr uint8_t kLogicalTimestamps = 2;
  ByteReader in(body);
  GtidEvent gtid;
  gtid.flags = in.U8();
  gtid.uuid = ToUuid(in.Bytes(gtid.uuid.size()));
  gtid.number = in.U64();
  if (in.left() > 0 && in.U8() == kLogicalTimestamps) {
    gtid.last_committed = static_cast<int64_t>(in.U64());
    gtid.sequence_number = static_cast<int64_t>(in.U64());
    if (in.left() > 0) ReadCommitTimes(in, &gtid);
    if (in.left() > 0) gtid.transaction_size = in.Packed();
    if (in.left() > 0) ReadServerVersions(in, &gtid);
  }
  if (auto status = in.Check(EventName(type)); !status.ok()) return status;
  if (type == EventType::kAnonymousGtid) gtid.number = 0;
  return gtid;
}

// Integers and messages of MySQL 8.4 libs/mysql/serialization (variable_length_integers.h).
uint64_t VarUnsigned(ByteReader& in) {
  const uint8_t first = in.U8();
  int ones = 0;
  while (ones < 8 && (first >> ones & 1) != 0) ++ones;
  if (ones == 8) return in.U64();
  const uint64_t rest = in.Unsigned(ones);
  return (uint64_t{first} >> (ones + 1)) | rest << (7 - ones);
}

int64_t VarSigned(ByteReader& in) {
  const uint64_t zigzag = VarUnsigned(in);
  return static_cast<int64_t>(zigzag >> 1 ^ (0 - (zigzag & 1)));
}

Uuid VarUuid(ByteReader& in) {
  Uuid uuid = {};
  for (uint8_t& byte : uuid) {
    const uint64_t value = VarUnsigned(in);
    if (value > 255) in.Fail("no byte of a uuid");
    byte = static_cast<uint8_t>(value);
  }
  return uuid;
}

// False: not a field that this knows.
bool ReadTaggedField(uint64_t field, ByteReader& in, GtidEvent* gtid) {
  switch (field) {
    case 0:
      gtid->flags = static_cast<uint8_t>(VarUnsigned(in));
      return true;
    case 1:
      gtid->uuid = VarUuid(in);
      return true;
    case 2:
      gtid->number = static_cast<uint64_t>(VarSigned(in));
      return true;
    case 3:
      gtid->tag = in.Bytes(VarUnsigned(in));
      return true;
    case 4:
      gtid->last_committed = VarSigned(in);
      return true;
    case 5:
      gtid->sequence_number = VarSigned(in);
      return true;
    case 6:
      gtid->immediate_commit_us = VarUnsigned(in);
      return true;
    case 7:
      gtid->original_commit_us = VarUnsigned(in);
      return true;
    case 8:
      gtid->transaction_size = VarUnsigned(in);
      return true;
    case 9:
      gtid->immediate_server_version = static_cast<uint32_t>(VarUnsigned(in));
      return true;
    case 10:
      gtid->original_server_version = static_cast<uint32_t>(VarUnsigned(in));
      return true;
    case 11:
      VarUnsigned(in);  // ticket of the group commit
      return true;
    default:
      return false;
  }
}

absl::StatusOr<GtidEvent> ParseTaggedGtid(std::string_view body) {
  ByteReader in(body);
  if (const uint64_t version = VarUnsigned(in); version != 1 && !in.failed()) {
    in.Fail("a format of a newer server");
  }
  VarUnsigned(in);  // size of the message
  const uint64_t must_know = VarUnsigned(in);
  GtidEvent gtid;
  while (in.left() > 0) {
    const uint64_t field = VarUnsigned(in);
    if (ReadTaggedField(field, in, &gtid)) continue;
    if (field <= must_know) in.Fail("a field of a newer server that must not be skipped");
    break;
  }
  if (auto status = in.Check("GTID_TAGGED"); !status.ok()) return status;
  if (gtid.original_commit_us == 0) gtid.original_commit_us = gtid.immediate_commit_us;
  if (gtid.original_server_version == 0) {
    gtid.original_server_version = gtid.immediate_server_version;
  }
  return gtid;
}

XaId ReadXaId(ByteReader& in, uint32_t format, uint32_t gtrid_size, uint32_t bqual_size) {
  constexpr uint32_t kPartMax = 64;
  if (gtrid_size > kPartMax || bqual_size > kPartMax) in.Fail("no XA id");
  XaId id;
  id.format = format;
  id.gtrid = std::string(in.Bytes(gtrid_size));
  id.bqual = std::string(in.Bytes(bqual_size));
  return id;
}

void SkipStrings(ByteReader& in, int count) {
  for (int i = 0; i < count; ++i) {
    while (in.left() > 0 && in.U8() != 0) continue;
  }
}

// MySQL 8.4 libs/mysql/binlog/event/statement_events.h, Query_event_status_vars.
bool ReadVariable(uint8_t code, ByteReader& in, QueryEvent* query) {
  constexpr uint8_t kTooManyDatabases = 254;
  switch (code) {
    case 1:  // sql_mode
      query->sql_mode = in.U64();
      return true;
    case 4:  // charsets
      query->client_charset = in.U16();
      query->connection_collation = in.U16();
      query->server_collation = in.U16();
      return true;
    case 2:  // catalog, with NUL
      in.Skip(uint64_t{in.U8()} + 1);
      return true;
    case 5:  // time zone
    case 6:  // catalog
      in.ShortString();
      return true;
    case 11:  // invoker: user, host
      in.ShortString();
      in.ShortString();
      return true;
    case 12: {  // databases that it touches
      const uint8_t count = in.U8();
      if (count != kTooManyDatabases) SkipStrings(in, count);
      return true;
    }
    case 16:
    case 19:
    case 20:
      in.Skip(1);
      return true;
    case 7:
    case 8:
    case 18:
      in.Skip(2);
      return true;
    case 13:
      in.Skip(3);
      return true;
    case 0:
    case 3:
    case 10:
      in.Skip(4);
      return true;
    case 9:
    case 17:
      in.Skip(8);
      return true;
    default:
      return false;
  }
}

// MariaDB 11.8 sql/log_event.h, Q_HRNOW to Q_CHARACTER_SET_COLLATIONS.
bool SkipMariaDbVariable(uint8_t code, ByteReader& in) {
  switch (code) {
    case 128:  // microseconds
      in.Skip(3);
      return true;
    case 129:  // XID of a DDL
      in.Skip(8);
      return true;
    case 130: {  // extra flags of the GTID
      constexpr uint8_t kWithSequence =
          MariaDbGtidEvent::kExtraCommitAlter | MariaDbGtidEvent::kExtraRollbackAlter;
      if ((in.U8() & kWithSequence) != 0) in.Skip(8);
      return true;
    }
    case 131:  // default collations of charsets
      in.Skip(uint64_t{in.U8()} * 4);
      return true;
    default:
      return false;
  }
}

absl::Status ReadVariables(std::string_view variables, bool mariadb, QueryEvent* query) {
  ByteReader in(variables);
  while (in.left() > 0) {
    const uint8_t code = in.U8();
    if (ReadVariable(code, in, query)) continue;
    // Of an unknown variable the size is not known either.
    if (!mariadb || !SkipMariaDbVariable(code, in)) break;
  }
  return in.Check("QUERY");
}

}  // namespace

absl::StatusOr<RotateEvent> ParseRotate(std::string_view body) {
  ByteReader in(body);
  RotateEvent rotate;
  rotate.position = in.U64();
  rotate.file = in.Rest();
  if (rotate.file.empty()) in.Fail("no file name");
  if (auto status = in.Check("ROTATE"); !status.ok()) return status;
  return rotate;
}

absl::StatusOr<HeartbeatEvent> ParseHeartbeat(EventType type, std::string_view body) {
  HeartbeatEvent heartbeat;
  if (type == EventType::kHeartbeat) {
    heartbeat.file = body;
    return heartbeat;
  }
  constexpr uint64_t kEnd = 0, kFile = 1, kPosition = 2;
  ByteReader in(body);
  while (in.left() > 0) {
    const uint64_t field = in.Packed();
    if (field == kEnd) break;
    ByteReader value(in.Bytes(in.Packed()));
    if (field == kFile) heartbeat.file = value.Rest();
    if (field == kPosition) heartbeat.position = value.Packed();
    if (value.failed()) in.Fail("a field is cut short");
  }
  if (auto status = in.Check("HEARTBEAT_V2"); !status.ok()) return status;
  return heartbeat;
}

absl::StatusOr<GtidEvent> ParseGtid(EventType type, std::string_view body) {
  return type == EventType::kGtidTagged ? ParseTaggedGtid(body) : ParseUntaggedGtid(type, body);
}

absl::StatusOr<MariaDbGtidEvent> ParseMariaDbGtid(std::string_view body) {
  constexpr uint8_t kGroupCommitId = 0x02;
  constexpr uint8_t kExtraEngines = 0x01;
  ByteReader in(body);
  MariaDbGtidEvent gtid;
  gtid.sequence = in.U64();
  gtid.domain = in.U32();
  gtid.flags = in.U8();
  if ((gtid.flags & kGroupCommitId) != 0) gtid.commit_id = in.U64();
  if ((gtid.flags & (gtid.kPreparedXa | gtid.kCompletedXa)) != 0) {
    const uint32_t format = in.U32();
    const uint8_t gtrid_size = in.U8();
    const uint8_t bqual_size = in.U8();
    gtid.xid = ReadXaId(in, format, gtrid_size, bqual_size);
  }
  // What follows is absent in older servers, or zeros that fill the event up.
  if (in.left() > 0) gtid.flags_extra = in.U8();
  if ((gtid.flags_extra & kExtraEngines) != 0) in.Skip(1);
  if ((gtid.flags_extra & (gtid.kExtraCommitAlter | gtid.kExtraRollbackAlter)) != 0) {
    gtid.start_alter_sequence = in.U64();
  }
  if (auto status = in.Check("MARIADB_GTID"); !status.ok()) return status;
  return gtid;
}

absl::StatusOr<std::vector<GtidListEntry>> ParseGtidList(std::string_view body) {
  constexpr uint32_t kCountMask = (uint32_t{1} << 28) - 1;
  constexpr size_t kEntrySize = 16;
  ByteReader in(body);
  const uint32_t count = in.U32() & kCountMask;
  if (count > in.left() / kEntrySize) in.Fail("fewer entries than it says");
  std::vector<GtidListEntry> entries;
  for (uint32_t i = 0; i < count && !in.failed(); ++i) {
    GtidListEntry& entry = entries.emplace_back();
    entry.domain = in.U32();
    entry.server_id = in.U32();
    entry.sequence = in.U64();
  }
  if (auto status = in.Check("GTID_LIST"); !status.ok()) return status;
  return entries;
}

absl::StatusOr<QueryEvent> ParseQuery(std::string_view body, bool mariadb) {
  ByteReader in(body);
  QueryEvent query;
  query.thread_id = in.U32();
  in.Skip(4);  // seconds that it took
  const uint8_t database_size = in.U8();
  query.error_code = in.U16();
  const std::string_view variables = in.Bytes(in.U16());
  query.database = in.Bytes(database_size);
  if (in.U8() != 0) in.Fail("no end of the database's name");
  query.text = in.Rest();
  if (auto status = in.Check("QUERY"); !status.ok()) return status;
  if (auto status = ReadVariables(variables, mariadb, &query); !status.ok()) return status;
  return query;
}

absl::StatusOr<uint64_t> ParseXid(std::string_view body) {
  ByteReader in(body);
  const uint64_t xid = in.U64();
  if (auto status = in.Check("XID"); !status.ok()) return status;
  return xid;
}

absl::StatusOr<XaPrepareEvent> ParseXaPrepare(std::string_view body) {
  ByteReader in(body);
  XaPrepareEvent prepare;
  prepare.one_phase = in.U8() != 0;
  const uint32_t format = in.U32();
  const uint32_t gtrid_size = in.U32();
  const uint32_t bqual_size = in.U32();
  prepare.xid = ReadXaId(in, format, gtrid_size, bqual_size);
  if (auto status = in.Check("XA_PREPARE"); !status.ok()) return status;
  return prepare;
}

absl::StatusOr<IncidentEvent> ParseIncident(std::string_view body) {
  ByteReader in(body);
  IncidentEvent incident;
  incident.number = in.U16();
  if (in.left() > 0) incident.message = in.ShortString();
  if (auto status = in.Check("INCIDENT"); !status.ok()) return status;
  return incident;
}

absl::StatusOr<std::string_view> ParseRowsQuery(EventType type, std::string_view body) {
  if (type == EventType::kAnnotateRows) return body;
  ByteReader in(body);
  in.Skip(1);  // the text's size, cut to one byte
  const std::string_view text = in.Rest();
  if (auto status = in.Check("ROWS_QUERY"); !status.ok()) return status;
  return text;
}

}  // namespace tidemark::capture::mysql
