#ifndef TIDEMARK_CAPTURE_POSTGRES_PUBLISHED_TABLES_H_
#define TIDEMARK_CAPTURE_POSTGRES_PUBLISHED_TABLES_H_

#include <cstdint>
#include <map>
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

// Remembers, over restarts, which tables the publication lists, so that none leaves the log without
// a word: what is written to a table that is not listed is not in the log, whenever that is read.
//
// Limits: a table that is taken out and put in again with another column list, between two looks,
// passes for one whose column list was changed; and what is listed when it is first looked at is
// taken as it is. One thread owns it.
class PublicationWatch {
 public:
  // From the records that TakeChanges gave, all that were not erased. DataLoss: damaged.
  static absl::StatusOr<PublicationWatch> Load(absl::Span<const model::DriverRecord> records);

  // Looks at the publication, and remembers what it finds. FailedPrecondition, once: tables were
  // taken out of it, or were for a while, since the last look; each with the remedy. A table that
  // was dropped, and none made by its name, is none of them.
  absl::Status Look(Connection& sql, const PostgresOptions& options);

  // Since the last call: one record a table.
  std::vector<model::DriverRecord> TakeChanges();
  bool has_changes() const { return !changed_.empty(); }

 private:
  PublishedTables known_;
  std::set<uint64_t> changed_;
};

}  // namespace tidemark::capture::postgres

#endif  // TIDEMARK_CAPTURE_POSTGRES_PUBLISHED_TABLES_H_
