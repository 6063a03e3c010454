#ifndef TIDEMARK_MODEL_SCHEMA_H_
#define TIDEMARK_MODEL_SCHEMA_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace tidemark::model {

// Identity of a table within its source. PostgreSQL: the oid of the published relation (a partition
// root under publish_via_partition_root), which survives renames. MySQL, MariaDB: a hash of its
// qualified name, since the log has no other lasting identity; a renamed table is another one.
using TableId = uint64_t;

// Identity of one version of one table within its source. 0 is no schema.
using SchemaId = uint32_t;

// Which member of tidemark.v1.Value carries a column's values. Numbers are those of
// tidemark.v1.TypeKind.
enum class TypeKind : uint8_t {
  kUnspecified = 0,
  kBoolean = 1,
  kInteger = 2,
  kUnsignedInteger = 3,
  kReal = 4,
  kDoublePrecision = 5,
  kDecimal = 6,
  kText = 7,
  kBinary = 8,
  kDate = 9,
  kTime = 10,
  kTimeWithZone = 11,
  kTimestamp = 12,
  kTimestampWithZone = 13,
  kInterval = 14,
  kJson = 15,
  kUuid = 16,
  kBits = 17,
  kEnum = 18,
  kArray = 19,
  kRange = 20,
  kMultiRange = 21,
  kComposite = 22,
  kServerText = 23,
  kGeometry = 24,
  kVector = 25,
};

struct TypeField;

// A column's type. Immutable once shared.
struct Type {
  TypeKind kind = TypeKind::kUnspecified;
  // The source's own name with modifiers: "numeric(10,2)".
  std::string name;
  // PostgreSQL: type oid and modifier (-1: none). MySQL, MariaDB: see
  // capture/mysql/schema_builder.h.
  uint32_t oid = 0;
  int32_t modifier = -1;
  // kEnum: labels in sort order. Also of MySQL's SET, which is kServerText.
  std::vector<std::string> labels;
  // kArray, kRange, kMultiRange: what they hold; never null there. A multirange holds the range's
  // bounds' type.
  std::shared_ptr<const Type> element;
  // kArray: the delimiter between elements in the server's text (',' but for box, which has ';').
  char delimiter = ',';
  // kComposite: fields in order.
  std::vector<TypeField> fields;
};

struct TypeField {
  std::string name;
  std::shared_ptr<const Type> type;
};

struct Column {
  std::string name;
  std::shared_ptr<const Type> type;
  bool nullable = true;
  bool generated = false;
  std::optional<std::string> default_expression;
};

// One version of one table, as captured: only the columns that both the log and the chunks carry.
struct TableSchema {
  SchemaId id = 0;
  TableId table_id = 0;
  std::string name_space;
  std::string name;
  std::vector<Column> columns;
  // Indexes into `columns`, in key order; empty: no usable key.
  std::vector<uint32_t> key_columns;
  // See tidemark.v1.TableSchema.catalog_current.
  bool catalog_current = true;
};

// "namespace.name"
std::string QualifiedName(const TableSchema& schema);

// True if rows read under one are laid out as rows of the other: same table, same key, and the same
// columns in order, by name and type. Of a type the kind, oid, modifier, element and fields matter,
// all the way down. Names of the table and of types do not, since a rename moves no row and the log
// does not tell of it; nor do nullability, defaults and enum labels.
bool SameLayout(const TableSchema& a, const TableSchema& b);

// True if layout and all else but the id are the same: names and enum labels too, nested ones as
// well. Only delimiters are not compared: the journal does not hold them.
bool SameContent(const TableSchema& a, const TableSchema& b);

// True if rows read before the change from `from` to `to` may differ from what a read under `to`
// returns, although no row event says so: a column's type changed in structure, an enum label was
// renamed, a column came with a default or generated, or the key changed.
bool ChangeRewritesRows(const TableSchema& from, const TableSchema& to);

}  // namespace tidemark::model

#endif  // TIDEMARK_MODEL_SCHEMA_H_
