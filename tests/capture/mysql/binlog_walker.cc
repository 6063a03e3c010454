#include "binlog_walker.h"

#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "capture/mysql/gtid_set.h"
#include "capture/mysql/mariadb_gtid.h"
#include "capture/mysql/row_image.h"
#include "capture/mysql/statement.h"

namespace tidemark::capture::mysql {
namespace {

constexpr size_t kMagicSize = 4;
constexpr size_t kInflatedMax = 4 << 20;

std::string Hex(std::string_view bytes) {
  constexpr size_t kShown = 48;
  const std::string_view shown = bytes.substr(0, kShown);
  std::string hex = absl::BytesToHexString({shown.data(), shown.size()});
  if (bytes.size() > kShown) absl::StrAppend(&hex, "..(", bytes.size(), ")");
  return hex;
}

std::string Escaped(std::string_view text) {
  constexpr size_t kShown = 200;
  const std::string_view shown = text.substr(0, kShown);
  return absl::CHexEscape({shown.data(), shown.size()});
}

std::string Shown(const RowCells& cells) {
  std::string text;
  for (const Cell& cell : cells) {
    switch (cell.kind) {
      case Cell::Kind::kNull:
        text += " null";
        break;
      case Cell::Kind::kAbsent:
        text += " -";
        break;
      case Cell::Kind::kValue:
        absl::StrAppend(&text, " ", cell.bytes.empty() ? "''" : Hex(cell.bytes));
        break;
      case Cell::Kind::kJsonDiffs:
        absl::StrAppend(&text, " diffs:", Hex(cell.bytes));
        break;
    }
  }
  return text;
}

std::string Shown(const ColumnMeta& column) {
  std::string text = absl::StrCat(Escaped(column.name), " ", static_cast<int>(column.type));
  if (column.meta != 0) absl::StrAppend(&text, "(", column.meta, ")");
  if (column.is_unsigned) text += " unsigned";
  if (column.collation != 0) absl::StrAppend(&text, " collation ", column.collation);
  if (column.geometry_type != 0) absl::StrAppend(&text, " geometry ", column.geometry_type);
  if (!column.nullable) text += " not null";
  if (!column.visible) text += " invisible";
  for (const std::string& label : column.labels) absl::StrAppend(&text, " '", Escaped(label), "'");
  return text;
}

std::string Shown(const XaId& xid) {
  return absl::StrCat(xid.format, ":", Escaped(xid.gtrid), ":", Escaped(xid.bqual));
}

std::string Shown(const Statement& statement) {
  static constexpr const char* kKinds[] = {"begin",       "commit",    "rollback",    "savepoint",
                                           "rollback to", "release",   "xa start",    "xa end",
                                           "xa prepare",  "xa commit", "xa rollback", "truncate",
                                           "definition",  "harmless",  "rows as text"};
  std::string text = kKinds[static_cast<int>(statement.kind)];
  if (!statement.name.empty()) absl::StrAppend(&text, " ", Escaped(statement.name));
  if (!statement.xid.gtrid.empty()) absl::StrAppend(&text, " ", Shown(statement.xid));
  for (const TableName& table : statement.tables) {
    absl::StrAppend(&text, " ", Escaped(table.database), ".", Escaped(table.table));
  }
  if (statement.drops) text += " drops";
  if (statement.changes_rows) text += " changes rows";
  if (statement.renames) text += " renames";
  return text;
}

bool IsCompressedRows(EventType type) {
  return type >= EventType::kWriteRowsCompressedV1 && type <= EventType::kDeleteRowsCompressed;
}

std::string_view View(const model::Bytes& bytes) { return {bytes.data(), bytes.size()}; }

}  // namespace

void BinlogWalker::Show(std::string_view line) {
  out_.append(static_cast<size_t>(depth_) * 2, ' ').append(line).push_back('\n');
}

size_t BinlogWalker::EventSize(std::string_view rest) const {
  constexpr size_t kSizeAt = 9;
  uint32_t size = 0;
  if (rest.size() >= EventHeader::kSize) std::memcpy(&size, rest.data() + kSizeAt, sizeof(size));
  if (mode_ == Mode::kMended && size < EventHeader::kSize) return rest.size();
  return std::min<size_t>(std::max<size_t>(size, 1), rest.size());
}

// With its real size, and a checksum that fits.
std::string BinlogWalker::Mended(std::string_view event) const {
  std::string mended(event);
  if (mended.size() < EventHeader::kSize + 5) return mended;
  const uint32_t size = static_cast<uint32_t>(mended.size());
  std::memcpy(mended.data() + 9, &size, sizeof(size));
  const bool description = static_cast<EventType>(mended[4]) == EventType::kFormatDescription;
  if (description) mended[17] &= ~1;
  if (description || format_.checksum == Checksum::kCrc32) {
    const uint32_t crc = static_cast<uint32_t>(
        crc32(0, reinterpret_cast<const Bytef*>(mended.data()), mended.size() - 4));
    std::memcpy(mended.data() + mended.size() - 4, &crc, sizeof(crc));
  }
  return mended;
}

std::string BinlogWalker::Walk(std::string_view file) {
  out_.clear();
  maps_.clear();
  format_ = {};
  std::string_view rest = file.substr(std::min(kMagicSize, file.size()));
  while (!rest.empty()) {
    const size_t size = EventSize(rest);
    const std::string event =
        mode_ == Mode::kMended ? Mended(rest.substr(0, size)) : std::string(rest.substr(0, size));
    rest.remove_prefix(size);
    const absl::Status status = OnEvent(event);
    if (status.ok()) continue;
    ++errors_;
    depth_ = 0;
    Show(absl::StrCat("error: ", status.message()));
    if (mode_ == Mode::kExact) break;
  }
  return std::move(out_);
}

absl::Status BinlogWalker::OnEvent(std::string_view event) {
  const auto header = ParseHeader(event);
  if (!header.ok()) return header.status();
  if (header->type == EventType::kFormatDescription) {
    auto format = ParseFormatDescription(event);
    if (!format.ok()) return format.status();
    format_ = *std::move(format);
    maps_.clear();
    Show(absl::StrCat("FORMAT_DESCRIPTION ", Escaped(format_.server_version), " checksum ",
                      static_cast<int>(format_.checksum)));
    return absl::OkStatus();
  }
  const auto body = EventBody(event, format_.checksum);
  if (!body.ok()) return body.status();
  return OnBody(*header, *body);
}

absl::Status BinlogWalker::OnBody(const EventHeader& header, std::string_view body) {
  const EventUse use = UseOf(header);
  if (use == EventUse::kSkip) return absl::OkStatus();
  if (use == EventUse::kUnknown) {
    return absl::DataLossError(absl::StrCat("unknown ", EventName(header.type)));
  }
  switch (header.type) {
    case EventType::kGtid:
    case EventType::kAnonymousGtid:
    case EventType::kGtidTagged:
      return OnGtid(header.type, body);
    case EventType::kMariaDbGtid:
      return OnMariaDbGtid(header, body);
    case EventType::kQuery:
    case EventType::kQueryCompressed:
      return OnQuery(header.type, body);
    case EventType::kTableMap:
      return OnTableMap(body);
    case EventType::kTransactionPayload:
      return OnPayload(body);
    default:
      return IsRowsEvent(header.type) ? OnRows(header.type, body) : OnSmall(header.type, body);
  }
}

absl::Status BinlogWalker::OnGtid(EventType type, std::string_view body) {
  const auto gtid = ParseGtid(type, body);
  if (!gtid.ok()) return gtid.status();
  Show(absl::StrCat(EventName(type), " ", UuidText(gtid->uuid), ":", Escaped(gtid->tag), ":",
                    gtid->number, " size ", gtid->transaction_size, " version ",
                    gtid->original_server_version));
  return absl::OkStatus();
}

absl::Status BinlogWalker::OnMariaDbGtid(const EventHeader& header, std::string_view body) {
  const auto gtid = ParseMariaDbGtid(body);
  if (!gtid.ok()) return gtid.status();
  const MariaDbGtid name{gtid->domain, header.server_id, gtid->sequence};
  std::string line = absl::StrCat("GTID ", name.ToString(), " flags ", absl::Hex(gtid->flags),
                                  " extra ", absl::Hex(gtid->flags_extra));
  if (gtid->start_alter_sequence != 0) absl::StrAppend(&line, " of ", gtid->start_alter_sequence);
  if (gtid->xid.has_value()) absl::StrAppend(&line, " xid ", Shown(*gtid->xid));
  Show(line);
  return absl::OkStatus();
}

absl::Status BinlogWalker::OnQuery(EventType type, std::string_view body) {
  model::Bytes plain;
  if (type == EventType::kQueryCompressed) {
    if (auto status = InflateQuery(body, kInflatedMax, plain); !status.ok()) return status;
    body = View(plain);
  }
  const auto query = ParseQuery(body, format_.mariadb);
  if (!query.ok()) return query.status();
  const Statement statement =
      ParseStatement(query->text, query->sql_mode, query->database, format_.mariadb);
  Show(absl::StrCat(EventName(type), " [", Escaped(query->database), "] ", Shown(statement), " | ",
                    Escaped(query->text)));
  return absl::OkStatus();
}

absl::Status BinlogWalker::OnTableMap(std::string_view body) {
  auto map = ParseTableMap(body, format_.id_bytes(EventType::kTableMap), format_);
  if (!map.ok()) return map.status();
  std::string line = absl::StrCat("TABLE_MAP ", Escaped(map->database), ".", Escaped(map->table),
                                  map->has_types ? " types" : "", map->has_names ? " names" : "");
  for (const uint32_t column : map->primary_key) absl::StrAppend(&line, " key ", column);
  if (map->key_has_prefix) line += " prefix";
  Show(line);
  for (const ColumnMeta& column : map->columns) Show("  " + Shown(column));
  maps_[map->table_id] = *std::move(map);
  return absl::OkStatus();
}

absl::Status BinlogWalker::OnRows(EventType type, std::string_view body) {
  const size_t id_bytes = format_.id_bytes(type);
  model::Bytes plain;
  if (IsCompressedRows(type)) {
    auto status = InflateRows(type, body, id_bytes, kInflatedMax, plain);
    if (!status.ok()) return status;
    body = View(plain);
  }
  auto rows = RowsReader::Open(static_cast<uint8_t>(type), body, id_bytes);
  if (!rows.ok()) return rows.status();
  const auto map = maps_.find(rows->table_id());
  if (map == maps_.end()) return absl::DataLossError("rows of a table without TABLE_MAP");
  if (auto status = rows->SetTable(&map->second); !status.ok()) return status;
  Show(absl::StrCat(EventName(type), " ", Escaped(map->second.database), ".",
                    Escaped(map->second.table), rows->statement_end() ? " end" : ""));
  RowCells before, after;
  while (!rows->done()) {
    before.clear();
    after.clear();
    if (auto status = rows->Next(&before, &after); !status.ok()) return status;
    ++rows_;
    if (rows->kind() != RowsKind::kWrite) Show(absl::StrCat("  -", Shown(before)));
    if (rows->kind() != RowsKind::kDelete) Show(absl::StrCat("  +", Shown(after)));
  }
  return absl::OkStatus();
}

absl::Status BinlogWalker::OnPayload(std::string_view body) {
  if (auto status = payload_.Open(body); !status.ok()) return status;
  Show("TRANSACTION_PAYLOAD");
  ++depth_;
  while (true) {
    const auto event = payload_.Next();
    if (!event.ok()) return event.status();
    if (!event->has_value()) break;
    const auto header = ParseHeader(**event);
    if (!header.ok()) return header.status();
    // One payload is not inside another.
    if (header->type == EventType::kTransactionPayload) {
      return absl::DataLossError("a payload within a payload");
    }
    const auto inner = EventBody(**event, Checksum::kNone);
    if (!inner.ok()) return inner.status();
    if (auto status = OnBody(*header, *inner); !status.ok()) return status;
  }
  --depth_;
  return absl::OkStatus();
}

absl::Status BinlogWalker::OnSmall(EventType type, std::string_view body) {
  std::string line = EventName(type);
  absl::Status status;
  const auto show = [&](const auto& parsed, auto shown) {
    status = parsed.status();
    if (parsed.ok()) absl::StrAppend(&line, " ", shown(*parsed));
  };
  switch (type) {
    case EventType::kRotate:
      show(ParseRotate(body),
           [](const RotateEvent& e) { return absl::StrCat(Escaped(e.file), " ", e.position); });
      break;
    case EventType::kHeartbeat:
    case EventType::kHeartbeatV2:
      show(ParseHeartbeat(type, body), [](const HeartbeatEvent& e) {
        return absl::StrCat(Escaped(e.file), " ", e.position.value_or(0));
      });
      break;
    case EventType::kPreviousGtids:
      show(GtidSet::Decode(body), [](const GtidSet& set) { return set.ToString(); });
      break;
    case EventType::kGtidList:
      show(ParseGtidList(body), [](const std::vector<GtidListEntry>& entries) {
        std::string text;
        for (const GtidListEntry& e : entries) {
          absl::StrAppend(&text, MariaDbGtid{e.domain, e.server_id, e.sequence}.ToString(), " ");
        }
        return text;
      });
      break;
    case EventType::kXid:
      show(ParseXid(body), [](uint64_t) { return std::string(); });
      break;
    case EventType::kXaPrepare:
      show(ParseXaPrepare(body), [](const XaPrepareEvent& e) {
        return absl::StrCat(Shown(e.xid), e.one_phase ? " one phase" : "");
      });
      break;
    case EventType::kIncident:
      show(ParseIncident(body), [](const IncidentEvent& e) { return Escaped(e.message); });
      break;
    case EventType::kRowsQuery:
    case EventType::kAnnotateRows:
      show(ParseRowsQuery(type, body), [](std::string_view text) { return Escaped(text); });
      break;
    default:
      break;
  }
  if (status.ok()) Show(line);
  return status;
}

}  // namespace tidemark::capture::mysql
