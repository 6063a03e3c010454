#include "capture/postgres/chunk_query.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace tidemark::capture::postgres {
namespace {

// $1: a type's oid, $2: the table's, $3: the column's name. Strategies of btree: 2 is <=, 3 is =, 4
// is >=, 5 is > (access/stratnum.h). Types without a class of their own (enums, arrays, ranges,
// varchar) use polymorphic or coerced operators of pg_catalog: no row.
constexpr char kOperatorsQuery[] = R"sql(
WITH RECURSIVE base AS (
  SELECT oid, typbasetype, typtype FROM pg_type WHERE oid = $1
  UNION ALL
  SELECT t.oid, t.typbasetype, t.typtype FROM base b JOIN pg_type t ON t.oid = b.typbasetype
  WHERE b.typtype = 'd')
SELECT concat(format_type(b.oid, -1), (
         SELECT format(' COLLATE %I.%I', cn.nspname, co.collname)
         FROM pg_type t JOIN pg_attribute at ON at.attrelid = $2 AND at.attname = $3
         JOIN pg_collation co ON co.oid = at.attcollation
         JOIN pg_namespace cn ON cn.oid = co.collnamespace
         WHERE t.oid = b.oid AND t.typcollation <> 0
           AND t.typcollation <> 'pg_catalog."default"'::regcollation)), coalesce(a.amopstrategy, 0),
       concat('OPERATOR(', quote_ident(n.nspname), '.', o.oprname, ')'),
       coalesce(n.nspname = 'pg_catalog', true)
FROM base b
LEFT JOIN pg_opclass c ON c.opcmethod = 403 AND c.opcdefault AND c.opcintype = b.oid
LEFT JOIN pg_amop a ON a.amopfamily = c.opcfamily AND a.amoplefttype = b.oid
  AND a.amoprighttype = b.oid
LEFT JOIN pg_operator o ON o.oid = a.amopopr
LEFT JOIN pg_namespace n ON n.oid = o.oprnamespace
WHERE b.typtype <> 'd')sql";

absl::StatusOr<KeyColumn> DescribeKeyColumn(Connection& sql, model::TableId table,
                                            const model::Column& column) {
  absl::StatusOr<Result> rows = sql.Query(
      kOperatorsQuery, {absl::StrCat(column.type->oid), absl::StrCat(table), column.name});
  if (!rows.ok()) return rows.status();
  if (rows->rows() == 0) return absl::AbortedError("a key column's type was dropped meanwhile");
  KeyColumn key{.name = sql.QuoteIdentifier(column.name),
                .type = rows->str(0, 0),
                .above = ">",
                .at_least = ">=",
                .at_most = "<=",
                .equal = "=",
                .builtin_operators = rows->flag(0, 3)};
  if (key.builtin_operators) return key;
  std::string unused;
  std::string* const by_strategy[] = {&unused,    &unused,       &key.at_most,
                                      &key.equal, &key.at_least, &key.above};
  for (int row = 0; row < rows->rows(); ++row) {
    *by_strategy[std::clamp<int64_t>(rows->number(row, 1), 0, 5)] = rows->str(row, 2);
  }
  return key;
}

class SelectBuilder {
 public:
  SelectBuilder(const Connection& sql, const ChunkTable& table)
      : sql_(sql),
        table_(table),
        by_row_(std::all_of(table.key.begin(), table.key.end(),
                            [](const KeyColumn& key) { return key.builtin_operators; })) {}

  std::string Names() const {
    return absl::StrJoin(table_.key, ", ", [](std::string* out, const KeyColumn& key) {
      absl::StrAppend(out, key.name);
    });
  }

  // Keys above `lower`: by row comparison, which the key's index can use.
  std::string Above(const KeyText& lower) const {
    if (by_row_) return ByRow(">", lower);
    return absl::StrCat(Compare(0, table_.key[0].at_least, lower[0]), " AND ", Expanded(lower));
  }

  std::string AtMost(const KeyText& upper) const {
    if (by_row_) return ByRow("<=", upper);
    return absl::StrCat(Compare(0, table_.key[0].at_most, upper[0]), " AND NOT ", Expanded(upper));
  }

  std::string AnyOf(const std::vector<KeyText>& keys) const {
    return absl::StrCat("(",
                        absl::StrJoin(keys, " OR ",
                                      [this](std::string* out, const KeyText& key) {
                                        absl::StrAppend(out, "(", Equal(key, table_.key.size()),
                                                        ")");
                                      }),
                        ")");
  }

  std::string Literals(const KeyText& key) const {
    std::vector<std::string> literals;
    for (size_t i = 0; i < key.size(); ++i) literals.push_back(Literal(i, key[i]));
    return absl::StrJoin(literals, ", ");
  }

  void AddRange(const KeyRange& range, std::vector<std::string>* conditions) const {
    if (!range.lower.empty()) conditions->push_back(Above(range.lower));
    if (!range.upper.empty()) conditions->push_back(AtMost(range.upper));
  }

  std::string Where(const std::vector<std::string>& conditions) const {
    return conditions.empty() ? "" : absl::StrCat(" WHERE ", absl::StrJoin(conditions, " AND "));
  }

 private:
  std::string Literal(size_t column, const std::string& text) const {
    return absl::StrCat(sql_.QuoteLiteral(text), "::", table_.key[column].type);
  }

  std::string Compare(size_t column, const std::string& with, const std::string& text) const {
    return absl::StrCat(table_.key[column].name, " ", with, " ", Literal(column, text));
  }

  std::string ByRow(const char* with, const KeyText& bound) const {
    return absl::StrCat("(", Names(), ") ", with, " (", Literals(bound), ")");
  }

  // The first `count` columns equal those of `key`.
  std::string Equal(const KeyText& key, size_t count) const {
    std::vector<std::string> terms;
    for (size_t i = 0; i < count; ++i) terms.push_back(Compare(i, table_.key[i].equal, key[i]));
    return absl::StrJoin(terms, " AND ");
  }

  // (a > x OR a = x AND b > y OR ...): what a row comparison means.
  std::string Expanded(const KeyText& bound) const {
    std::vector<std::string> terms;
    for (size_t i = 0; i < bound.size(); ++i) {
      terms.push_back(absl::StrCat(Equal(bound, i), i == 0 ? "" : " AND ",
                                   Compare(i, table_.key[i].above, bound[i])));
    }
    return absl::StrCat("(", absl::StrJoin(terms, " OR "), ")");
  }

  const Connection& sql_;
  const ChunkTable& table_;
  const bool by_row_;
};

bool FitsKey(const ChunkTable& table, const KeyText& key) {
  return key.empty() || key.size() == table.key.size();
}

}  // namespace

absl::StatusOr<ChunkTable> DescribeChunkTable(Connection& sql, const model::TableSchema& schema,
                                              bool partitioned) {
  ChunkTable table;
  table.name =
      absl::StrCat(sql.QuoteIdentifier(schema.name_space), ".", sql.QuoteIdentifier(schema.name));
  table.only = partitioned ? "" : "ONLY ";
  table.columns =
      absl::StrJoin(schema.columns, ", ", [&](std::string* out, const model::Column& column) {
        absl::StrAppend(out, sql.QuoteIdentifier(column.name));
      });
  for (uint32_t index : schema.key_columns) {
    absl::StatusOr<KeyColumn> key = DescribeKeyColumn(sql, schema.table_id, schema.columns[index]);
    if (!key.ok()) return key.status();
    table.key.push_back(*std::move(key));
  }
  return table;
}

bool NeedsOrder(const ChunkRequest& request) {
  return request.keys.empty() && (request.rows_max != 0 || request.bytes_max != 0);
}

absl::Status CheckRequest(const ChunkTable& table, const ChunkRequest& request) {
  const bool bounded = !request.range.lower.empty() || !request.range.upper.empty();
  if (table.key.empty() && (bounded || !request.keys.empty() || NeedsOrder(request))) {
    return absl::FailedPreconditionError(absl::StrCat(
        "table ", table.name, " has no usable key to read it in chunks; add a primary key"));
  }
  bool fits = FitsKey(table, request.range.lower) && FitsKey(table, request.range.upper);
  for (const KeyText& key : request.keys) fits = fits && key.size() == table.key.size();
  if (fits) return absl::OkStatus();
  return absl::OutOfRangeError(absl::StrCat(
      "a key of table ", table.name, " has ", table.key.size(), " values (",
      absl::StrJoin(table.key, ", ",
                    [](std::string* out, const KeyColumn& key) { absl::StrAppend(out, key.name); }),
      "); one with another number was given"));
}

bool NeedsScanBound(const ChunkRequest& request) {
  return request.keys.empty() && request.rows_max != 0 && !request.predicate.empty();
}

std::string NthKeySelect(const Connection& sql, const ChunkTable& table,
                         const ChunkRequest& request) {
  SelectBuilder builder(sql, table);
  std::vector<std::string> conditions;
  builder.AddRange(request.range, &conditions);
  const std::string names = builder.Names();
  return absl::StrCat("SELECT ", names, " FROM ", table.only, table.name, builder.Where(conditions),
                      " ORDER BY ", names, " OFFSET ", request.rows_max - 1, " LIMIT 1");
}

std::string ChunkSelect(const Connection& sql, const ChunkTable& table,
                        const ChunkRequest& request) {
  SelectBuilder builder(sql, table);
  std::vector<std::string> conditions;
  builder.AddRange(request.range, &conditions);
  if (!request.keys.empty()) conditions.push_back(builder.AnyOf(request.keys));
  // The line end closes a comment that the predicate may end with.
  if (!request.predicate.empty()) conditions.push_back(absl::StrCat("(", request.predicate, "\n)"));
  std::string select = absl::StrCat("SELECT ", table.columns, " FROM ", table.only, table.name,
                                    builder.Where(conditions));
  if (NeedsOrder(request)) absl::StrAppend(&select, " ORDER BY ", builder.Names());
  if (request.keys.empty() && request.rows_max != 0) {
    absl::StrAppend(&select, " LIMIT ", request.rows_max);
  }
  return select;
}

std::string BoundsSelect(const Connection& sql, const ChunkTable& table,
                         const ChunkRequest& request) {
  SelectBuilder builder(sql, table);
  std::vector<std::string> literals;
  if (!request.range.lower.empty()) literals.push_back(builder.Literals(request.range.lower));
  if (!request.range.upper.empty()) literals.push_back(builder.Literals(request.range.upper));
  for (const KeyText& key : request.keys) literals.push_back(builder.Literals(key));
  return literals.empty() ? "" : absl::StrCat("SELECT ", absl::StrJoin(literals, ", "));
}

std::string SampleSelect(const ChunkTable& table, double percent, size_t count) {
  const std::string names =
      absl::StrJoin(table.key, ", ",
                    [](std::string* out, const KeyColumn& key) { absl::StrAppend(out, key.name); });
  return absl::StrCat("SELECT ", names, " FROM (SELECT ", names, ", row_number() OVER (ORDER BY ",
                      names, ") AS tidemark_place, count(*) OVER () AS tidemark_all FROM ",
                      table.only, table.name, " TABLESAMPLE SYSTEM (", percent,
                      ")) AS sample WHERE tidemark_place * ", count,
                      " / tidemark_all > (tidemark_place - 1) * ", count,
                      " / tidemark_all AND tidemark_place < tidemark_all ORDER BY tidemark_place");
}

}  // namespace tidemark::capture::postgres
