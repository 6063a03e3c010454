#include "capture/mysql/binlog_event.h"

#include <zlib.h>

#include <algorithm>
#include <charconv>

#include "absl/strings/str_cat.h"
#include "capture/mysql/byte_reader.h"

namespace tidemark::capture::mysql {
namespace {

constexpr size_t kChecksumSize = 4;
constexpr size_t kFlagsAt = 17;
constexpr uint8_t kInUse = 1;

struct Name {
  EventType type;
  const char* name;
};

constexpr Name kNames[] = {
    {EventType::kQuery, "QUERY"},
    {EventType::kStop, "STOP"},
    {EventType::kRotate, "ROTATE"},
    {EventType::kIntVar, "INTVAR"},
    {EventType::kRand, "RAND"},
    {EventType::kUserVar, "USER_VAR"},
    {EventType::kFormatDescription, "FORMAT_DESCRIPTION"},
    {EventType::kXid, "XID"},
    {EventType::kBeginLoadQuery, "BEGIN_LOAD_QUERY"},
    {EventType::kExecuteLoadQuery, "EXECUTE_LOAD_QUERY"},
    {EventType::kTableMap, "TABLE_MAP"},
    {EventType::kWriteRowsV1, "WRITE_ROWS_V1"},
    {EventType::kUpdateRowsV1, "UPDATE_ROWS_V1"},
    {EventType::kDeleteRowsV1, "DELETE_ROWS_V1"},
    {EventType::kIncident, "INCIDENT"},
    {EventType::kHeartbeat, "HEARTBEAT"},
    {EventType::kIgnorable, "IGNORABLE"},
    {EventType::kRowsQuery, "ROWS_QUERY"},
    {EventType::kWriteRows, "WRITE_ROWS"},
    {EventType::kUpdateRows, "UPDATE_ROWS"},
    {EventType::kDeleteRows, "DELETE_ROWS"},
    {EventType::kGtid, "GTID"},
    {EventType::kAnonymousGtid, "ANONYMOUS_GTID"},
    {EventType::kPreviousGtids, "PREVIOUS_GTIDS"},
    {EventType::kTransactionContext, "TRANSACTION_CONTEXT"},
    {EventType::kViewChange, "VIEW_CHANGE"},
    {EventType::kXaPrepare, "XA_PREPARE"},
    {EventType::kPartialUpdateRows, "PARTIAL_UPDATE_ROWS"},
    {EventType::kTransactionPayload, "TRANSACTION_PAYLOAD"},
    {EventType::kHeartbeatV2, "HEARTBEAT_V2"},
    {EventType::kGtidTagged, "GTID_TAGGED"},
    {EventType::kAnnotateRows, "ANNOTATE_ROWS"},
    {EventType::kBinlogCheckpoint, "BINLOG_CHECKPOINT"},
    {EventType::kMariaDbGtid, "MARIADB_GTID"},
    {EventType::kGtidList, "GTID_LIST"},
    {EventType::kStartEncryption, "START_ENCRYPTION"},
    {EventType::kQueryCompressed, "QUERY_COMPRESSED"},
    {EventType::kWriteRowsCompressedV1, "WRITE_ROWS_COMPRESSED_V1"},
    {EventType::kUpdateRowsCompressedV1, "UPDATE_ROWS_COMPRESSED_V1"},
    {EventType::kDeleteRowsCompressedV1, "DELETE_ROWS_COMPRESSED_V1"},
    {EventType::kWriteRowsCompressed, "WRITE_ROWS_COMPRESSED"},
    {EventType::kUpdateRowsCompressed, "UPDATE_ROWS_COMPRESSED"},
    {EventType::kDeleteRowsCompressed, "DELETE_ROWS_COMPRESSED"},
};

const Name* FindName(EventType type) {
  const Name* name = std::find_if(std::begin(kNames), std::end(kNames),
                                  [&](const Name& n) { return n.type == type; });
  return name == std::end(kNames) ? nullptr : name;
}

uint32_t Crc(uint32_t crc, std::string_view bytes) {
  return static_cast<uint32_t>(
      crc32_z(crc, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

absl::Status VerifyChecksum(uint32_t crc, std::string_view event) {
  ByteReader stored(event.substr(event.size() - kChecksumSize));
  if (stored.U32() == crc) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat(
      "the checksum of a ", EventName(static_cast<EventType>(event[4])), " event of ", event.size(),
      " bytes does not fit: the binlog is damaged on the server, or was on its way"));
}

bool HasMariaDbName(std::string_view version) {
  return version.find("MariaDB") != std::string_view::npos;
}

}  // namespace

absl::StatusOr<EventHeader> ParseHeader(std::string_view event) {
  ByteReader in(event);
  EventHeader header;
  header.timestamp = in.U32();
  header.type = static_cast<EventType>(in.U8());
  header.server_id = in.U32();
  header.size = in.U32();
  header.end_position = in.U32();
  header.flags = in.U16();
  if (!in.failed() && header.size != event.size()) in.Fail("another size than its header says");
  if (in.failed()) return in.Check(EventName(header.type));
  return header;
}

EventUse UseOf(const EventHeader& header) {
  if (FindName(header.type) != nullptr) return EventUse::kKnown;
  return (header.flags & EventHeader::kIgnorable) != 0 ? EventUse::kSkip : EventUse::kUnknown;
}

std::string EventName(EventType type) {
  const Name* name = FindName(type);
  if (name != nullptr) return name->name;
  return absl::StrCat("event type ", static_cast<int>(type));
}

bool IsRowsEvent(EventType type) {
  return (type >= EventType::kWriteRowsV1 && type <= EventType::kDeleteRowsV1) ||
         (type >= EventType::kWriteRows && type <= EventType::kDeleteRows) ||
         type == EventType::kPartialUpdateRows ||
         (type >= EventType::kWriteRowsCompressedV1 && type <= EventType::kDeleteRowsCompressed);
}

absl::StatusOr<std::string_view> EventBody(std::string_view event, Checksum checksum) {
  const size_t tail = checksum == Checksum::kCrc32 ? kChecksumSize : 0;
  if (event.size() < EventHeader::kSize + tail) {
    return absl::DataLossError("an event from the server is shorter than its frame");
  }
  if (tail > 0) {
    const uint32_t crc = Crc(0, event.substr(0, event.size() - tail));
    if (auto status = VerifyChecksum(crc, event); !status.ok()) return status;
  }
  return event.substr(EventHeader::kSize, event.size() - EventHeader::kSize - tail);
}

size_t FormatDescription::id_bytes(EventType type) const {
  const size_t index = static_cast<size_t>(type) - 1;
  return index < post_header_sizes.size() && post_header_sizes[index] == 6 ? 4 : 6;
}

namespace {

// Of "8.4.7-log"; 0: of something else.
uint32_t VersionNumber(std::string_view text) {
  uint32_t number = 0;
  for (int part = 0; part < 3; ++part) {
    if (part > 0 && (text.empty() || text[0] != '.')) return 0;
    if (part > 0) text.remove_prefix(1);
    uint32_t value = 0;
    const char* const end = text.data() + text.size();
    const auto [at, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc() || value > 99) return 0;
    number = number * 100 + value;
    text.remove_prefix(at - text.data());
  }
  return number;
}

}  // namespace

// It ends in the checksum's algorithm and four bytes for a checksum, even where there are none. The
// checksum was made while the file was not yet marked as in use.
absl::StatusOr<FormatDescription> ParseFormatDescription(std::string_view event) {
  constexpr size_t kVersionSize = 50;
  constexpr size_t kTail = 1 + kChecksumSize;
  if (event.size() < EventHeader::kSize + 2 + kVersionSize + 5 + kTail) {
    return absl::DataLossError("malformed FORMAT_DESCRIPTION event from the server: cut short");
  }
  ByteReader in(event.substr(EventHeader::kSize, event.size() - EventHeader::kSize - kTail));
  FormatDescription format;
  format.binlog_version = in.U16();
  const std::string_view version = in.Bytes(kVersionSize);
  format.server_version = std::string(version.substr(0, version.find('\0')));
  format.mariadb = HasMariaDbName(format.server_version);
  format.version = VersionNumber(format.server_version);
  format.created = in.U32();
  if (format.binlog_version != 4) in.Fail("not version 4 of the binlog's format");
  if (in.U8() != EventHeader::kSize) in.Fail("headers of another size");
  const std::string_view sizes = in.Rest();
  format.post_header_sizes.assign(sizes.begin(), sizes.end());
  const uint8_t algorithm = static_cast<uint8_t>(event[event.size() - kTail]);
  if (algorithm > static_cast<uint8_t>(Checksum::kCrc32)) in.Fail("a checksum of unknown kind");
  if (auto status = in.Check("FORMAT_DESCRIPTION"); !status.ok()) return status;
  format.checksum = static_cast<Checksum>(algorithm);
  if (format.checksum == Checksum::kNone) return format;

  const char flags = static_cast<char>(event[kFlagsAt] & ~kInUse);
  uint32_t crc = Crc(0, event.substr(0, kFlagsAt));
  crc = Crc(crc, std::string_view(&flags, 1));
  crc = Crc(crc, event.substr(kFlagsAt + 1, event.size() - kFlagsAt - 1 - kChecksumSize));
  if (auto status = VerifyChecksum(crc, event); !status.ok()) return status;
  return format;
}

}  // namespace tidemark::capture::mysql
