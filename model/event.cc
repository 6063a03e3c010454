#include "model/event.h"

namespace tidemark::model {
namespace {

// Field numbers of tidemark/v1/event.proto.
constexpr uint32_t kResponseEvents = 1;
constexpr uint32_t kEventSequence = 1;
constexpr size_t kSequenceSize = 9;  // tag and fixed64
constexpr size_t kChangeHeaderBound = 96;

enum ChangeField : uint32_t {
  kSchemaId = 1,
  kOp = 2,
  kPosition = 3,
  kTransactionId = 4,
  kCommitTime = 5,
  kCaptureTime = 6,
  kTransactionIndex = 7,
  kLastInTransaction = 8,
  kAfterRow = 11,
  kSnapshotId = 12,
};

void AppendSequencePlaceholder(Bytes& out) { AppendFixed64Field(out, kEventSequence, 0); }

void AppendPosition(Bytes& out, uint32_t field, const Position& position, bool with_file) {
  LengthMark mark = LengthMark::Open(out, field, 18);
  if (with_file) AppendFixed64Field(out, 1, position.file);
  AppendFixed64Field(out, 2, position.offset);
  mark.Close(out);
}

void AppendPosition(Bytes& out, uint32_t field, const Position& position) {
  AppendPosition(out, field, position, position.file != 0);
}

// Writes a whole frame around the body that `write` appends; `bound`: of the body's bytes.
template <typename Write>
void AppendFrame(Bytes& out, EventKind kind, size_t bound, Write write) {
  LengthMark event = LengthMark::Open(out, kResponseEvents, bound + kSequenceSize + 6);
  AppendSequencePlaceholder(out);
  LengthMark body = LengthMark::Open(out, static_cast<uint32_t>(kind), bound);
  write();
  body.Close(out);
  event.Close(out);
}

void AppendType(Bytes& out, uint32_t field, const Type& type);

void AppendTypeBody(Bytes& out, const Type& type) {
  AppendVarintField(out, 1, static_cast<uint64_t>(type.kind));
  AppendLengthField(out, 2, type.name);
  AppendVarintField(out, 3, type.oid);
  AppendVarintField(out, 4, ZigZag(type.modifier));
  for (const std::string& label : type.labels) AppendLengthField(out, 5, label);
  if (type.element != nullptr) AppendType(out, 6, *type.element);
  for (const TypeField& member : type.fields) {
    Bytes encoded;
    AppendLengthField(encoded, 1, member.name);
    AppendType(encoded, 2, *member.type);
    AppendLengthField(out, 7, encoded.view());
  }
}

void AppendType(Bytes& out, uint32_t field, const Type& type) {
  Bytes encoded;
  AppendTypeBody(encoded, type);
  AppendLengthField(out, field, encoded.view());
}

void AppendColumn(Bytes& out, const Column& column) {
  Bytes encoded;
  AppendLengthField(encoded, 1, column.name);
  AppendType(encoded, 2, *column.type);
  if (column.nullable) AppendVarintField(encoded, 3, 1);
  if (column.generated) AppendVarintField(encoded, 4, 1);
  if (column.default_expression) AppendLengthField(encoded, 5, *column.default_expression);
  AppendLengthField(out, 5, encoded.view());
}

}  // namespace

void ChangeEncoder::SetTransaction(const TransactionHeader& header) {
  Bytes encoded;
  AppendPosition(encoded, kPosition, header.position);
  AppendFixed64Field(encoded, kTransactionId, header.transaction_id);
  AppendFixed64Field(encoded, kCommitTime, header.commit_time_us);
  AppendFixed64Field(encoded, kCaptureTime, header.capture_time_us);
  header_.assign(encoded.view());
  header_position_ = 3;
  is_snapshot_ = false;
}

void ChangeEncoder::SetSnapshot(uint64_t snapshot_id, uint64_t capture_time_us,
                                bool position_has_file) {
  Bytes encoded;
  AppendPosition(encoded, kPosition, Position{}, position_has_file);
  AppendFixed64Field(encoded, kCaptureTime, capture_time_us);
  header_.assign(encoded.view());
  header_position_ = 3;
  snapshot_id_ = snapshot_id;
  is_snapshot_ = true;
}

void ChangeEncoder::Begin(SchemaId schema, Op op, uint64_t transaction_index, size_t rows_bound) {
  Bytes& out = *out_;
  extent_ = FrameExtent{};
  extent_.at = static_cast<uint32_t>(out.size());
  size_t bound = rows_bound + kChangeHeaderBound;
  event_ = LengthMark::Open(out, kResponseEvents, bound + kSequenceSize + 6);
  AppendSequencePlaceholder(out);
  body_ = LengthMark::Open(out, static_cast<uint32_t>(EventKind::kChange), bound);

  out.Reserve(header_.size() + 40);
  char* at = WriteVarint(WriteTag(out.end(), kSchemaId, WireType::kVarint), schema);
  at = WriteVarint(WriteTag(at, kOp, WireType::kVarint), static_cast<uint64_t>(op));
  extent_.position_at = static_cast<uint32_t>(at - out.data() + header_position_);
  std::memcpy(at, header_.data(), header_.size());
  at += header_.size();
  if (is_snapshot_) {
    at = WriteVarint(WriteTag(at, kSnapshotId, WireType::kVarint), snapshot_id_);
  } else {
    at = WriteVarint(WriteTag(at, kTransactionIndex, WireType::kVarint), transaction_index);
    at = WriteTag(at, kLastInTransaction, WireType::kVarint);
    last_at_ = at - out.data();
    *at++ = 0;
  }
  out.Advance(at - out.end());
}

void ChangeEncoder::OpenRow(RowField field, size_t bound) {
  row_ = LengthMark::Open(*out_, field, bound);
  row_field_ = field;
  row_at_ = out_->size();
}

void ChangeEncoder::CloseRow() {
  row_.Close(*out_);
  uint32_t at = static_cast<uint32_t>(row_at_);
  uint32_t size = static_cast<uint32_t>(out_->size() - row_at_);
  if (row_field_ == kKey) {
    extent_.key_at = at;
    extent_.key_size = size;
  } else if (row_field_ == kAfter) {
    extent_.after_at = at;
    extent_.after_size = size;
  }
}

FrameExtent ChangeEncoder::End() {
  body_.Close(*out_);
  event_.Close(*out_);
  extent_.size = static_cast<uint32_t>(out_->size()) - extent_.at;
  return extent_;
}

void ChangeEncoder::MarkLast() { out_->data()[last_at_] = 1; }

std::string EncodeSchema(const TableSchema& schema) {
  Bytes out;
  AppendVarintField(out, 1, schema.id);
  AppendVarintField(out, 2, schema.table_id);
  AppendLengthField(out, 3, schema.name_space);
  AppendLengthField(out, 4, schema.name);
  for (const Column& column : schema.columns) AppendColumn(out, column);
  if (!schema.key_columns.empty()) {
    Bytes packed;
    for (uint32_t index : schema.key_columns) {
      packed.Reserve(10);
      packed.Advance(WriteVarint(packed.end(), index) - packed.end());
    }
    AppendLengthField(out, 6, packed.view());
  }
  if (schema.catalog_current) AppendVarintField(out, 7, 1);
  return std::string(out.view());
}

void AppendSchemaFrame(Bytes& out, const TableSchema& schema) {
  std::string encoded = EncodeSchema(schema);
  AppendFrame(out, EventKind::kSchema, encoded.size(), [&] { out.Append(encoded); });
}

void AppendTransactionEndFrame(Bytes& out, const TransactionHeader& header, uint64_t change_count) {
  AppendFrame(out, EventKind::kTransactionEnd, 60, [&] {
    AppendFixed64Field(out, 1, header.transaction_id);
    AppendPosition(out, 2, header.position);
    AppendFixed64Field(out, 3, header.commit_time_us);
    AppendVarintField(out, 4, change_count);
  });
}

void AppendMessageFrame(Bytes& out, const LogicalMessage& message) {
  AppendFrame(out, EventKind::kMessage, message.prefix.size() + message.content.size() + 80, [&] {
    AppendLengthField(out, 1, message.prefix);
    AppendLengthField(out, 2, message.content);
    AppendPosition(out, 3, message.position);
    if (message.transaction_id != 0) {
      AppendFixed64Field(out, 4, message.transaction_id);
      AppendVarintField(out, 5, message.transaction_index);
      AppendFixed64Field(out, 6, message.commit_time_us);
    }
  });
}

void AppendSnapshotMarkFrame(Bytes& out, const SnapshotMark& mark) {
  Bytes body;
  AppendVarintField(body, 1, mark.snapshot_id);
  AppendVarintField(body, 2, static_cast<uint64_t>(mark.kind));
  if (mark.table_id != 0) AppendVarintField(body, 3, mark.table_id);
  for (const std::string& text : mark.lower_key) AppendLengthField(body, 4, text);
  for (const std::string& text : mark.upper_key) AppendLengthField(body, 5, text);
  AppendVarintField(body, 6, mark.rows);
  AppendPosition(body, 7, mark.position);
  if (!mark.reason.empty()) AppendLengthField(body, 8, mark.reason);
  AppendFrame(out, EventKind::kSnapshotMark, body.size(), [&] { out.Append(body.view()); });
}

void AppendHeartbeatFrame(Bytes& out, Sequence sequence, const Position& frontier,
                          uint64_t time_us) {
  size_t at = out.size();
  AppendFrame(out, EventKind::kHeartbeat, 40, [&] {
    AppendPosition(out, 1, frontier);
    AppendFixed64Field(out, 2, time_us);
  });
  SetSequence(out.data() + at, sequence);
}

void SetSequence(char* frame, Sequence sequence) {
  ++frame;  // the frame's tag
  while ((*frame++ & 0x80) != 0) {
  }  // its length
  WriteFixed64(frame + 1, sequence);
}

void SetReadPosition(char* position_at, const Position& position) {
  if (position.file != 0) {
    WriteFixed64(position_at, position.file);
    position_at += 9;
  }
  WriteFixed64(position_at, position.offset);
}

bool FrameScanner::Next(EventView* event) {
  if (reader_.done()) return false;
  malformed_ = true;
  *event = EventView{};
  const char* start = reader_.at();
  uint32_t field;
  WireType type;
  std::string_view bytes;
  if (!reader_.ReadTag(&field, &type) || field != kResponseEvents || type != WireType::kLength ||
      !reader_.ReadLength(&bytes)) {
    return false;
  }
  event->frame = std::string_view(start, reader_.at() - start);
  WireReader inner(bytes);
  if (!inner.ReadTag(&field, &type) || field != kEventSequence || type != WireType::kFixed64 ||
      !inner.ReadFixed64(&event->sequence) || !inner.ReadTag(&field, &type) || field < 2 ||
      field > 7 || type != WireType::kLength || !inner.ReadLength(&event->body)) {
    return false;
  }
  event->kind = static_cast<EventKind>(field);
  WireReader body(event->body);
  uint64_t number = 0;
  if (event->kind == EventKind::kChange) {
    if (!body.ReadTag(&field, &type) || field != kSchemaId || !body.ReadVarint(&number)) {
      return false;
    }
    event->schema = static_cast<SchemaId>(number);
    if (!body.ReadTag(&field, &type) || field != kOp || !body.ReadVarint(&number)) return false;
    event->op = static_cast<Op>(number);
  } else if (event->kind == EventKind::kSchema) {
    if (!body.ReadTag(&field, &type) || field != 1 || !body.ReadVarint(&number)) return false;
    event->schema = static_cast<SchemaId>(number);
    if (!body.ReadTag(&field, &type) || field != 2 || !body.ReadVarint(&number)) return false;
    event->table = static_cast<TableId>(number);
  } else if (event->kind == EventKind::kSnapshotMark) {
    while (!body.done()) {
      if (!body.ReadTag(&field, &type)) return false;
      if (field == 3 && type == WireType::kVarint) {
        if (!body.ReadVarint(&number)) return false;
        event->table = static_cast<TableId>(number);
      } else if (!body.Skip(type)) {
        return false;
      }
    }
  }
  malformed_ = false;
  return true;
}

bool OverlayRow(std::string_view base, std::string_view partial, Bytes* out) {
  static constexpr char kUnavailableBytes[] = "\xC8\x01\x01";  // field 25, varint 1
  const std::string_view unavailable(kUnavailableBytes, 3);
  WireReader old_values(base), new_values(partial);
  while (!new_values.done()) {
    uint32_t field;
    WireType type;
    std::string_view old_value, new_value;
    if (!old_values.ReadTag(&field, &type) || field != 1 || type != WireType::kLength ||
        !old_values.ReadLength(&old_value) || !new_values.ReadTag(&field, &type) || field != 1 ||
        type != WireType::kLength || !new_values.ReadLength(&new_value)) {
      return false;
    }
    AppendLengthField(*out, 1, new_value == unavailable ? old_value : new_value);
  }
  return old_values.done();
}

FrameExtent AppendReadWithAfter(Bytes& out, std::string_view frame, const FrameExtent& extent,
                                std::string_view after) {
  // Everything of the body up to the key's end is kept; `after` is the last field of a READ.
  FrameScanner scanner(frame);
  EventView event;
  scanner.Next(&event);
  size_t frame_at = out.size();
  size_t kept = extent.key_at - extent.at + extent.key_size - (event.body.data() - frame.data());
  size_t position_in_body = extent.position_at - extent.at - (event.body.data() - frame.data());
  size_t key_in_body = extent.key_at - extent.at - (event.body.data() - frame.data());
  FrameExtent result;
  AppendFrame(out, EventKind::kChange, kept + after.size() + 12, [&] {
    size_t body_at = out.size();
    out.Append(event.body.substr(0, kept));
    AppendLengthField(out, kAfterRow, after);
    result.position_at = static_cast<uint32_t>(body_at + position_in_body);
    result.key_at = static_cast<uint32_t>(body_at + key_in_body);
  });
  result.key_size = extent.key_size;
  result.at = static_cast<uint32_t>(frame_at);
  result.size = static_cast<uint32_t>(out.size() - frame_at);
  result.after_at = static_cast<uint32_t>(out.size() - after.size());
  result.after_size = static_cast<uint32_t>(after.size());
  return result;
}

}  // namespace tidemark::model
