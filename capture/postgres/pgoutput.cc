#include "capture/postgres/pgoutput.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "capture/postgres/message_reader.h"
#include "model/position.h"

namespace tidemark::capture::postgres {
namespace {

// A reader behind the kind byte.
MessageReader Open(std::string_view message) {
  MessageReader reader(message.empty() ? "" : KindName(static_cast<MessageKind>(message[0])),
                       message);
  reader.U8();
  return reader;
}

template <typename T>
absl::StatusOr<T> Close(MessageReader& reader, T parsed) {
  absl::Status status = reader.Finish();
  if (!status.ok()) return status;
  return parsed;
}

// The flags of commits and prepares are unused so far.
void ReadUnusedFlags(MessageReader& reader) {
  if (reader.U8() != 0) reader.Fail("unknown flags");
}

void ReadColumn(MessageReader& reader, ColumnView& column) {
  column.kind = static_cast<ColumnView::Kind>(reader.U8());
  switch (column.kind) {
    case ColumnView::Kind::kText:
    case ColumnView::Kind::kBinary:
      column.bytes = reader.Bytes(reader.U32());
      return;
    case ColumnView::Kind::kNull:
    case ColumnView::Kind::kUnchanged:
      column.bytes = {};
      return;
  }
  reader.Fail("unknown kind of column");
}

void ReadTuple(MessageReader& reader, Tuple& tuple) {
  size_t count = reader.U16();
  size_t left = reader.left();
  if (count > left) {
    reader.Fail("more columns than bytes");
    count = 0;
  }
  tuple.columns.resize(count);
  for (ColumnView& column : tuple.columns) ReadColumn(reader, column);
  tuple.bytes = left - reader.left();
}

void ReadRelationColumn(MessageReader& reader, RelationColumn& column) {
  uint8_t flags = reader.U8();
  if (flags > 1) reader.Fail("unknown flags");
  column.identity = flags == 1;
  column.name = std::string(reader.String());
  column.type_oid = reader.U32();
  column.type_modifier = static_cast<int32_t>(reader.U32());
}

void ReadLsns(MessageReader& reader, int count) {
  for (int i = 0; i < count; ++i) reader.U64();
}

}  // namespace

std::string LsnText(Lsn lsn) { return model::ToString(model::Position{.file = 0, .offset = lsn}); }

absl::StatusOr<Envelope> ParseEnvelope(std::string_view copy_data) {
  MessageReader reader("CopyData", copy_data);
  Envelope envelope;
  envelope.kind = static_cast<Envelope::Kind>(reader.U8());
  if (envelope.kind == Envelope::Kind::kLog) {
    envelope.start_lsn = reader.U64();
    envelope.end_lsn = reader.U64();
    envelope.server_time_us = reader.Time();
    envelope.message = reader.Bytes(reader.left());
  } else if (envelope.kind == Envelope::Kind::kKeepalive) {
    envelope.end_lsn = reader.U64();
    envelope.server_time_us = reader.Time();
    envelope.reply_requested = reader.U8() != 0;
  } else {
    reader.Fail("unknown kind of CopyData");
  }
  return Close(reader, envelope);
}

std::string_view KindName(MessageKind kind) {
  switch (kind) {
    case MessageKind::kBegin:
      return "Begin";
    case MessageKind::kCommit:
      return "Commit";
    case MessageKind::kOrigin:
      return "Origin";
    case MessageKind::kRelation:
      return "Relation";
    case MessageKind::kType:
      return "Type";
    case MessageKind::kInsert:
      return "Insert";
    case MessageKind::kUpdate:
      return "Update";
    case MessageKind::kDelete:
      return "Delete";
    case MessageKind::kTruncate:
      return "Truncate";
    case MessageKind::kLogicalMessage:
      return "Message";
    case MessageKind::kStreamStart:
      return "StreamStart";
    case MessageKind::kStreamStop:
      return "StreamStop";
    case MessageKind::kStreamCommit:
      return "StreamCommit";
    case MessageKind::kStreamAbort:
      return "StreamAbort";
    case MessageKind::kBeginPrepare:
      return "BeginPrepare";
    case MessageKind::kPrepare:
      return "Prepare";
    case MessageKind::kCommitPrepared:
      return "CommitPrepared";
    case MessageKind::kRollbackPrepared:
      return "RollbackPrepared";
    case MessageKind::kStreamPrepare:
      return "StreamPrepare";
  }
  return "unknown";
}

absl::StatusOr<MessageKind> ParseKind(std::string_view message) {
  if (message.empty()) return absl::DataLossError("empty pgoutput message from the server");
  MessageKind kind = static_cast<MessageKind>(message[0]);
  if (KindName(kind) != "unknown") return kind;
  return absl::DataLossError(
      absl::StrCat("unknown pgoutput message from the server: its first byte is ",
                   static_cast<int>(static_cast<uint8_t>(message[0]))));
}

absl::StatusOr<BeginMessage> ParseBegin(std::string_view message) {
  MessageReader reader = Open(message);
  BeginMessage begin;
  begin.commit_lsn = reader.U64();
  begin.commit_time_us = reader.Time();
  begin.xid = reader.U32();
  return Close(reader, begin);
}

absl::StatusOr<CommitMessage> ParseCommit(std::string_view message) {
  MessageReader reader = Open(message);
  CommitMessage commit;
  ReadUnusedFlags(reader);
  commit.commit_lsn = reader.U64();
  commit.end_lsn = reader.U64();
  commit.commit_time_us = reader.Time();
  return Close(reader, commit);
}

absl::StatusOr<OriginMessage> ParseOrigin(std::string_view message) {
  MessageReader reader = Open(message);
  OriginMessage origin;
  origin.commit_lsn = reader.U64();
  origin.name = reader.String();
  return Close(reader, origin);
}

absl::StatusOr<RelationMessage> ParseRelation(std::string_view message) {
  MessageReader reader = Open(message);
  RelationMessage relation;
  relation.oid = reader.U32();
  relation.name_space = std::string(reader.String());
  if (relation.name_space.empty()) relation.name_space = "pg_catalog";
  relation.name = std::string(reader.String());
  relation.replica_identity = static_cast<char>(reader.U8());
  if (std::string_view("dnfi").find(relation.replica_identity) == std::string_view::npos) {
    reader.Fail("unknown replica identity");
  }
  size_t count = reader.U16();
  if (count > reader.left()) reader.Fail("more columns than bytes");
  for (size_t i = 0; i < count && !reader.failed(); ++i) {
    ReadRelationColumn(reader, relation.columns.emplace_back());
  }
  return Close(reader, std::move(relation));
}

absl::StatusOr<TypeMessage> ParseType(std::string_view message) {
  MessageReader reader = Open(message);
  TypeMessage type;
  type.oid = reader.U32();
  type.name_space = reader.String();
  type.name = reader.String();
  return Close(reader, type);
}

absl::StatusOr<TruncateMessage> ParseTruncate(std::string_view message) {
  MessageReader reader = Open(message);
  TruncateMessage truncate;
  uint32_t count = reader.U32();
  uint8_t flags = reader.U8();
  if (flags > 3) reader.Fail("unknown flags");
  truncate.cascade = (flags & 1) != 0;
  truncate.restart_identity = (flags & 2) != 0;
  for (uint32_t i = 0; i < count && !reader.failed(); ++i) {
    truncate.relations.push_back(reader.U32());
  }
  return Close(reader, std::move(truncate));
}

absl::StatusOr<LogicalMessageView> ParseLogicalMessage(std::string_view message) {
  MessageReader reader = Open(message);
  LogicalMessageView logical;
  uint8_t flags = reader.U8();
  if (flags > 1) reader.Fail("unknown flags");
  logical.transactional = flags == 1;
  logical.lsn = reader.U64();
  logical.prefix = reader.String();
  logical.content = reader.Bytes(reader.U32());
  return Close(reader, logical);
}

absl::StatusOr<UnrequestedMessage> ParseUnrequested(std::string_view message) {
  MessageReader reader = Open(message);
  UnrequestedMessage parsed;
  parsed.kind = static_cast<MessageKind>(message.empty() ? 0 : message[0]);
  switch (parsed.kind) {
    case MessageKind::kStreamStart:
      parsed.xid = reader.U32();
      reader.U8();
      break;
    case MessageKind::kStreamStop:
      break;
    case MessageKind::kStreamCommit:
      parsed.xid = reader.U32();
      ReadUnusedFlags(reader);
      ReadLsns(reader, 3);
      break;
    case MessageKind::kStreamAbort:
      parsed.xid = reader.U32();
      reader.U32();                                // of the subtransaction
      if (reader.left() > 0) ReadLsns(reader, 2);  // with streaming = parallel
      break;
    case MessageKind::kBeginPrepare:
      ReadLsns(reader, 3);
      parsed.xid = reader.U32();
      parsed.global_id = reader.String();
      break;
    case MessageKind::kPrepare:
    case MessageKind::kStreamPrepare:
    case MessageKind::kCommitPrepared:
    case MessageKind::kRollbackPrepared:
      ReadUnusedFlags(reader);
      ReadLsns(reader, parsed.kind == MessageKind::kRollbackPrepared ? 4 : 3);
      parsed.xid = reader.U32();
      parsed.global_id = reader.String();
      break;
    default:
      reader.Fail("not a message of the streaming or two-phase modes");
  }
  return Close(reader, parsed);
}

absl::Status ParseRow(std::string_view message, RowMessage* row) {
  MessageReader reader = Open(message);
  MessageKind kind = static_cast<MessageKind>(message.empty() ? 0 : message[0]);
  row->relation = reader.U32();
  row->old_kind = 0;
  row->has_new_row = false;
  char part = static_cast<char>(reader.U8());
  if (kind != MessageKind::kInsert && (part == 'K' || part == 'O')) {
    row->old_kind = part;
    ReadTuple(reader, row->old_row);
    if (kind == MessageKind::kDelete) return reader.Finish();
    part = static_cast<char>(reader.U8());
  }
  if (part != 'N' || kind == MessageKind::kDelete) {
    reader.Fail("unknown kind of row");
    return reader.Finish();
  }
  row->has_new_row = true;
  ReadTuple(reader, row->new_row);
  return reader.Finish();
}

}  // namespace tidemark::capture::postgres
