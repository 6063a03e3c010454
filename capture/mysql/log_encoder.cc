#include "capture/mysql/log_encoder.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "capture/mysql/mysql_catalog.h"
#include "capture/mysql/schema_builder.h"

namespace tidemark::capture::mysql {
namespace {

constexpr uint64_t kSecond = 1'000'000;
// MySQL's and MariaDB's own limit is 1 GiB.
constexpr size_t kEventBytesMax = (size_t{1} << 30) + (size_t{1} << 20);

absl::Status OutOfPlace(EventType type, const char* place) {
  return absl::DataLossError(absl::StrCat("the server sent a ", EventName(type), " event ", place));
}

absl::Status UnknownEvent(const EventHeader& header) {
  return absl::DataLossError(absl::StrCat(
      "the binlog has an event of type ", static_cast<int>(header.type),
      ", which this version of Tidemark does not know; use a version that supports the server"));
}

absl::Status LoggedAsStatement(std::string_view text) {
  return absl::FailedPreconditionError(
      absl::StrCat("the binlog has a change as a statement (", FirstWords(text),
                   " ...), whose rows cannot be known; a session ran with binlog_format STATEMENT "
                   "or MIXED: run SET GLOBAL binlog_format = 'ROW', find that session, then remove "
                   "the source's data and capture it anew"));
}

absl::Status RollbackTooFar() {
  return absl::FailedPreconditionError(
      "a transaction rolled back rows that it wrote more than 4 MiB earlier, beside a table "
      "without transactions; remove the source's data and capture it anew, and keep such tables "
      "out of large transactions");
}

absl::Status PartOfUnfinishedGroup() {
  return absl::FailedPreconditionError(
      "the server died while it wrote a large transaction to its binlog, which it rolled back, and "
      "of which a part is in the journal; remove the source's data and capture it anew");
}

absl::Status UnloggedChange(const TableName& table, std::string_view text) {
  return absl::FailedPreconditionError(absl::StrCat(
      "a statement changes rows of ", table.database, ".", table.table,
      " without naming them in the binlog (", FirstWords(text),
      " ...); set unlogged_changes: continue for this source, start it again, and take a snapshot "
      "of the table"));
}

// What is in the log already lacks the names whatever is set now.
absl::Status UnknownDefinition(const DumpPlace& place, const TableMap& map, std::string_view why) {
  return absl::FailedPreconditionError(absl::StrCat(
      "the log has rows of ", map.database, ".", map.table, " at ", place.file, ":", place.start,
      " without the names of their columns (binlog_row_metadata is not FULL), and how the table "
      "was "
      "defined there cannot be known: ",
      absl::string_view(why.data(), why.size()),
      "; run: SET GLOBAL binlog_row_metadata = 'FULL', and set it in the server's configuration, "
      "then leave the table out, or remove the source's data and capture it anew"));
}

// The statement has names as they were written, TABLE_MAP and the catalog as they are stored.
void LowerCaseNames(Statement& statement) {
  for (TableName& name : statement.tables) {
    absl::AsciiStrToLower(&name.database);
    absl::AsciiStrToLower(&name.table);
  }
}

bool IsCompressedRows(EventType type) {
  return type >= EventType::kWriteRowsCompressedV1 && type <= EventType::kDeleteRowsCompressed;
}

}  // namespace

LogEncoder::LogEncoder(LogEncoderOptions options, ResumeToken resume,
                       const std::vector<model::SchemaId>& announced, DeliveredGtids delivered,
                       TableDefinitions definitions, Catalog* catalog, SchemaRegistry* registry,
                       GtidNames* names)
    : options_(std::move(options)),
      resume_(std::move(resume)),
      delivered_(std::move(delivered)),
      definitions_(std::move(definitions), &options_.tables, catalog, options_.ask_for_definitions),
      catalog_(catalog),
      registry_(registry),
      names_(names),
      announced_(announced.begin(), announced.end()),
      main_(options_.tables),
      side_(options_.tables) {
  main_.file = resume_.file;
  main_.start = main_.end = resume_.offset;
  resume_.definitions = true;
}

absl::Status LogEncoder::LearnDefinitions(const std::set<TableDefinitions::Name>& tables) {
  absl::Status status = definitions_.Learn(tables, Here());
  definitions_.Commit();
  return status;
}

absl::Status LogEncoder::Consume(std::string_view event, uint64_t capture_time_us) {
  capture_time_us_ = capture_time_us;
  const Progress before = progress();
  absl::Status status = ConsumeEvent(wanted_ ? side_ : main_, event);
  if (!status.ok()) RollBack(before);
  return status;
}

absl::Status LogEncoder::ConsumeEvent(Dump& dump, std::string_view event) {
  absl::StatusOr<EventHeader> header = ParseHeader(event);
  if (!header.ok()) return header.status();
  if (UseOf(*header) == EventUse::kUnknown) return UnknownEvent(*header);
  if (header->type == EventType::kFormatDescription) return ConsumeFormat(dump, *header, event);
  if (header->type == EventType::kRotate) return ConsumeRotate(dump, *header, event);
  if (!dump.format) return OutOfPlace(header->type, "before the format of its file");
  absl::StatusOr<std::string_view> body = EventBody(event, dump.format->checksum);
  if (!body.ok()) return body.status();
  const bool in_main = &dump == &main_;
  dump.Pass(*header);
  if (WasDelivered(dump)) return absl::OkStatus();
  if (UseOf(*header) == EventUse::kKnown) {
    absl::Status status = ConsumeBody(dump, *header, *body);
    if (!status.ok()) return status;
  }
  if (in_main && !group_ && !wanted_) frontier_ = std::max(frontier_, At(main_.end));
  return absl::OkStatus();
}

bool LogEncoder::WasDelivered(const Dump& dump) const {
  return ByFile(dump) && !group_ && dump.file == resume_.file && dump.start < dump.end &&
         dump.end <= resume_.offset;
}

// The token goes on at the start of the next file.
absl::Status LogEncoder::FollowFile(uint64_t left_at) {
  if (left_at < resume_.offset) {
    return absl::DataLossError(absl::StrCat(
        "the server's binlog ", resume_.file, " ends at ", left_at, ", before what was read (",
        resume_.offset,
        "): it crashed with sync_binlog not 1; remove the source's data and capture it anew"));
  }
  resume_.file = main_.file;
  resume_.offset = main_.end;
  resume_.file_begun_s = 0;
  return absl::OkStatus();
}

// An event that says when the file was begun: it is sent at the start of each dump and file.
absl::Status LogEncoder::CheckFile(const EventHeader& header) {
  if (main_.file != resume_.file) return absl::OkStatus();
  if (resume_.file_begun_s == 0) resume_.file_begun_s = header.timestamp;
  if (resume_.file_begun_s == header.timestamp) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat(
      "the server's binlog was begun anew (RESET): ", resume_.file,
      " is not the file that was read before; remove the source's data and capture it anew"));
}

absl::Status LogEncoder::ConsumeFormat(Dump& dump, const EventHeader& header,
                                       std::string_view event) {
  absl::StatusOr<FormatDescription> format = ParseFormatDescription(event);
  if (!format.ok()) return format.status();
  if (&dump == &main_ && group_ && !wanted_) {
    absl::Status status = LeaveUnfinishedGroup(*format);
    if (!status.ok()) return status;
  }
  dump.format = *std::move(format);
  dump.tables.Clear();
  if (ByFile(dump)) {
    absl::Status status = CheckFile(header);
    if (!status.ok()) return status;
  }
  // Of a dump that begins inside the file, it is repeated there.
  if (header.end_position != 0) dump.Pass(header);
  if (&dump == &main_ && !group_) frontier_ = std::max(frontier_, At(dump.end));
  return absl::OkStatus();
}

// A server that dies while it writes a transaction rolls it back when it starts again. MySQL cuts
// it off its binlog then; MariaDB lets it stand, without an end, before the first file of the new
// start.
absl::Status LogEncoder::LeaveUnfinishedGroup(const FormatDescription& format) {
  if (format.created == 0) return OutOfPlace(EventType::kFormatDescription, "inside a transaction");
  if (group_->delivered) return PartOfUnfinishedGroup();
  RollBack({group_->start, 0, 0});
  transactions_.pop_back();
  group_.reset();
  return absl::OkStatus();
}

// The file's own ROTATE is followed by one that was made for the dump, which alone counts.
absl::Status LogEncoder::ConsumeRotate(Dump& dump, const EventHeader& header,
                                       std::string_view event) {
  if (!header.artificial()) {
    dump.Pass(header);
    return absl::OkStatus();
  }
  // Before the format is known, only a sum that fits tells that there is one.
  absl::StatusOr<std::string_view> body =
      EventBody(event, dump.format ? dump.format->checksum : Checksum::kCrc32);
  if (!body.ok() && !dump.format) body = EventBody(event, Checksum::kNone);
  if (!body.ok()) return body.status();
  absl::StatusOr<RotateEvent> rotate = ParseRotate(*body);
  if (!rotate.ok()) return rotate.status();
  // What the format of the next file says about a group that ends here is to be known first.
  if (&dump == &main_ && group_ && !wanted_) {
    if (ByFile(dump)) return OutOfPlace(header.type, "inside a transaction");
    dump.format.reset();
  }
  const uint64_t left_at = dump.end;
  dump.file = std::string(rotate->file);
  dump.start = dump.end = rotate->position;
  return ByFile(dump) && dump.file != resume_.file ? FollowFile(left_at) : absl::OkStatus();
}

absl::Status LogEncoder::ConsumeHeartbeat(Dump& dump, const EventHeader& header,
                                          std::string_view body) {
  if (&dump != &main_ || group_) return absl::OkStatus();
  absl::StatusOr<HeartbeatEvent> heartbeat = ParseHeartbeat(header.type, body);
  if (!heartbeat.ok()) return heartbeat.status();
  if (heartbeat->file != dump.file && FileNumber(heartbeat->file) > FileNumber(dump.file)) {
    dump.file = std::string(heartbeat->file);
    dump.end = 0;
  }
  if (heartbeat->file == dump.file) {
    dump.end = heartbeat->position.value_or(WidenOffset(header.end_position, dump.end));
  }
  return absl::OkStatus();
}

// Of a wanted group's dump, only the group itself counts, and what describes its tables.
bool LogEncoder::OfWantedGroup(const EventHeader& header) const {
  return wanted_began_ || header.type == EventType::kGtid ||
         header.type == EventType::kGtidTagged || header.type == EventType::kAnonymousGtid ||
         header.type == EventType::kMariaDbGtid;
}

absl::Status LogEncoder::ConsumeBody(Dump& dump, const EventHeader& header, std::string_view body) {
  if (&dump == &side_ && !OfWantedGroup(header)) return absl::OkStatus();
  switch (header.type) {
    case EventType::kTableMap:
      return dump.tables.Add(body, *dump.format);
    case EventType::kGtid:
    case EventType::kAnonymousGtid:
    case EventType::kGtidTagged:
      return OnGtid(header, body);
    case EventType::kMariaDbGtid:
      return OnMariaDbGtid(header, body);
    case EventType::kQuery:
    case EventType::kQueryCompressed:
      return OnQuery(dump, header, body);
    case EventType::kXid:
      if (!group_) return OutOfPlace(header.type, "outside a transaction");
      EndGroup();
      return absl::OkStatus();
    case EventType::kXaPrepare:
      return OnXaPrepare(body);
    case EventType::kTransactionPayload:
      has_more_ = true;
      return payload_.Open(body);
    case EventType::kHeartbeat:
    case EventType::kHeartbeatV2:
      return ConsumeHeartbeat(dump, header, body);
    case EventType::kBeginLoadQuery:
    case EventType::kExecuteLoadQuery:
      return LoggedAsStatement("LOAD DATA");
    case EventType::kIncident: {
      absl::StatusOr<IncidentEvent> incident = ParseIncident(body);
      return absl::DataLossError(absl::StrCat("the server's binlog lacks events (incident ",
                                              incident.ok() ? incident->number : 0,
                                              "); remove the source's data and capture it anew"));
    }
    default:
      return IsRowsEvent(header.type) ? OnRows(dump, header, body) : absl::OkStatus();
  }
}

absl::Status LogEncoder::ConsumeMore() {
  const Progress before = progress();
  absl::Status status = ConsumeInner(wanted_ ? side_ : main_);
  if (!status.ok()) RollBack(before);
  return status;
}

// One event of the open payload.
absl::Status LogEncoder::ConsumeInner(Dump& dump) {
  absl::StatusOr<std::optional<std::string_view>> event = payload_.Next();
  if (!event.ok()) return event.status();
  has_more_ = event->has_value();
  if (!has_more_) return absl::OkStatus();
  absl::StatusOr<EventHeader> header = ParseHeader(**event);
  if (!header.ok()) return header.status();
  if (header->type == EventType::kTransactionPayload) {
    return OutOfPlace(header->type, "inside another");
  }
  absl::StatusOr<std::string_view> body = EventBody(**event, Checksum::kNone);
  if (!body.ok()) return body.status();
  return ConsumeBody(dump, *header, *body);
}

absl::Status LogEncoder::OnGtid(const EventHeader& header, std::string_view body) {
  absl::StatusOr<GtidEvent> event = ParseGtid(header.type, body);
  if (!event.ok()) return event.status();
  Group group;
  // One without a name is told from the others by where it starts.
  const bool named = header.type != EventType::kAnonymousGtid;
  if (named) {
    group.gtid.origin = {event->uuid, std::string(event->tag)};
    group.gtid.number = event->number;
    group.gtid.text = absl::StrCat(UuidText(event->uuid), event->tag.empty() ? "" : ":",
                                   group.gtid.origin.tag, ":", event->number);
    group.transaction.domain = names_->IndexOf(group.gtid.origin);
  }
  group.transaction.number = named ? event->number : main_.start;
  group.commit_time_us = event->immediate_commit_us != 0 ? event->immediate_commit_us
                                                         : uint64_t{header.timestamp} * kSecond;
  return StartGroup(std::move(group));
}

absl::Status LogEncoder::OnMariaDbGtid(const EventHeader& header, std::string_view body) {
  absl::StatusOr<MariaDbGtidEvent> event = ParseMariaDbGtid(body);
  if (!event.ok()) return event.status();
  Group group;
  group.gtid.mariadb = {event->domain, header.server_id, event->sequence};
  group.gtid.text = group.gtid.mariadb.ToString();
  group.transaction.number = event->sequence;
  group.transaction.domain = event->domain;
  group.commit_time_us = uint64_t{header.timestamp} * kSecond;
  group.commit_id = event->commit_id;
  group.begun = !event->standalone();
  group.idle = event->idle();
  if ((event->flags & MariaDbGtidEvent::kPreparedXa) != 0) group.prepares = event->xid;
  return StartGroup(std::move(group));
}

absl::Status LogEncoder::StartGroup(Group group) {
  if (wanted_) {
    wanted_began_ =
        wanted_->gtid.empty() ? side_.start == wanted_->offset : wanted_->gtid == group.gtid.text;
    if (wanted_began_ || side_.start < wanted_->offset) return absl::OkStatus();
    return absl::DataLossError(absl::StrCat(
        "the rows of prepared transaction ", wanted_->gtid,
        " are not in the binlog any more; remove the source's data and capture it anew, and keep "
        "the binlog for longer than transactions stay prepared"));
  }
  if (group_) return absl::DataLossError("the server sent a transaction inside another");
  group.offset = main_.start;
  group.transaction.commit = At(main_.start);
  group.start = writer_.mark();
  if (resume_.partial_rows != 0) {
    absl::Status status = CheckPartial(group);
    if (!status.ok()) return status;
    group.transaction.commit = resume_.partial;
    group.delivered = true;
    group.rows_to_skip = resume_.partial_rows;
    group.changes = resume_.partial_changes;
  }
  transactions_.push_back(group.transaction);
  commit_time_us_ = group.commit_time_us;
  writer_.SetTransaction(
      {group.transaction.commit, group.transaction.number, group.commit_time_us, capture_time_us_},
      static_cast<uint32_t>(transactions_.size() - 1));
  group_ = std::move(group);
  return absl::OkStatus();
}

absl::Status LogEncoder::CheckPartial(const Group& group) const {
  const bool same_place =
      resume_.naming != Naming::kFile || group.transaction.commit == resume_.partial;
  if (same_place && group.gtid.text == resume_.partial_gtid) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat(
      "the server sent transaction ", group.gtid.text, " (at ",
      model::ToString(group.transaction.commit), ") before the rest of ", resume_.partial_gtid,
      " (at ", model::ToString(resume_.partial),
      "), of which a part is in the journal; remove the source's data and capture it anew"));
}

absl::Status LogEncoder::OnQuery(Dump& dump, const EventHeader& header, std::string_view body) {
  if (header.type == EventType::kQueryCompressed) {
    scratch_.Clear();
    absl::Status status = InflateQuery(body, kEventBytesMax, scratch_);
    if (!status.ok()) return status;
    body = scratch_.view();
  }
  absl::StatusOr<QueryEvent> query = ParseQuery(body, dump.format->mariadb);
  if (!query.ok()) return query.status();
  const QueryText text = ReadQueryText(*query, query_text_);
  Statement statement =
      ParseStatement(text.text, query->sql_mode, query->database, dump.format->mariadb);
  if (options_.lower_case_names) LowerCaseNames(statement);
  if (!group_) {
    return statement.kind == StatementKind::kHarmless
               ? absl::OkStatus()
               : OutOfPlace(header.type, "outside a transaction");
  }
  std::optional<AlteredTables> rewritten;
  if (statement.kind == StatementKind::kDefinition && !group_->idle) {
    rewritten = AlteredTables::RewrittenBy(statement, text.readable);
    const std::optional<AlteredTables> altered = AlteredTables::Of(statement, text.readable);
    if (altered) main_.tables.Forget(*altered);
    absl::Status status = definitions_.Follow(altered, statement.tables, Here());
    if (!status.ok()) return status;
  }
  absl::Status status = OnStatement(statement, text.text);
  if (status.ok() && rewritten) NoteRewritten(*rewritten);
  return status;
}

void LogEncoder::NoteRewritten(const AlteredTables& tables) {
  for (const auto& known : registry_->LatestOfAll()) {
    if (tables.Has(known->name_space, known->name)) rewritten_.push_back(known->table_id);
  }
}

// Rows of a prepared transaction are as the table was where it was prepared.
absl::StatusOr<std::shared_ptr<const CatalogTable>> LogEncoder::DefinitionFor(const Dump& dump,
                                                                              const TableMap& map) {
  const auto known = definitions_.Find({map.database, map.table}, Here());
  if (absl::IsFailedPrecondition(known.status())) {
    return UnknownDefinition(dump, map, std::string(known.status().message()));
  }
  if (!known.ok()) return known.status();
  const model::Position prepared = {resume_.moves << 32 | FileNumber(dump.file), dump.start};
  const bool moved = wanted_ && wanted_->file.empty();
  if (&dump == &side_ && (moved || prepared < (*known)->since)) {
    return UnknownDefinition(dump, map, "it may have been altered before the XA COMMIT");
  }
  return (*known)->table;
}

absl::StatusOr<const RowLayout*> LogEncoder::LayoutFor(const Dump& dump, CachedTable& table) {
  if (table.layout != nullptr) return table.layout.get();
  const TableMap& map = table.map;
  if (map.has_names) {
    auto known = catalog_->DescribeTable(map.database, map.table);
    if (!known.ok()) return known.status();
    return TableCache::Build(table, *known, *registry_);
  }
  auto definition = DefinitionFor(dump, map);
  if (!definition.ok()) return definition.status();
  return TableCache::Build(table, **definition, *registry_);
}

absl::Status LogEncoder::OnStatement(const Statement& statement, std::string_view text) {
  switch (statement.kind) {
    case StatementKind::kBegin:
      group_->begun = true;
      return absl::OkStatus();
    case StatementKind::kCommit:
      EndGroup();
      return absl::OkStatus();
    case StatementKind::kRollback:
      return OnRollback();
    case StatementKind::kSavepoint:
      OnSavepoint(statement);
      return absl::OkStatus();
    case StatementKind::kRollbackTo:
      return OnRollbackTo(statement);
    case StatementKind::kXaStart:
      group_->begun = true;
      if (!wanted_) group_->prepares = statement.xid;
      return absl::OkStatus();
    case StatementKind::kRelease:
    case StatementKind::kXaEnd:
    case StatementKind::kXaPrepare:
      return absl::OkStatus();
    case StatementKind::kXaCommit:
      return OnXaCommit(statement.xid);
    case StatementKind::kXaRollback:
      ForgetPrepared(statement.xid.Key());
      EndGroup();
      return absl::OkStatus();
    case StatementKind::kRowsAsText:
      return LoggedAsStatement(text);
    case StatementKind::kTruncate:
    case StatementKind::kDefinition:
    case StatementKind::kHarmless:
      return OnSoleStatement(statement, text);
  }
  return absl::OkStatus();
}

absl::Status LogEncoder::OnSoleStatement(const Statement& statement, std::string_view text) {
  absl::Status status;
  if (!group_->idle && statement.kind == StatementKind::kTruncate) {
    for (const TableName& table : statement.tables) status.Update(OnTruncate(table));
  }
  if (!group_->idle && statement.kind == StatementKind::kDefinition) {
    status = OnDefinition(statement, text);
  }
  if (!status.ok()) return status;
  if (!group_->begun) EndGroup();
  return absl::OkStatus();
}

absl::Status LogEncoder::OnTruncate(const TableName& table) {
  if (!IsCaptured(options_.tables, table.database, table.table)) return absl::OkStatus();
  std::shared_ptr<const model::TableSchema> schema =
      registry_->Latest(TableIdOf(table.database, table.table));
  // Nobody has seen a row of it.
  if (schema == nullptr) return absl::OkStatus();
  Announce(schema);
  StartChange();
  writer_.WriteTruncate(*schema, &group_->changes);
  return absl::OkStatus();
}

absl::Status LogEncoder::OnDefinition(const Statement& statement, std::string_view text) {
  for (const TableName& table : statement.tables) {
    if (statement.drops && table.table.empty()) {
      absl::Status status = OnDatabaseDropped(table.database);
      if (!status.ok()) return status;
    }
    if (!IsCaptured(options_.tables, table.database, table.table)) continue;
    if (statement.drops && !table.table.empty()) {
      absl::Status status = OnTruncate(table);
      if (!status.ok()) return status;
    }
    // Of a table that is not known yet, nobody holds rows.
    const bool known = registry_->Latest(TableIdOf(table.database, table.table)) != nullptr;
    if (known && (statement.changes_rows || statement.renames) &&
        options_.stop_at_unlogged_changes) {
      return UnloggedChange(table, text);
    }
  }
  return absl::OkStatus();
}

// The binlog names the database only, not its tables.
absl::Status LogEncoder::OnDatabaseDropped(const std::string& database) {
  for (const auto& schema : registry_->LatestIn(database)) {
    absl::Status status = OnTruncate({database, schema->name});
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

void LogEncoder::OnSavepoint(const Statement& statement) {
  std::erase_if(group_->savepoints,
                [&](const Savepoint& known) { return known.name == statement.name; });
  group_->savepoints.push_back({statement.name, progress()});
}

absl::Status LogEncoder::OnRollbackTo(const Statement& statement) {
  auto& savepoints = group_->savepoints;
  auto found = std::find_if(savepoints.begin(), savepoints.end(),
                            [&](const Savepoint& known) { return known.name == statement.name; });
  if (found == savepoints.end()) {
    if (group_->lost_savepoints) return RollbackTooFar();
    return absl::DataLossError("a transaction rolls back to a savepoint that it did not set");
  }
  // After a restart: rows behind it are in the journal, and no rollback but one among them was
  // heeded before they went there.
  const uint64_t delivered = group_->rows_to_skip;
  if (found->place.rows < delivered && group_->rows >= delivered) return RollbackTooFar();
  const Progress place = found->place;
  savepoints.erase(found + 1, savepoints.end());
  // Rows count on, since they are in the binlog; changes do not, since they never happened.
  const uint64_t rows = group_->rows;
  RollBack(place);
  group_->rows = rows;
  return absl::OkStatus();
}

absl::Status LogEncoder::OnRollback() {
  if (group_->delivered) return RollbackTooFar();
  RollBack({group_->start, 0, 0});
  EndGroup();
  return absl::OkStatus();
}

absl::Status LogEncoder::OnRows(Dump& dump, const EventHeader& header, std::string_view body) {
  if (!group_) return OutOfPlace(header.type, "outside a transaction");
  const size_t id_bytes = dump.format->id_bytes(header.type);
  if (IsCompressedRows(header.type)) {
    scratch_.Clear();
    absl::Status status = InflateRows(header.type, body, id_bytes, kEventBytesMax, scratch_);
    if (!status.ok()) return status;
    body = scratch_.view();
  }
  absl::StatusOr<RowsReader> rows =
      RowsReader::Open(static_cast<uint8_t>(header.type), body, id_bytes);
  if (!rows.ok()) return rows.status();
  CachedTable* table = dump.tables.Find(rows->table_id());
  if (table == nullptr) {
    return rows->table_id() == kDummyTableId ? absl::OkStatus()
                                             : OutOfPlace(header.type, "of a table not described");
  }
  if (!table->captured || group_->prepares) return absl::OkStatus();
  absl::StatusOr<const RowLayout*> layout = LayoutFor(dump, *table);
  if (!layout.ok()) return layout.status();
  absl::Status status = rows->SetTable(&table->map);
  while (status.ok() && !rows->done()) {
    status = rows->Next(&before_, &after_);
    if (!status.ok()) break;
    if (rows->kind() != RowsKind::kWrite) (*layout)->DropLeftOut(before_);
    if (rows->kind() != RowsKind::kDelete) (*layout)->DropLeftOut(after_);
    status = OnRow(**layout, rows->kind());
  }
  return status;
}

absl::Status LogEncoder::OnRow(const RowLayout& layout, RowsKind kind) {
  if (group_->rows < group_->rows_to_skip) {
    ++group_->rows;
    return absl::OkStatus();
  }
  Announce(layout.schema());
  StartChange();
  ++group_->rows;
  switch (kind) {
    case RowsKind::kWrite:
      return writer_.WriteInsert(layout, after_, &group_->changes);
    case RowsKind::kUpdate:
      return writer_.WriteUpdate(layout, before_, after_, &group_->changes);
    case RowsKind::kDelete:
      return writer_.WriteDelete(layout, before_, &group_->changes);
  }
  return absl::OkStatus();
}

void LogEncoder::Announce(const std::shared_ptr<const model::TableSchema>& schema) {
  if (announced_.insert(schema->id).second) writer_.WriteSchema(schema);
}

absl::Status LogEncoder::OnXaPrepare(std::string_view body) {
  absl::StatusOr<XaPrepareEvent> event = ParseXaPrepare(body);
  if (!event.ok()) return event.status();
  if (!group_) return OutOfPlace(EventType::kXaPrepare, "outside a transaction");
  if (wanted_) {
    wanted_.reset();
    EndGroup();
    return absl::OkStatus();
  }
  PreparedTransaction prepared{.xid = event->xid.Key(),
                               .gtid = group_->gtid.text,
                               .file = main_.file,
                               .offset = group_->offset};
  group_->prepares.reset();
  ForgetPrepared(prepared.xid);
  resume_.prepared.push_back(std::move(prepared));
  if (event->one_phase) return OnXaCommit(event->xid);
  EndGroup();
  return absl::OkStatus();
}

absl::Status LogEncoder::OnXaCommit(const XaId& xid) {
  const std::string key = xid.Key();
  auto found = std::find_if(resume_.prepared.begin(), resume_.prepared.end(),
                            [&](const PreparedTransaction& known) { return known.xid == key; });
  // Prepared before the source was captured: whatever it wrote became visible only now, and no
  // snapshot can have started before.
  if (found == resume_.prepared.end()) {
    return absl::DataLossError(
        "an XA transaction commits that was prepared before its source was captured; remove the "
        "source's data and capture it anew, with no transaction prepared");
  }
  wanted_ = *found;
  wanted_began_ = false;
  side_ = Dump(options_.tables);
  group_->commits = key;
  return absl::OkStatus();
}

void LogEncoder::ForgetPrepared(const std::string& key) {
  std::erase_if(resume_.prepared,
                [&](const PreparedTransaction& known) { return known.xid == key; });
}

void LogEncoder::EndGroup() {
  if (group_->changes > 0) {
    if (group_->before_last_change) writer_.MarkLast();
    writer_.WriteTransactionEnd(group_->changes);
  }
  // Whether it is visible is nobody's concern. A watermark would else be waited for with another.
  const bool empty = !group_->delivered && writer_.mark().events == group_->start.events;
  if (empty) transactions_.pop_back();
  if (!group_->commits.empty()) ForgetPrepared(group_->commits);
  delivered_.Add(group_->gtid);
  resume_.partial = {};
  resume_.partial_gtid.clear();
  resume_.partial_rows = resume_.partial_changes = 0;
  resume_.file = main_.file;
  resume_.offset = main_.end;
  definitions_.Commit();
  if (options_.commit_places != nullptr) {
    options_.commit_places->Pass({At(group_->offset), At(main_.end), group_->commit_id,
                                  empty ? "" : group_->commits});
  }
  group_.reset();
  frontier_ = std::max(frontier_, At(main_.end));
}

void LogEncoder::StartChange() { group_->before_last_change = progress(); }

LogEncoder::Progress LogEncoder::progress() const {
  if (!group_) return {writer_.mark(), 0, 0};
  return {writer_.mark(), group_->rows, group_->changes};
}

// Forgets what was written since.
void LogEncoder::RollBack(const Progress& place) {
  for (const auto& schema : writer_.SchemasSince(place.mark)) announced_.erase(schema->id);
  writer_.Truncate(place.mark);
  if (!group_) return;
  group_->rows = place.rows;
  group_->changes = place.changes;
  auto& last = group_->before_last_change;
  if (last && last->mark.frames >= place.mark.frames) last.reset();
}

bool LogEncoder::Holds() const {
  return group_ && !group_->delivered &&
         writer_.frame_bytes() - group_->start.frames <= kHeldBytesMax;
}

size_t LogEncoder::pending_bytes() const {
  if (Holds()) return group_->start.frames;
  if (group_ && group_->before_last_change) return group_->before_last_change->mark.frames;
  return writer_.frame_bytes();
}

LogBatch LogEncoder::Take() {
  LogBatch batch;
  batch.frontier = frontier_;
  batch.commit_time_us = std::exchange(commit_time_us_, 0);
  batch.transactions.swap(transactions_);
  resume_.gtids = delivered_.ToString();
  if (Holds()) {
    TakeBeforeGroup(&batch);
  } else if (group_) {
    TakePart(&batch);
  } else {
    writer_.CutInto(writer_.mark(), &batch);
  }
  batch.resume = resume_.Encode();
  batch.records = definitions_.TakeChanges();
  batch.rewritten.swap(rewritten_);
  return batch;
}

// The open group goes on being transaction 0 of the next batch.
void LogEncoder::TakeBeforeGroup(LogBatch* batch) {
  transactions_.push_back(batch->transactions.back());
  batch->transactions.pop_back();
  const BatchMark cut = group_->start;
  writer_.CutInto(cut, batch);
  Rebase(cut);
  commit_time_us_ = group_->commit_time_us;
}

void LogEncoder::TakePart(LogBatch* batch) {
  transactions_.push_back(batch->transactions.back());
  const Progress cut = group_->before_last_change.value_or(progress());
  if (cut.mark.events > group_->start.events) group_->delivered = true;
  writer_.CutInto(cut.mark, batch);
  Rebase(cut.mark);
  commit_time_us_ = group_->commit_time_us;
  if (!group_->delivered) {
    batch->transactions.pop_back();
    return;
  }
  batch->mid_transaction = true;
  if (cut.rows > group_->rows_to_skip || cut.changes > resume_.partial_changes) {
    resume_.partial = group_->transaction.commit;
    resume_.partial_gtid = group_->gtid.text;
    resume_.partial_rows = cut.rows;
    resume_.partial_changes = cut.changes;
  }
}

// What was written before `cut` is gone, and places after it are that much earlier.
void LogEncoder::Rebase(const BatchMark& cut) {
  auto move = [&](BatchMark& mark) {
    mark.frames -= std::min(mark.frames, cut.frames);
    mark.events -= std::min(mark.events, cut.events);
    mark.schemas -= std::min(mark.schemas, cut.schemas);
    mark.keys -= std::min(mark.keys, cut.keys);
  };
  const size_t lost = std::erase_if(group_->savepoints, [&](const Savepoint& savepoint) {
    return savepoint.place.mark.events < cut.events;
  });
  group_->lost_savepoints = group_->lost_savepoints || lost > 0;
  for (Savepoint& savepoint : group_->savepoints) move(savepoint.place.mark);
  if (group_->before_last_change) move(group_->before_last_change->mark);
  move(group_->start);
}

model::Position LogEncoder::At(uint64_t offset) const {
  return {resume_.moves << 32 | FileNumber(main_.file), offset};
}

}  // namespace tidemark::capture::mysql
