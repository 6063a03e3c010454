#ifndef TIDEMARK_CAPTURE_POSTGRES_PUBLISHED_TABLES_H_
#define TIDEMARK_CAPTURE_POSTGRES_PUBLISHED_TABLES_H_

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "capture/postgres/connection.h"
#include "capture/postgres/postgres_source.h"
#include "model/driver_record.h"

namespace tidemark::capture::postgres {

// A table that a publication lists, by itself or by its schema.
struct PublishedTable {
  std::string name_space;
  std::string name;
  // Oids of its rows in pg_publication_rel and pg_publication_namespace: others once it was taken
  // out and put in again (ALTER PUBLICATION SET keeps those that stay as they are).
  std::set<uint64_t> entries;
  // Attribute numbers of its column list, "1 3"; "": all columns.
  std::string columns;

  friend bool operator==(const PublishedTable&, const PublishedTable&) = default;
};

// By oid; empty for a publication of all tables, from which none can be taken.
using PublishedTables = std::map<uint64_t, PublishedTable>;
absl::StatusOr<PublishedTables> LoadPublishedTables(Connection& sql,
                                                    const std::string& publication);

// SQL of two common table expressions: `publication` is the row of publication $1 (oid,
// puballtables, pubviaroot), `listed` (relid) has the oids of the tables that it lists, by
// themselves or by their schema; none for a publication of all tables. They read catalogs only: the
// server's pg_publication_tables waits, from version 16 on, for whoever holds a lock on one of its
// tables.
std::string ListedTables(int server_version);

// Remembers, over restarts, which tables the publication lists, so that none leaves the log without
// a word: what is written to a table that is not listed is not in the log, whenever that is read.
// And whether rows of partitions come under the partitioned table's name
// (publish_via_partition_root), so that they do not change to another one without a word.
//
// Limits: a table that is taken out and put in again with another column list, between two looks,
// passes for one whose column list was changed; publish_via_partition_root that is set otherwise
// and back between two looks is not seen; and what is found at the first look is taken as it is.
// One thread owns it.
class PublicationWatch {
 public:
  // From the records that TakeChanges gave, all that were not erased. DataLoss: damaged.
  static absl::StatusOr<PublicationWatch> Load(absl::Span<const model::DriverRecord> records);

  // Looks at the publication, and remembers what it finds. FailedPrecondition, once: since the last
  // look, tables were taken out of it, or were for a while, or rows of partitions come under other
  // names; each with the remedy. A table that was dropped, and none made by its name, is none of
  // them, nor is publish_via_partition_root where no partitioned table is published.
  absl::Status Look(Connection& sql, const PostgresOptions& options);

  // Since the last call: one record a table, and one of the publication itself.
  std::vector<model::DriverRecord> TakeChanges();
  bool has_changes() const { return !changed_.empty() || via_root_changed_; }

 private:
  // Each remembers what it finds and adds what was lost, a sentence with its remedy; or does
  // neither, and fails.
  absl::Status LookAtTables(Connection& sql, const PostgresOptions& options,
                            std::vector<std::string>* lost);
  absl::Status LookAtNames(Connection& sql, const PostgresOptions& options,
                           std::vector<std::string>* lost);

  PublishedTables known_;
  std::set<uint64_t> changed_;
  // Unset: not looked at yet.
  std::optional<bool> via_root_;
  bool via_root_changed_ = false;
};

}  // namespace tidemark::capture::postgres

#endif  // TIDEMARK_CAPTURE_POSTGRES_PUBLISHED_TABLES_H_
