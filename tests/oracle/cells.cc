#include "tests/oracle/cells.h"

#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tests/oracle/mysql_value_text.h"
#include "tests/oracle/value_text.h"

namespace tidemark::oracle {
namespace {

constexpr uint32_t kNullMark = 0;
constexpr uint32_t kUnknownMark = 1;
constexpr uint32_t kLengthBase = 2;

using testing::Engine;

absl::StatusOr<Cell> CellOf(const v1::Value& value, const v1::Column& column, Engine engine) {
  if (value.kind_case() == v1::Value::kUnavailable) return Cell{Cell::State::kUnknown};
  absl::StatusOr<std::optional<std::string>> text = engine == Engine::kPostgres
                                                        ? ValueText(value, column.type())
                                                        : MysqlValueText(value, column.type());
  if (!text.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("column ", column.name(), ": ", text.status().message()));
  }
  if (!text->has_value()) return Cell{Cell::State::kNull};
  return Cell{Cell::State::kText, **std::move(text)};
}

}  // namespace

absl::StatusOr<Cells> CellsOfRow(const v1::Row& row, const v1::TableSchema& schema, Engine engine) {
  if (row.values_size() != schema.columns_size()) {
    return absl::InvalidArgumentError(
        absl::StrCat(row.values_size(), " values for ", schema.columns_size(), " columns"));
  }
  Cells cells;
  cells.reserve(row.values_size());
  for (int i = 0; i < row.values_size(); ++i) {
    absl::StatusOr<Cell> cell = CellOf(row.values(i), schema.columns(i), engine);
    if (!cell.ok()) return cell.status();
    cells.push_back(*std::move(cell));
  }
  return cells;
}

absl::StatusOr<Cells> CellsOfKey(const v1::Row& key, const v1::TableSchema& schema, Engine engine) {
  if (key.values_size() != schema.key_columns_size()) {
    return absl::InvalidArgumentError(absl::StrCat(key.values_size(), " key values for ",
                                                   schema.key_columns_size(), " key columns"));
  }
  Cells cells;
  for (int i = 0; i < key.values_size(); ++i) {
    absl::StatusOr<Cell> cell =
        CellOf(key.values(i), schema.columns(schema.key_columns(i)), engine);
    if (!cell.ok()) return cell.status();
    if (cell->state != Cell::State::kText) {
      return absl::InvalidArgumentError("a key column is NULL or unavailable");
    }
    cells.push_back(*std::move(cell));
  }
  return cells;
}

std::string Pack(const Cells& cells) {
  std::string packed;
  for (const Cell& cell : cells) {
    uint32_t mark = kNullMark;
    if (cell.state == Cell::State::kUnknown) mark = kUnknownMark;
    if (cell.state == Cell::State::kText) {
      mark = kLengthBase + static_cast<uint32_t>(cell.text.size());
    }
    packed.append(reinterpret_cast<const char*>(&mark), sizeof(mark));
    packed += cell.text;
  }
  return packed;
}

Cells Unpack(const std::string& packed) {
  Cells cells;
  for (size_t at = 0; at < packed.size();) {
    uint32_t mark;
    std::memcpy(&mark, packed.data() + at, sizeof(mark));
    at += sizeof(mark);
    if (mark < kLengthBase) {
      cells.push_back({mark == kNullMark ? Cell::State::kNull : Cell::State::kUnknown});
      continue;
    }
    cells.push_back({Cell::State::kText, packed.substr(at, mark - kLengthBase)});
    at += mark - kLengthBase;
  }
  return cells;
}

std::string Show(const Cell& cell) {
  constexpr size_t kBytesMax = 60;
  if (cell.state == Cell::State::kNull) return "NULL";
  if (cell.state == Cell::State::kUnknown) return "(never seen)";
  if (cell.text.size() <= kBytesMax) return cell.text;
  return absl::StrCat(cell.text.substr(0, kBytesMax), "… (", cell.text.size(), " bytes)");
}

std::string Show(const Cells& cells) {
  return absl::StrCat(
      "(",
      absl::StrJoin(cells, ", ",
                    [](std::string* out, const Cell& cell) { absl::StrAppend(out, Show(cell)); }),
      ")");
}

}  // namespace tidemark::oracle
