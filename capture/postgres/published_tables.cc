#include "capture/postgres/published_tables.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "capture/postgres/log_setup.h"
#include "model/bytes.h"
#include "model/wire.h"

namespace tidemark::capture::postgres {
namespace {

using model::WireReader;
using model::WireType;

constexpr absl::string_view kRecordPrefix = "published ";
constexpr absl::string_view kPublicationRecord = "publication";

// Field numbers of PostgresPublishedTable in tidemark/state/state.proto.
enum Field : uint32_t { kNameSpace = 1, kName = 2, kEntry = 3, kColumns = 4 };
// Of PostgresPublication there.
constexpr uint32_t kViaRoot = 1;

// $1: publication. A row for each entry of a table.
constexpr char kListedQuery[] = R"sql(
SELECT c.oid, n.nspname, c.relname, e.entry, e.columns
FROM pg_publication p,
LATERAL (
  SELECT r.prrelid AS relid, r.oid AS entry, $$columns$$ AS columns
  FROM pg_publication_rel r WHERE r.prpubid = p.oid
  $$schemas$$) e
JOIN pg_class c ON c.oid = e.relid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE p.pubname = $1)sql";

constexpr char kTablesOfSchemas[] =
    "UNION ALL SELECT t.oid, s.oid, '' FROM pg_publication_namespace s"
    " JOIN pg_class t ON t.relnamespace = s.pnnspid"
    " WHERE s.pnpubid = p.oid AND t.relkind IN ('r', 'p') AND t.relpersistence = 'p'";

// $1: oid, $2 and $3: schema and name. The tables that are it, or are called so, now.
constexpr char kStillThereQuery[] =
    "SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE (c.oid = $1::oid OR n.nspname = $2 AND c.relname = $3) AND c.relkind IN ('r', 'p')";

// Of publication $1: the partitioned tables that it lists, but for those below another one.
std::string RootsQuery(int version) {
  return absl::StrCat("WITH ", ListedTables(version), R"sql(
SELECT format('%I.%I', n.nspname, c.relname)
FROM publication p, pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'p' AND c.relpersistence = 'p' AND CASE
  WHEN p.puballtables THEN NOT c.relispartition
  ELSE c.oid IN (SELECT relid FROM listed) AND NOT EXISTS (
    SELECT FROM pg_partition_ancestors(c.oid) a (relid) JOIN listed USING (relid)
    WHERE a.relid <> c.oid) END
ORDER BY 1)sql");
}

std::string Encode(const PublishedTable& table) {
  model::Bytes out;
  model::AppendLengthField(out, kNameSpace, table.name_space);
  model::AppendLengthField(out, kName, table.name);
  for (uint64_t entry : table.entries) model::AppendVarintField(out, kEntry, entry);
  if (!table.columns.empty()) model::AppendLengthField(out, kColumns, table.columns);
  return std::string(out.view());
}

bool ReadText(WireReader& in, std::string* text) {
  std::string_view read;
  if (!in.ReadLength(&read)) return false;
  *text = std::string(read);
  return true;
}

bool ReadField(WireReader& in, uint32_t field, WireType type, PublishedTable* table) {
  if (type == WireType::kLength && field == kNameSpace) return ReadText(in, &table->name_space);
  if (type == WireType::kLength && field == kName) return ReadText(in, &table->name);
  if (type == WireType::kLength && field == kColumns) return ReadText(in, &table->columns);
  if (type == WireType::kVarint && field == kEntry) {
    uint64_t entry = 0;
    if (!in.ReadVarint(&entry)) return false;
    table->entries.insert(entry);
    return true;
  }
  return in.Skip(type);
}

std::optional<PublishedTable> Decode(std::string_view encoded) {
  PublishedTable table;
  WireReader in(encoded);
  while (!in.done()) {
    uint32_t field;
    WireType type;
    if (!in.ReadTag(&field, &type) || !ReadField(in, field, type, &table)) return std::nullopt;
  }
  return table;
}

bool ShareAnEntry(const PublishedTable& a, const PublishedTable& b) {
  return std::any_of(a.entries.begin(), a.entries.end(),
                     [&](uint64_t entry) { return b.entries.contains(entry); });
}

// The table is there, or another one under its name, and neither is listed.
absl::StatusOr<bool> WasTakenOut(Connection& sql, uint64_t oid, const PublishedTable& table,
                                 const PublishedTables& now) {
  absl::StatusOr<Result> rows =
      sql.Query(kStillThereQuery, {absl::StrCat(oid), table.name_space, table.name});
  if (!rows.ok()) return rows.status();
  for (int row = 0; row < rows->rows(); ++row) {
    if (now.contains(static_cast<uint64_t>(rows->number(row, 0)))) return false;
  }
  return rows->rows() > 0;
}

std::string TakenOut(const Connection& sql, const PostgresOptions& options,
                     const PublishedTable& table) {
  return absl::StrCat("table ", table.name_space, ".", table.name,
                      " was taken out of publication ", options.publication,
                      ": what is written to it is not in the log any more; if it is to be "
                      "captured, run: ALTER PUBLICATION ",
                      sql.QuoteIdentifier(options.publication), " ADD TABLE ",
                      sql.QuoteIdentifier(table.name_space), ".", sql.QuoteIdentifier(table.name),
                      ", and then take a new snapshot of it");
}

std::string PutInAgain(const PostgresOptions& options, const PublishedTable& table) {
  return absl::StrCat("table ", table.name_space, ".", table.name,
                      " was taken out of publication ", options.publication,
                      " and put in again: what was written to it meanwhile is not in the log; take "
                      "a new snapshot of it");
}

std::string EncodeViaRoot(bool via_root) {
  model::Bytes out;
  model::AppendVarintField(out, kViaRoot, via_root ? 1 : 0);
  return std::string(out.view());
}

std::optional<bool> DecodeViaRoot(std::string_view encoded) {
  uint64_t via_root = 0;
  WireReader in(encoded);
  while (!in.done()) {
    uint32_t field;
    WireType type;
    if (!in.ReadTag(&field, &type)) return std::nullopt;
    const bool known = field == kViaRoot && type == WireType::kVarint;
    if (!(known ? in.ReadVarint(&via_root) : in.Skip(type))) return std::nullopt;
  }
  return via_root != 0;
}

absl::StatusOr<std::vector<std::string>> LoadRoots(Connection& sql,
                                                   const std::string& publication) {
  absl::StatusOr<Result> rows = sql.Query(RootsQuery(sql.server_version()), {publication});
  if (!rows.ok()) return rows.status();
  std::vector<std::string> roots;
  for (int row = 0; row < rows->rows(); ++row) roots.push_back(rows->str(row, 0));
  return roots;
}

// `via_root` is what it is set to now.
std::string SetOtherwise(const Connection& sql, const PostgresOptions& options, bool via_root,
                         const std::vector<std::string>& roots) {
  const std::string tables = absl::StrJoin(roots, ", ");
  const std::string back =
      absl::StrCat("run: ALTER PUBLICATION ", sql.QuoteIdentifier(options.publication),
                   " SET (publish_via_partition_root = ", via_root ? "false" : "true", ")");
  const std::string set = absl::StrCat(
      "publish_via_partition_root of publication ", options.publication, " was set to ",
      via_root ? "true" : "false", ": from there on changes of the partitions of ", tables);
  if (via_root) {
    return absl::StrCat(set,
                        " come under the partitioned table's name, and not under their own any "
                        "more; take a new snapshot of ",
                        tables, ". If they are to come under their own, ", back,
                        ", and then take a new snapshot of each partition");
  }
  return absl::StrCat(set,
                      " come under their own names, and not under the partitioned table's any "
                      "more; ",
                      back, ", and then take a new snapshot of ", tables,
                      ". If they are to come under their own, take a new snapshot of each "
                      "partition");
}

}  // namespace

std::string ListedTables(int server_version) {
  return absl::StrCat(
      R"sql(
publication AS (SELECT oid, puballtables, pubviaroot FROM pg_publication WHERE pubname = $1),
listed (relid) AS (
  SELECT r.prrelid FROM publication p JOIN pg_publication_rel r ON r.prpubid = p.oid)sql",
      server_version < 150000 ? "" : R"sql(
  UNION SELECT c.oid FROM publication p JOIN pg_publication_namespace s ON s.pnpubid = p.oid
  JOIN pg_class c ON c.relnamespace = s.pnnspid
  WHERE c.relkind IN ('r', 'p') AND c.relpersistence = 'p')sql", ")");
}

absl::StatusOr<PublishedTables> LoadPublishedTables(Connection& sql,
                                                    const std::string& publication) {
  const bool newer = sql.server_version() >= 150000;
  absl::StatusOr<Result> rows = sql.Query(
      absl::StrReplaceAll(kListedQuery,
                          {{"$$columns$$", newer ? "coalesce(r.prattrs::text, '')" : "''"},
                           {"$$schemas$$", newer ? kTablesOfSchemas : ""}}),
      {publication});
  if (!rows.ok()) return rows.status();
  PublishedTables tables;
  for (int row = 0; row < rows->rows(); ++row) {
    PublishedTable& table = tables[static_cast<uint64_t>(rows->number(row, 0))];
    table.name_space = rows->str(row, 1);
    table.name = rows->str(row, 2);
    table.entries.insert(static_cast<uint64_t>(rows->number(row, 3)));
    if (!rows->text(row, 4).empty()) table.columns = rows->str(row, 4);
  }
  return tables;
}

absl::StatusOr<PublicationWatch> PublicationWatch::Load(
    absl::Span<const model::DriverRecord> records) {
  PublicationWatch watch;
  for (const model::DriverRecord& record : records) {
    absl::string_view name = record.name;
    if (name == kPublicationRecord) {
      watch.via_root_ = DecodeViaRoot(record.value.value_or(""));
      if (!watch.via_root_) {
        return absl::DataLossError("the stored state of the publication is damaged");
      }
    }
    if (!absl::ConsumePrefix(&name, kRecordPrefix)) continue;
    uint64_t oid = 0;
    std::optional<PublishedTable> table = Decode(record.value.value_or(""));
    if (!absl::SimpleAtoi(name, &oid) || !table) {
      return absl::DataLossError("the stored list of the publication's tables is damaged");
    }
    watch.known_[oid] = *std::move(table);
  }
  return watch;
}

absl::Status PublicationWatch::Look(Connection& sql, const PostgresOptions& options) {
  std::vector<std::string> lost;
  absl::Status status = LookAtTables(sql, options, &lost);
  if (status.ok()) status = LookAtNames(sql, options, &lost);
  // What is remembered is told now or never.
  if (lost.empty()) return status;
  return absl::FailedPreconditionError(
      absl::StrCat(absl::StrJoin(lost, ". "), ". The source goes on by itself after this"));
}

absl::Status PublicationWatch::LookAtTables(Connection& sql, const PostgresOptions& options,
                                            std::vector<std::string>* lost) {
  absl::StatusOr<PublishedTables> now = LoadPublishedTables(sql, options.publication);
  if (!now.ok()) return now.status();
  if (*now == known_) return absl::OkStatus();
  std::vector<std::string> missed;
  std::set<uint64_t> changed;
  for (const auto& [oid, before] : known_) {
    auto found = now->find(oid);
    if (found == now->end()) {
      absl::StatusOr<bool> taken_out = WasTakenOut(sql, oid, before, *now);
      if (!taken_out.ok()) return taken_out.status();
      if (*taken_out) missed.push_back(TakenOut(sql, options, before));
    } else if (!ShareAnEntry(before, found->second) && before.columns == found->second.columns) {
      missed.push_back(PutInAgain(options, found->second));
    }
    if (found == now->end() || found->second != before) changed.insert(oid);
  }
  for (const auto& [oid, table] : *now) {
    if (!known_.contains(oid)) changed.insert(oid);
  }
  known_ = *std::move(now);
  changed_.merge(changed);
  lost->insert(lost->end(), missed.begin(), missed.end());
  return absl::OkStatus();
}

absl::Status PublicationWatch::LookAtNames(Connection& sql, const PostgresOptions& options,
                                           std::vector<std::string>* lost) {
  absl::StatusOr<std::optional<PublicationInfo>> now = LoadPublication(sql, options.publication);
  if (!now.ok()) return now.status();
  if (!now->has_value() || (*now)->via_root == via_root_) return absl::OkStatus();
  if (via_root_) {
    absl::StatusOr<std::vector<std::string>> roots = LoadRoots(sql, options.publication);
    if (!roots.ok()) return roots.status();
    if (!roots->empty()) lost->push_back(SetOtherwise(sql, options, (*now)->via_root, *roots));
  }
  via_root_ = (*now)->via_root;
  via_root_changed_ = true;
  return absl::OkStatus();
}

std::vector<model::DriverRecord> PublicationWatch::TakeChanges() {
  std::vector<model::DriverRecord> records;
  for (uint64_t oid : changed_) {
    model::DriverRecord& record = records.emplace_back();
    record.name = absl::StrCat(kRecordPrefix, oid);
    auto known = known_.find(oid);
    if (known != known_.end()) record.value = Encode(known->second);
  }
  changed_.clear();
  if (std::exchange(via_root_changed_, false)) {
    records.push_back(
        {.name = std::string(kPublicationRecord), .value = EncodeViaRoot(*via_root_)});
  }
  return records;
}

}  // namespace tidemark::capture::postgres
