#ifndef TIDEMARK_CAPTURE_POSTGRES_POSTGRES_SOURCE_H_
#define TIDEMARK_CAPTURE_POSTGRES_POSTGRES_SOURCE_H_

#include <memory>
#include <string>
#include <vector>

#include "capture/source.h"

namespace tidemark::capture::postgres {

// How to reach and capture one database of a PostgreSQL server (14 to 18).
struct PostgresOptions {
  // libpq keywords or a URI: "host=10.0.0.7 dbname=shop user=tidemark". The password may come
  // separately.
  std::string connection;
  std::string password;
  // [a-z0-9_], at most 63.
  std::string slot = "tidemark";
  std::string publication = "tidemark";
  // Tables for a publication that Tidemark creates, "schema.table"; empty: all tables of the
  // database.
  std::vector<std::string> tables;
  // Create publication and slot if they are missing and the role may.
  bool create_publication = true;
  bool create_slot = true;
  // Accept a standby (reads and log from it). Refused otherwise.
  bool allow_standby = false;
};

std::unique_ptr<Source> MakePostgresSource(PostgresOptions options);

}  // namespace tidemark::capture::postgres

#endif  // TIDEMARK_CAPTURE_POSTGRES_POSTGRES_SOURCE_H_
