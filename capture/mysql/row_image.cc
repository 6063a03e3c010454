#include "capture/mysql/row_image.h"

#include <array>
#include <bit>

#include "absl/strings/str_cat.h"
#include "capture/mysql/binlog_event.h"

namespace tidemark::capture::mysql {
namespace {

constexpr uint64_t kColumnsMax = 4096;

struct RowsType {
  RowsKind kind;
  bool v2;
};

bool Classify(EventType type, RowsType* rows) {
  switch (type) {
    case EventType::kWriteRowsV1:
    case EventType::kWriteRowsCompressedV1:
      *rows = {RowsKind::kWrite, false};
      return true;
    case EventType::kUpdateRowsV1:
    case EventType::kUpdateRowsCompressedV1:
      *rows = {RowsKind::kUpdate, false};
      return true;
    case EventType::kDeleteRowsV1:
    case EventType::kDeleteRowsCompressedV1:
      *rows = {RowsKind::kDelete, false};
      return true;
    case EventType::kWriteRows:
    case EventType::kWriteRowsCompressed:
      *rows = {RowsKind::kWrite, true};
      return true;
    case EventType::kUpdateRows:
    case EventType::kUpdateRowsCompressed:
    case EventType::kPartialUpdateRows:
      *rows = {RowsKind::kUpdate, true};
      return true;
    case EventType::kDeleteRows:
    case EventType::kDeleteRowsCompressed:
      *rows = {RowsKind::kDelete, true};
      return true;
    default:
      return false;
  }
}

// Nine digits take four bytes; fewer take as many as they need.
size_t DecimalSize(uint32_t meta) {
  static constexpr std::array<uint8_t, 10> kBytes = {0, 1, 1, 2, 2, 3, 3, 4, 4, 4};
  const uint32_t scale = meta & 0xff;
  const uint32_t whole = (meta >> 8) - scale;
  return whole / 9 * 4 + kBytes[whole % 9] + scale / 9 * 4 + kBytes[scale % 9];
}

std::string_view ReadPrefixed(ByteReader& in, size_t prefix_size) {
  return in.Bytes(in.Unsigned(prefix_size));
}

// The value's bytes, without its length (MySQL 8.4 sql/rpl_utility.cc, calc_field_size).
std::string_view ReadValue(const ColumnMeta& column, ByteReader& in) {
  switch (column.type) {
    case ColumnType::kTiny:
    case ColumnType::kYear:
      return in.Bytes(1);
    case ColumnType::kShort:
      return in.Bytes(2);
    case ColumnType::kInt24:
    case ColumnType::kDate:
    case ColumnType::kTimeOld:
      return in.Bytes(3);
    case ColumnType::kLong:
    case ColumnType::kFloat:
    case ColumnType::kTimestampOld:
      return in.Bytes(4);
    case ColumnType::kLongLong:
    case ColumnType::kDouble:
    case ColumnType::kDateTimeOld:
      return in.Bytes(8);
    case ColumnType::kTime2:
      return in.Bytes(3 + (column.meta + 1) / 2);
    case ColumnType::kTimestamp2:
      return in.Bytes(4 + (column.meta + 1) / 2);
    case ColumnType::kDateTime2:
      return in.Bytes(5 + (column.meta + 1) / 2);
    case ColumnType::kNewDecimal:
      return in.Bytes(DecimalSize(column.meta));
    case ColumnType::kBit:
      return in.Bytes((column.meta + 7) / 8);
    case ColumnType::kEnum:
    case ColumnType::kSet:
      return in.Bytes(column.meta);
    case ColumnType::kVarchar:
    case ColumnType::kVarString:
    case ColumnType::kVarcharCompressed:
    case ColumnType::kString:
      return ReadPrefixed(in, column.meta > 255 ? 2 : 1);
    case ColumnType::kBlob:
    case ColumnType::kGeometry:
    case ColumnType::kJson:
    case ColumnType::kVector:
    case ColumnType::kBlobCompressed:
      return ReadPrefixed(in, column.meta);
    case ColumnType::kTypedArray:
      return ReadPrefixed(in, 4);
    case ColumnType::kNull:
      return {};
    case ColumnType::kDecimalOld:
      break;
  }
  in.Fail("a value of a type that the log does not describe");
  return {};
}

bool BitAt(std::string_view bits, size_t index) {
  return (static_cast<uint8_t>(bits[index / 8]) >> index % 8 & 1) != 0;
}

size_t BitBytes(uint64_t bits) { return static_cast<size_t>((bits + 7) / 8); }

std::string NameOf(RowsKind kind) {
  switch (kind) {
    case RowsKind::kWrite:
      return "WRITE_ROWS";
    case RowsKind::kUpdate:
      return "UPDATE_ROWS";
    case RowsKind::kDelete:
      return "DELETE_ROWS";
  }
  return "ROWS";
}

}  // namespace

RowsReader::Image RowsReader::ToImage(std::string_view present, uint64_t column_count) {
  Image image{present, 0};
  for (uint64_t i = 0; i < column_count && i / 8 < present.size(); ++i) {
    image.count += BitAt(present, i) ? 1 : 0;
  }
  return image;
}

absl::StatusOr<RowsReader> RowsReader::Open(uint8_t type, std::string_view body, size_t id_bytes) {
  RowsReader reader;
  RowsType rows;
  if (!Classify(static_cast<EventType>(type), &rows)) {
    return absl::DataLossError(absl::StrCat("event type ", type, " has no rows"));
  }
  ByteReader in(body);
  reader.kind_ = rows.kind;
  reader.partial_json_ = static_cast<EventType>(type) == EventType::kPartialUpdateRows;
  reader.table_id_ = in.Unsigned(id_bytes);
  reader.flags_ = in.U16();
  if (rows.v2) {
    // Extra data of NDB and of partitions, which nobody needs. The size counts itself.
    const uint16_t extra = in.U16();
    if (extra < 2) in.Fail("extra data of a wrong size");
    in.Skip(extra - 2u);
  }
  reader.column_count_ = in.Packed();
  if (reader.column_count_ > kColumnsMax) in.Fail("more columns than a table can have");
  const std::string_view first = in.Bytes(BitBytes(reader.column_count_));
  const Image image = ToImage(first, reader.column_count_);
  if (rows.kind != RowsKind::kWrite) reader.before_ = image;
  if (rows.kind == RowsKind::kWrite) reader.after_ = image;
  if (rows.kind == RowsKind::kUpdate) {
    const std::string_view second = in.Bytes(BitBytes(reader.column_count_));
    reader.after_ = ToImage(second, reader.column_count_);
  }
  reader.rows_ = in.Rest();
  reader.empty_row_ = rows.kind == RowsKind::kWrite && reader.column_count_ > 0 &&
                      reader.after_.count == 0 && reader.rows_.empty();
  if (auto status = in.Check(NameOf(rows.kind)); !status.ok()) return status;
  return reader;
}

absl::Status RowsReader::SetTable(const TableMap* table) {
  table_ = table;
  json_columns_ = 0;
  for (const ColumnMeta& column : table->columns) {
    json_columns_ += column.type == ColumnType::kJson ? 1 : 0;
  }
  if (column_count_ == table->columns.size()) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat("a ", NameOf(kind_), " event has ", column_count_,
                                          " columns, and its table ", table->database, ".",
                                          table->table, " ", table->columns.size()));
}

// `partial`: a bit for each JSON column of the table, set where the value is a list of diffs.
void RowsReader::ReadCells(const Image& image, std::string_view partial, ByteReader& in,
                           RowCells* cells) const {
  const std::vector<ColumnMeta>& columns = table_->columns;
  cells->resize(columns.size());
  const std::string_view nulls = in.Bytes(BitBytes(image.count));
  if (in.failed()) return;
  const bool whole = image.count == columns.size();
  size_t at = 0;    // among the columns that are there
  size_t json = 0;  // among the JSON columns
  for (size_t i = 0; i < columns.size(); ++i) {
    Cell& cell = (*cells)[i];
    const bool diffs =
        !partial.empty() && columns[i].type == ColumnType::kJson && BitAt(partial, json++);
    if (!whole && !BitAt(image.present, i)) {
      cell = {Cell::Kind::kAbsent, {}};
    } else if (BitAt(nulls, at++)) {
      cell = {Cell::Kind::kNull, {}};
    } else {
      cell.kind = diffs ? Cell::Kind::kJsonDiffs : Cell::Kind::kValue;
      cell.bytes = ReadValue(columns[i], in);
    }
  }
}

// The image after a PARTIAL_UPDATE_ROWS begins with options; bit 0: there are diffs.
void RowsReader::ReadAfter(ByteReader& in, RowCells* cells) const {
  std::string_view partial;
  if (partial_json_ && (in.Packed() & 1) != 0) partial = in.Bytes(BitBytes(json_columns_));
  ReadCells(after_, partial, in, cells);
}

absl::Status RowsReader::Next(RowCells* before, RowCells* after) {
  ByteReader in(rows_);
  empty_row_ = false;
  if (kind_ != RowsKind::kWrite) ReadCells(before_, {}, in, before);
  if (kind_ != RowsKind::kDelete) ReadAfter(in, after);
  if (in.left() == rows_.size() && !rows_.empty()) in.Fail("a row without columns");
  if (in.failed()) {
    rows_ = {};
    return absl::DataLossError(absl::StrCat(in.Check(NameOf(kind_)).message(), " (table ",
                                            table_->database, ".", table_->table, ")"));
  }
  rows_ = in.Rest();
  return absl::OkStatus();
}

}  // namespace tidemark::capture::mysql
