// Tables of MySQL and MariaDB as information_schema has them, and how each type is asked for.

#include <algorithm>
#include <iterator>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/substitute.h"
#include "tests/oracle/source_table.h"

namespace tidemark::oracle {
namespace {

using testing::Engine;
using testing::Session;
using testing::SqlRow;

// How values of a type are asked for ($0 is the column).
enum class Form { kPlain, kNumber, kDouble, kText, kHex, kBits, kGeometry, kVector };

// What v1::Type.modifier says of a type.
enum class Modifier { kNone, kLength, kBlob, kDecimal, kBits, kDigits };

struct KnownType {
  absl::string_view name;  // COLUMNS.DATA_TYPE
  uint32_t number;         // enum_field_types
  Form form = Form::kPlain;
  Modifier modifier = Modifier::kNone;
  int32_t fixed = -1;
};

constexpr KnownType kTypes[] = {
    {"tinyint", 1, Form::kNumber},
    {"smallint", 2, Form::kNumber},
    {"mediumint", 9, Form::kNumber},
    {"int", 3, Form::kNumber},
    {"bigint", 8, Form::kNumber},
    {"year", 13, Form::kNumber},
    {"float", 4, Form::kDouble},
    {"double", 5, Form::kDouble},
    {"decimal", 246, Form::kNumber, Modifier::kDecimal},
    {"bit", 16, Form::kBits, Modifier::kBits},
    {"date", 10},
    {"time", 19, Form::kPlain, Modifier::kDigits},
    {"datetime", 18, Form::kPlain, Modifier::kDigits},
    {"timestamp", 17, Form::kPlain, Modifier::kDigits},
    {"char", 254, Form::kText, Modifier::kLength},
    {"varchar", 15, Form::kText, Modifier::kLength},
    {"binary", 254, Form::kHex, Modifier::kLength},
    {"varbinary", 15, Form::kHex, Modifier::kLength},
    {"tinytext", 252, Form::kText, Modifier::kBlob, 1},
    {"text", 252, Form::kText, Modifier::kBlob, 2},
    {"mediumtext", 252, Form::kText, Modifier::kBlob, 3},
    {"longtext", 252, Form::kText, Modifier::kBlob, 4},
    {"tinyblob", 252, Form::kHex, Modifier::kBlob, 1},
    {"blob", 252, Form::kHex, Modifier::kBlob, 2},
    {"mediumblob", 252, Form::kHex, Modifier::kBlob, 3},
    {"longblob", 252, Form::kHex, Modifier::kBlob, 4},
    {"enum", 247, Form::kText},
    {"set", 248, Form::kText},
    {"json", 245},
    {"vector", 242, Form::kVector},
    // Of MariaDB; in its log they are BINARY.
    {"uuid", 254, Form::kPlain, Modifier::kBlob, 16},
    {"inet6", 254, Form::kPlain, Modifier::kBlob, 16},
    {"inet4", 254, Form::kPlain, Modifier::kBlob, 4},
    {"geometry", 255, Form::kGeometry},
    {"point", 255, Form::kGeometry},
    {"linestring", 255, Form::kGeometry},
    {"polygon", 255, Form::kGeometry},
    {"multipoint", 255, Form::kGeometry},
    {"multilinestring", 255, Form::kGeometry},
    {"multipolygon", 255, Form::kGeometry},
    {"geomcollection", 255, Form::kGeometry},
    {"geometrycollection", 255, Form::kGeometry},
};

// In the order of the SELECT below.
enum Field { kName, kDataType, kColumnType, kOctets, kPrecision, kScale, kDigits };

int32_t Number(const std::optional<std::string>& text) {
  return text.has_value() ? static_cast<int32_t>(std::stoll(*text)) : 0;
}

int32_t ModifierOf(const KnownType& type, const SqlRow& row) {
  switch (type.modifier) {
    case Modifier::kNone:
      return -1;
    case Modifier::kLength:
      return Number(row[kOctets]);
    case Modifier::kBlob:
      return type.fixed;
    case Modifier::kDecimal:
      return Number(row[kPrecision]) << 8 | Number(row[kScale]);
    case Modifier::kBits:
      return Number(row[kPrecision]);
    case Modifier::kDigits:
      return Number(row[kDigits]);
  }
  return -1;
}

std::string ExpressionOf(Form form, Engine engine, const SqlRow& row) {
  const std::string column = QuoteWith('`', *row[kName]);
  switch (form) {
    case Form::kPlain:
      return column;
    case Form::kNumber:
      // Without the zeros of ZEROFILL and YEAR.
      return absl::StrCat(column, " + 0");
    case Form::kDouble:
      // The text of FLOAT has 6 digits, that of DOUBLE(m,d) d decimals.
      return absl::StrCat(column, " * 1e0");
    case Form::kText:
      return absl::Substitute("CONVERT($0 USING utf8mb4)", column);
    case Form::kHex:
    case Form::kVector:
      return absl::Substitute("HEX($0)", column);
    case Form::kBits:
      return absl::Substitute("LPAD(BIN($0), $1, '0')", column, *row[kPrecision]);
    case Form::kGeometry:
      // MySQL turns the axes of geographic systems into their own order, unless it is told not to.
      return absl::Substitute("CONCAT(ST_SRID($0), ':', HEX(ST_AsWKB($0$1)))", column,
                              engine == Engine::kMySql ? ", 'axis-order=long-lat'" : "");
  }
  return column;
}

absl::StatusOr<SourceColumn> ColumnOf(Engine engine, const SqlRow& row) {
  const auto* type =
      std::find_if(std::begin(kTypes), std::end(kTypes),
                   [&](const KnownType& known) { return known.name == *row[kDataType]; });
  if (type == std::end(kTypes)) {
    return absl::UnimplementedError(absl::StrCat("the oracle does not know ", *row[kDataType]));
  }
  constexpr uint32_t kUnsigned = 256;
  const bool is_unsigned = type->form != Form::kText && type->name != "year" &&
                           absl::StrContains(*row[kColumnType], "unsigned");
  return SourceColumn{.name = *row[kName],
                      .expression = ExpressionOf(type->form, engine, row),
                      .type_oid = type->number + (is_unsigned ? kUnsigned : 0),
                      .type_modifier = ModifierOf(*type, row),
                      .floating = type->form == Form::kDouble};
}

}  // namespace

absl::StatusOr<SourceTable> FindMysqlTable(Session& session, const std::string& database,
                                           const std::string& name) {
  absl::StatusOr<testing::SqlRows> columns = session.Query(absl::StrCat(
      "SELECT column_name, data_type, column_type, character_octet_length, numeric_precision, "
      "numeric_scale, datetime_precision FROM information_schema.columns WHERE table_schema = ",
      QuoteWith('\'', database), " AND table_name = ", QuoteWith('\'', name),
      session.engine() == Engine::kMariaDb ? " AND extra NOT LIKE '% GENERATED%'" : "",
      " ORDER BY ordinal_position"));
  if (!columns.ok()) return columns.status();
  if (columns->empty()) {
    return absl::NotFoundError(absl::StrCat("the source has no table ", database, ".", name));
  }
  SourceTable table;
  table.sql_name = absl::StrCat(QuoteWith('`', database), ".", QuoteWith('`', name));
  for (const SqlRow& row : *columns) {
    absl::StatusOr<SourceColumn> column = ColumnOf(session.engine(), row);
    if (!column.ok()) return column.status();
    table.columns.push_back(*std::move(column));
  }
  return table;
}

}  // namespace tidemark::oracle
