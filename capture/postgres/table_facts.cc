#include "capture/postgres/table_facts.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "capture/postgres/postgres_catalog.h"
#include "capture/postgres/published_tables.h"

namespace tidemark::capture::postgres {
namespace {

using Severity = Problem::Severity;

// Of a carried table `t`: a schema that is listed is carried without filters.
constexpr char kFiltered[] = R"sql(EXISTS (
    SELECT FROM publication p JOIN pg_publication_rel r ON r.prpubid = p.oid
    JOIN pg_class c ON c.oid = r.prrelid
    WHERE r.prrelid = t.oid AND r.prqual IS NOT NULL AND NOT EXISTS (
      SELECT FROM pg_publication_namespace s
      WHERE s.pnpubid = p.oid AND s.pnnspid = c.relnamespace)))sql";

// $1: publication; $2: further tables, by oid. What is carried is as pg_get_publication_tables
// (catalog/pg_publication.c) has it: under publish_via_partition_root no partition of a table that
// is carried, else each partition for itself. PostgreSQL 14 has no row filters.
std::string FactsQuery(int version) {
  return absl::StrCat("WITH ", ListedTables(version), R"sql(,
carried AS (
  SELECT c.oid FROM publication p, pg_class c
  WHERE p.puballtables AND c.oid >= 16384 AND c.relpersistence = 'p'
    AND CASE WHEN p.pubviaroot THEN c.relkind IN ('r', 'p') AND NOT c.relispartition
        ELSE c.relkind = 'r' END
  UNION SELECT l.relid FROM publication p, listed l
  WHERE p.pubviaroot AND NOT EXISTS (
    SELECT FROM pg_partition_ancestors(l.relid) a (relid) JOIN listed USING (relid)
    WHERE a.relid <> l.relid)
  UNION SELECT c.oid FROM publication p, listed l, LATERAL )sql",
                      PartitionTree("l.relid"), R"sql( tree (relid)
  JOIN pg_class c ON c.oid = tree.relid WHERE NOT p.pubviaroot AND c.relkind <> 'p'),
examined AS (
  SELECT t.oid, )sql",
                      version >= 150000 ? kFiltered : "false", R"sql( AS filtered FROM carried t
  UNION ALL SELECT oid, false FROM unnest($2::oid[]) planned (oid))
SELECT c.oid,
  (SELECT greatest(sum(l.reltuples), 0)::int8 FROM pg_class l WHERE l.relkind = 'r' AND l.oid IN
     )sql",
      PartitionTree("c.oid"), R"sql(),
  c.relkind = 'p', has_table_privilege(c.oid, 'SELECT'), row_security_active(c.oid), t.filtered,
  (SELECT coalesce(string_agg(attname, ', '), '') FROM pg_attribute
   WHERE attrelid = c.oid AND attgenerated <> '' AND NOT attisdropped),
  EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary AND i.indimmediate),
  EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisunique),
  has_schema_privilege(n.oid, 'USAGE')
FROM examined t JOIN pg_class c ON c.oid = t.oid JOIN pg_namespace n ON n.oid = c.relnamespace
ORDER BY n.nspname, c.relname)sql");
}

// $1: the root. Every leaf that is at fault, with the columns by which its old rows are logged
// ("*": all of them) and those of the root, and the leaf's index of the root's identity.
constexpr char kLeavesQuery[] = R"sql(
WITH members AS (
  SELECT c.oid = $1::oid AS isroot, c.oid, c.relkind, c.relpersistence, c.relreplident,
         format('%I.%I', n.nspname, c.relname) AS name,
         CASE c.relreplident WHEN 'f' THEN '*' ELSE coalesce((
           SELECT string_agg(a.attname, ', ' ORDER BY a.attname) FROM pg_index i
           JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (i.indkey::int2[])
           WHERE i.indrelid = c.oid
             AND CASE c.relreplident WHEN 'd' THEN i.indisprimary WHEN 'i' THEN i.indisreplident
                 ELSE false END), '') END AS identity
  FROM $$members$$ t (relid) JOIN pg_class c ON c.oid = t.relid
  JOIN pg_namespace n ON n.oid = c.relnamespace)
SELECT r.name, l.name, l.relkind, l.relpersistence, l.identity, r.identity, r.relreplident,
  (SELECT quote_ident(x.relname) FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
   WHERE i.indrelid = l.oid AND i.indexrelid IN (
     SELECT d.relid FROM pg_index ri, LATERAL $$indexes$$ d (relid)
     WHERE ri.indrelid = r.oid AND ri.indisreplident) LIMIT 1)
FROM members r, members l
WHERE r.isroot AND r.relkind = 'p' AND l.relkind <> 'p'
  AND (l.relkind <> 'r' OR l.relpersistence <> 'p' OR l.identity <> r.identity)
ORDER BY l.name)sql";

std::string IdentityText(absl::string_view columns) {
  if (columns == "*") return "all columns";
  return columns.empty() ? "no column" : absl::StrCat("(", columns, ")");
}

// What gives the leaf the root's identity.
std::string SameIdentitySql(absl::string_view leaf, absl::string_view root_kind,
                            absl::string_view index) {
  std::string identity = root_kind == "f" ? "FULL" : "DEFAULT";
  if (root_kind == "i") {
    identity = absl::StrCat("USING INDEX ", index.empty() ? "<its index>" : index);
  }
  return absl::StrCat("ALTER TABLE ", leaf, " REPLICA IDENTITY ", identity);
}

LeafFault LeafFaultAt(const Result& rows, int row) {
  const std::string leaf = rows.str(row, 1);
  const std::string who = absl::StrCat("table ", rows.str(row, 0), ": partition ", leaf);
  if (rows.text(row, 2) != "r") {
    return {.message = absl::StrCat(who, " is a foreign table: its changes are not in the log"),
            .remedy = absl::StrCat("detach it, or load its rows into a partition of this server")};
  }
  if (rows.text(row, 3) != "p") {
    return {.message = absl::StrCat(who, " is not logged: its changes are not in the log"),
            .remedy = absl::StrCat("run: ALTER TABLE ", leaf, " SET LOGGED")};
  }
  return {
      .message = absl::StrCat(who, " logs old rows by ", IdentityText(rows.text(row, 4)),
                              " but they are published by ", IdentityText(rows.text(row, 5)),
                              ", its root's replica identity: old rows would be wrong"),
      .remedy = absl::StrCat("run: ", SameIdentitySql(leaf, rows.text(row, 6), rows.text(row, 7))),
      .misleads = true};
}

bool CarriesGenerated(const CatalogTable& table) {
  for (const CatalogColumn& column : table.columns) {
    if (column.generated) return true;
  }
  return false;
}

TableFacts FactsAt(const Result& rows, int row, CatalogTable table) {
  TableFacts facts;
  facts.table = std::move(table);
  facts.rows_estimated = static_cast<uint64_t>(rows.number(row, 1));
  facts.partitioned = rows.flag(row, 2);
  facts.may_select = rows.flag(row, 3);
  facts.row_security = rows.flag(row, 4);
  facts.row_filter = rows.flag(row, 5);
  if (!CarriesGenerated(facts.table)) facts.generated_left_out = rows.str(row, 6);
  facts.may_use_schema = rows.flag(row, 9);
  facts.has_primary_key = rows.flag(row, 7);
  facts.nullable_unique = rows.flag(row, 8) && !facts.has_primary_key && facts.table.key.empty();
  return facts;
}

class TableExaminer {
 public:
  TableExaminer(const TableFacts& facts, const Connection& sql)
      : facts_(facts),
        name_(absl::StrCat(facts.table.name_space, ".", facts.table.name)),
        quoted_(absl::StrCat(sql.QuoteIdentifier(facts.table.name_space), ".",
                             sql.QuoteIdentifier(facts.table.name))),
        schema_(sql.QuoteIdentifier(facts.table.name_space)),
        user_(sql.QuoteIdentifier(sql.user())) {}

  std::vector<Problem> Examine() {
    Identity();
    Key();
    Reading();
    Leaves();
    Warnings();
    return std::move(problems_);
  }

 private:
  void Add(Severity severity, absl::string_view message, std::string remedy) {
    problems_.push_back(
        {severity, absl::StrCat("table ", name_, ": ", message), std::move(remedy)});
  }

  void Identity() {
    if (facts_.table.replica_identity == 'n') {
      Add(Severity::kError,
          "replica identity is nothing: UPDATE and DELETE fail on the source while it is published",
          absl::StrCat("run: ALTER TABLE ", quoted_, " REPLICA IDENTITY DEFAULT"));
    } else if (facts_.table.replica_identity == 'd' && !facts_.has_primary_key) {
      Add(Severity::kError,
          "it has no primary key, so that UPDATE and DELETE fail on the source while it is "
          "published",
          absl::StrCat("add a primary key, or a unique not-null index and ALTER TABLE ", quoted_,
                       " REPLICA IDENTITY USING INDEX"));
    }
  }

  void Key() {
    if (!facts_.table.key.empty()) return;
    if (facts_.nullable_unique) {
      Add(Severity::kError,
          "no usable key: its unique index is over columns that may be NULL, or partial, "
          "deferrable, or not published",
          "set the columns NOT NULL, or add a primary key");
    } else {
      Add(Severity::kError,
          facts_.has_primary_key ? "no usable key: the publication's column list lacks key columns"
                                 : "no usable key",
          facts_.has_primary_key ? "add the key's columns to the publication's column list"
                                 : "add a primary key");
    }
  }

  void Reading() {
    if (!facts_.may_use_schema) {
      Add(Severity::kError, "no USAGE privilege on its schema, which snapshots need",
          absl::StrCat("run: GRANT USAGE ON SCHEMA ", schema_, " TO ", user_));
    }
    if (!facts_.may_select) {
      Add(Severity::kError, "no SELECT privilege, which snapshots need",
          absl::StrCat("run: GRANT SELECT ON ", quoted_, " TO ", user_));
    }
    if (facts_.row_security) {
      Add(Severity::kError, "row-level security hides rows from snapshots but not from the log",
          absl::StrCat("run: ALTER ROLE ", user_, " BYPASSRLS"));
    }
    if (facts_.row_filter) {
      Add(Severity::kError,
          "the publication filters its rows, so that log and snapshots would differ",
          "remove the WHERE of this table from the publication");
    }
  }

  void Leaves() {
    for (const LeafFault& fault : facts_.leaf_faults) {
      problems_.push_back({Severity::kError, fault.message, fault.remedy});
    }
  }

  void Warnings() {
    if (!facts_.generated_left_out.empty()) {
      Add(Severity::kWarning,
          absl::StrCat("generated columns are not captured: ", facts_.generated_left_out),
          "PostgreSQL 18 can publish stored ones with publish_generated_columns = stored");
    }
    if (facts_.partitioned) {
      Add(Severity::kWarning,
          "TRUNCATE, ATTACH and DETACH of a single partition are not in the log of the partitioned "
          "table",
          "use DELETE and INSERT, or snapshot the table again afterwards");
    }
  }

  const TableFacts& facts_;
  const std::string name_;
  const std::string quoted_;
  const std::string schema_;
  const std::string user_;
  std::vector<Problem> problems_;
};

}  // namespace

absl::StatusOr<std::vector<LeafFault>> LoadLeafFaults(Connection& sql, uint32_t root) {
  const std::string query =
      absl::StrReplaceAll(kLeavesQuery, {{"$$members$$", PartitionTree("$1::oid")},
                                         {"$$indexes$$", PartitionTree("ri.indexrelid")}});
  absl::StatusOr<Result> rows = sql.Query(query, {absl::StrCat(root)});
  if (!rows.ok()) return rows.status();
  std::vector<LeafFault> faults;
  for (int row = 0; row < rows->rows(); ++row) faults.push_back(LeafFaultAt(*rows, row));
  return faults;
}

absl::StatusOr<std::vector<TableFacts>> LoadTableFacts(Connection& sql, Catalog& catalog,
                                                       const std::string& publication,
                                                       const std::vector<std::string>& planned) {
  absl::StatusOr<Result> rows =
      sql.Query(FactsQuery(sql.server_version()),
                {publication, absl::StrCat("{", absl::StrJoin(planned, ","), "}")});
  if (!rows.ok()) return rows.status();
  std::vector<TableFacts> tables;
  for (int row = 0; row < rows->rows(); ++row) {
    absl::StatusOr<std::optional<CatalogTable>> table =
        catalog.DescribeTable(static_cast<uint32_t>(rows->number(row, 0)));
    if (!table.ok()) return table.status();
    // Dropped meanwhile.
    if (!table->has_value()) continue;
    tables.push_back(FactsAt(*rows, row, *std::move(*table)));
    if (!tables.back().partitioned) continue;
    absl::StatusOr<std::vector<LeafFault>> faults = LoadLeafFaults(sql, tables.back().table.oid);
    if (!faults.ok()) return faults.status();
    tables.back().leaf_faults = *std::move(faults);
  }
  return tables;
}

std::vector<Problem> TableProblems(const TableFacts& facts, const Connection& sql) {
  return TableExaminer(facts, sql).Examine();
}

}  // namespace tidemark::capture::postgres
