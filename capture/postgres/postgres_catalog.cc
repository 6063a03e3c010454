#include "capture/postgres/postgres_catalog.h"

#include <chrono>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace tidemark::capture::postgres {
namespace {

using model::Type;
using model::TypeKind;

// First oid of objects that users make (access/transam.h, FirstNormalObjectId).
constexpr uint32_t kFirstUserOid = 16384;
// Composites of composites of ...; the server itself allows no cycles.
constexpr int kTypeDepthMax = 32;
// How long a commit is waited for that the log shows already.
constexpr std::chrono::seconds kVisibleWithin{3};
constexpr uint32_t kInt2Vector = 22;
constexpr uint32_t kOidVector = 30;

// One row a column; the table's own facts and the key are repeated in each. $1 oid, $2 publication,
// $3 true: any table, as a publication of our making would carry it.
// A table is published as itself unless an ancestor is, under publish_via_partition_root. The key's
// index is chosen as CatalogTable.key says. Nothing here waits for a lock on the table: whoever
// holds one must not hold up the log (pg_get_expr opens the table that it is given, from 17 on; a
// default names no column and needs none). A partition that was made as one, and so was empty, has
// the same xmin in pg_inherits as in the rows of its system columns, which are never updated; one
// that was attached has not. $$..$$ are places where versions differ.
constexpr char kTableQuery[] = R"sql(
WITH published AS (
  SELECT p.oid AS pubid, p.puballtables, p.pubviaroot, $$pubgencols$$ AS with_generated
  FROM pg_publication p WHERE p.pubname = $2 AND NOT $3::bool
  UNION ALL SELECT 0, true, false, $$planned_gencols$$ WHERE $3::bool),
ancestors AS (
  SELECT a.relid, c.relnamespace
  FROM pg_partition_ancestors($1::oid::regclass) a JOIN pg_class c ON c.oid = a.relid
  WHERE a.relid <> $1::oid),
target AS (
  SELECT c.oid, c.relname, c.relnamespace, c.relreplident, p.with_generated, $$columns$$ AS listed
  FROM pg_class c, published p
  WHERE c.oid = $1::oid AND c.oid >= 16384 AND c.relkind IN ('r', 'p') AND c.relpersistence = 'p'
    AND CASE
      WHEN p.puballtables THEN NOT (p.pubviaroot AND c.relispartition)
      WHEN EXISTS (SELECT FROM ancestors a WHERE
                     EXISTS (SELECT FROM pg_publication_rel r
                             WHERE r.prpubid = p.pubid AND r.prrelid = a.relid)
                     OR $$ancestor_namespace$$) THEN NOT p.pubviaroot
      ELSE EXISTS (SELECT FROM pg_publication_rel r
                   WHERE r.prpubid = p.pubid AND r.prrelid = c.oid)
           OR $$namespace$$ END),
columns AS (
  SELECT a.attnum, a.xmin, a.attname, a.atttypid, a.atttypmod, a.attnotnull, a.attgenerated,
         CASE WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, 0) END AS expression
  FROM target t JOIN pg_attribute a ON a.attrelid = t.oid
  LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
  WHERE a.attnum > 0 AND NOT a.attisdropped
    AND (t.listed IS NULL OR a.attnum = ANY (t.listed))
    AND (a.attgenerated = '' OR a.attgenerated = 's' AND t.with_generated >= 's'
         OR a.attgenerated = 's' AND t.listed IS NOT NULL AND t.with_generated >= 'n')),
key AS (
  SELECT i.indkey::int2[] AS attributes, i.indnkeyatts
  FROM target t JOIN pg_index i ON i.indrelid = t.oid
  WHERE i.indisunique AND i.indisvalid AND i.indimmediate AND i.indpred IS NULL
    AND i.indexprs IS NULL
    AND CASE t.relreplident WHEN 'i' THEN i.indisreplident ELSE i.indisprimary OR t.relreplident = 'f' END
    AND NOT EXISTS (
      SELECT FROM generate_series(0, i.indnkeyatts - 1) k
      WHERE NOT EXISTS (SELECT FROM columns c WHERE c.attnum = i.indkey[k] AND c.attnotnull))
  ORDER BY i.indisprimary DESC, i.indnkeyatts, i.indexrelid LIMIT 1)
SELECT n.nspname, t.relname, t.relreplident,
       c.attname, c.atttypid, c.atttypmod, c.attnotnull, c.attgenerated <> '', c.expression,
       (SELECT ordinality FROM unnest((k.attributes)[0:k.indnkeyatts - 1]) WITH ORDINALITY u(n, ordinality)
        WHERE u.n = c.attnum),
       c.attnum,
       (SELECT coalesce(hashtextextended(string_agg(concat(xmin), ',' ORDER BY attnum), 0), 0)
        FROM columns),
       (SELECT hashtextextended(string_agg(concat(pg_relation_filenode(relid)), ',' ORDER BY relid), 0)
        FROM $$tree$$ tree (relid)),
       (SELECT coalesce(hashtextextended(
          string_agg(concat(i.inhrelid, ' ', i.inhparent, ' ', i.xmin), ',' ORDER BY i.inhrelid), 0), 0)
        FROM $$tree$$ tree (relid) JOIN pg_inherits i ON i.inhrelid = tree.relid
        JOIN pg_attribute made ON made.attrelid = i.inhrelid AND made.attname = 'tableoid'
        WHERE tree.relid <> t.oid AND made.xmin <> i.xmin)
FROM target t JOIN pg_namespace n ON n.oid = t.relnamespace
LEFT JOIN columns c ON true LEFT JOIN key k ON true
ORDER BY c.attnum)sql";

std::string TableQuery(int version) {
  const bool lists_columns = version >= 150000;
  absl::string_view in_namespace = "false", ancestor_in_namespace = "false";
  if (lists_columns) {
    in_namespace =
        "EXISTS (SELECT FROM pg_publication_namespace s"
        " WHERE s.pnpubid = p.pubid AND s.pnnspid = c.relnamespace)";
    ancestor_in_namespace =
        "EXISTS (SELECT FROM pg_publication_namespace s"
        " WHERE s.pnpubid = p.pubid AND s.pnnspid = a.relnamespace)";
  }
  return absl::StrReplaceAll(
      kTableQuery,
      {{"$$pubgencols$$", version >= 180000 ? "p.pubgencols::text" : "''"},
       {"$$planned_gencols$$", version >= 180000 ? "'s'" : "''"},
       {"$$columns$$", lists_columns ? "(SELECT r.prattrs::int2[] FROM pg_publication_rel r"
                                       " WHERE r.prpubid = p.pubid AND r.prrelid = c.oid)"
                                     : "NULL::int2[]"},
       {"$$namespace$$", in_namespace},
       {"$$ancestor_namespace$$", ancestor_in_namespace},
       {"$$tree$$", PartitionTree("t.oid")}});
}

CatalogColumn ColumnAt(const Result& result, int row) {
  CatalogColumn column{.name = result.str(row, 3),
                       .type_oid = static_cast<uint32_t>(result.number(row, 4)),
                       .type_modifier = static_cast<int32_t>(result.number(row, 5)),
                       .nullable = !result.flag(row, 6),
                       .generated = result.flag(row, 7),
                       .default_expression = std::nullopt};
  if (!result.null(row, 8)) column.default_expression = result.str(row, 8);
  return column;
}

CatalogTable TableOf(const Result& result, uint32_t oid) {
  CatalogTable table{.oid = oid,
                     .name_space = result.str(0, 0),
                     .name = result.str(0, 1),
                     .replica_identity = result.text(0, 2).front(),
                     .columns = {},
                     .key = {},
                     .marks = {}};
  table.marks.definitions = static_cast<uint64_t>(result.number(0, 11));
  table.marks.storage = static_cast<uint64_t>(result.number(0, 12));
  table.marks.parts = static_cast<uint64_t>(result.number(0, 13));
  std::map<int64_t, std::string> key;
  for (int row = 0; row < result.rows(); ++row) {
    if (result.null(row, 3)) continue;
    table.columns.push_back(ColumnAt(result, row));
    table.marks.columns.push_back(static_cast<uint64_t>(result.number(row, 10)));
    if (!result.null(row, 9)) key[result.number(row, 9)] = result.str(row, 3);
  }
  for (auto& [place, name] : key) table.key.push_back(std::move(name));
  return table;
}

// Columns of the query for one type.
enum TypeColumn {
  kName,
  kTypType,
  kBase,
  kBaseModifier,
  kElement,
  kDelimiter,
  kRelation,
  kSubtype,
  kPlainName
};

// $1 oid, $2 modifier. A multirange has the subtype of its range.
constexpr char kTypeQuery[] = R"sql(
SELECT format_type(t.oid, nullif($2::int, -1)), t.typtype, t.typbasetype, t.typtypmod,
       CASE WHEN t.typcategory = 'A' AND t.typlen = -1 THEN t.typelem ELSE 0 END,
       coalesce(e.typdelim, ','), t.typrelid, coalesce(r.rngsubtype, 0), t.typname
FROM pg_type t LEFT JOIN pg_type e ON e.oid = t.typelem
LEFT JOIN pg_range r ON t.oid IN (r.rngtypid, r.rngmultitypid)
WHERE t.oid = $1)sql";

uint32_t OidAt(const Result& result, int column) {
  return static_cast<uint32_t>(result.number(0, column));
}

// An extension's type that is text in all but its comparison.
bool IsTextOfExtension(absl::string_view plain_name) { return plain_name == "citext"; }

}  // namespace

std::string PartitionTree(absl::string_view root) {
  return absl::StrCat("(WITH RECURSIVE tree (relid) AS (SELECT ", root,
                      " UNION ALL SELECT i.inhrelid FROM tree"
                      " JOIN pg_class p ON p.oid = tree.relid AND p.relkind IN ('p', 'I')"
                      " JOIN pg_inherits i ON i.inhparent = p.oid AND NOT i.inhdetachpending)"
                      " SELECT relid FROM tree)");
}

TypeKind BuiltinKind(uint32_t oid) {
  switch (oid) {
    case 16:
      return TypeKind::kBoolean;
    case 17:
      return TypeKind::kBinary;
    case 18:
    case 19:
    case 25:
    case 142:
    case 1042:
    case 1043:
      return TypeKind::kText;
    case 20:
    case 21:
    case 23:
      return TypeKind::kInteger;
    case 26:
    case 28:
    case 29:
    case 5069:
      return TypeKind::kUnsignedInteger;
    case 114:
    case 3802:
      return TypeKind::kJson;
    case 700:
      return TypeKind::kReal;
    case 701:
      return TypeKind::kDoublePrecision;
    case 1082:
      return TypeKind::kDate;
    case 1083:
      return TypeKind::kTime;
    case 1266:
      return TypeKind::kTimeWithZone;
    case 1114:
      return TypeKind::kTimestamp;
    case 1184:
      return TypeKind::kTimestampWithZone;
    case 1186:
      return TypeKind::kInterval;
    case 1560:
    case 1562:
      return TypeKind::kBits;
    case 1700:
      return TypeKind::kDecimal;
    case 2950:
      return TypeKind::kUuid;
    default:
      return TypeKind::kServerText;
  }
}

// A transaction holds the lock of its own number until after it can be seen.
absl::Status PostgresCatalog::WaitForTransaction(uint32_t xid) {
  constexpr char kQuery[] =
      "SELECT FROM pg_locks WHERE locktype = 'transactionid' AND transactionid = $1::xid"
      " AND granted LIMIT 1";
  const auto deadline = std::chrono::steady_clock::now() + kVisibleWithin;
  while (true) {
    absl::StatusOr<Result> result = connection_->Query(kQuery, {absl::StrCat(xid)});
    if (!result.ok()) return result.status();
    if (result->rows() == 0 || std::chrono::steady_clock::now() > deadline) return absl::OkStatus();
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

absl::StatusOr<std::optional<CatalogTable>> PostgresCatalog::DescribeTable(uint32_t oid) {
  users_.clear();
  const std::string planned = state_ == PublicationState::kPlanned ? "t" : "f";
  absl::StatusOr<Result> result = connection_->Query(TableQuery(connection_->server_version()),
                                                     {absl::StrCat(oid), publication_, planned});
  if (!result.ok()) return result.status();
  if (result->rows() == 0) return std::nullopt;
  return TableOf(*result, oid);
}

absl::StatusOr<PostgresCatalog::TypePtr> PostgresCatalog::ResolveType(uint32_t oid,
                                                                      int32_t modifier) {
  return Resolve(oid, modifier, 0);
}

absl::StatusOr<PostgresCatalog::TypePtr> PostgresCatalog::Resolve(uint32_t oid, int32_t modifier,
                                                                  int depth) {
  if (depth > kTypeDepthMax) return absl::FailedPreconditionError("a type is nested too deeply");
  auto& cache = oid < kFirstUserOid ? builtin_ : users_;
  auto found = cache.find({oid, modifier});
  if (found != cache.end()) return found->second;
  absl::StatusOr<TypePtr> type = LoadType(oid, modifier, depth);
  if (type.ok()) cache[{oid, modifier}] = *type;
  return type;
}

absl::StatusOr<PostgresCatalog::TypePtr> PostgresCatalog::LoadType(uint32_t oid, int32_t modifier,
                                                                   int depth) {
  absl::StatusOr<Result> row =
      connection_->Query(kTypeQuery, {absl::StrCat(oid), absl::StrCat(modifier)});
  if (!row.ok()) return row.status();
  auto type = std::make_shared<Type>();
  type->oid = oid;
  type->modifier = modifier;
  type->kind = BuiltinKind(oid);
  if (row->rows() == 0) {
    type->kind = TypeKind::kServerText;
    type->name = absl::StrCat("oid ", oid);
    return type;
  }
  type->name = row->str(0, kName);
  absl::Status status = LoadShape(*row, depth, type.get());
  if (!status.ok()) return status;
  return type;
}

absl::Status PostgresCatalog::LoadShape(const Result& row, int depth, Type* type) {
  uint32_t inner = 0;
  int32_t inner_modifier = -1;
  switch (row.text(0, kTypType).front()) {
    case 'd':
      return CopyBase(row, depth, type);
    case 'e':
      return LoadLabels(type);
    case 'c':
      return LoadFields(row.str(0, kRelation), depth, type);
    case 'r':
    case 'm':
      type->kind = row.text(0, kTypType) == "r" ? TypeKind::kRange : TypeKind::kMultiRange;
      inner = OidAt(row, kSubtype);
      break;
    default:
      if (IsTextOfExtension(row.text(0, kPlainName))) type->kind = TypeKind::kText;
      if (OidAt(row, kElement) == 0 || type->oid == kInt2Vector || type->oid == kOidVector) {
        return absl::OkStatus();
      }
      type->kind = TypeKind::kArray;
      type->delimiter = row.text(0, kDelimiter).front();
      inner = OidAt(row, kElement);
      inner_modifier = type->modifier;
  }
  absl::StatusOr<TypePtr> element = Resolve(inner, inner_modifier, depth + 1);
  if (!element.ok()) return element.status();
  type->element = *element;
  return absl::OkStatus();
}

absl::Status PostgresCatalog::CopyBase(const Result& row, int depth, Type* type) {
  absl::StatusOr<TypePtr> base =
      Resolve(OidAt(row, kBase), static_cast<int32_t>(row.number(0, kBaseModifier)), depth + 1);
  if (!base.ok()) return base.status();
  type->kind = (*base)->kind;
  type->labels = (*base)->labels;
  type->element = (*base)->element;
  type->delimiter = (*base)->delimiter;
  type->fields = (*base)->fields;
  return absl::OkStatus();
}

absl::Status PostgresCatalog::LoadLabels(Type* type) {
  type->kind = TypeKind::kEnum;
  absl::StatusOr<Result> labels = connection_->Query(
      "SELECT enumlabel FROM pg_enum WHERE enumtypid = $1 ORDER BY enumsortorder",
      {absl::StrCat(type->oid)});
  if (!labels.ok()) return labels.status();
  for (int row = 0; row < labels->rows(); ++row) type->labels.push_back(labels->str(row, 0));
  return absl::OkStatus();
}

absl::Status PostgresCatalog::LoadFields(const std::string& relation, int depth, Type* type) {
  type->kind = TypeKind::kComposite;
  absl::StatusOr<Result> fields = connection_->Query(
      "SELECT attname, atttypid, atttypmod FROM pg_attribute"
      " WHERE attrelid = $1 AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
      {relation});
  if (!fields.ok()) return fields.status();
  for (int row = 0; row < fields->rows(); ++row) {
    absl::StatusOr<TypePtr> field =
        Resolve(static_cast<uint32_t>(fields->number(row, 1)),
                static_cast<int32_t>(fields->number(row, 2)), depth + 1);
    if (!field.ok()) return field.status();
    type->fields.push_back({fields->str(row, 0), *field});
  }
  return absl::OkStatus();
}

}  // namespace tidemark::capture::postgres
