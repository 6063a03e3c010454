#ifndef TIDEMARK_TESTS_SUPPORT_POSTGRES_PROGRAMS_H_
#define TIDEMARK_TESTS_SUPPORT_POSTGRES_PROGRAMS_H_

#include <string>

#include "absl/status/statusor.h"

namespace tidemark::testing {

// The major version of the server whose folder of programs $TIDEMARK_POSTGRES names; without it, of
// the distribution's own (the newest in /usr/lib/postgresql): 15 on Debian 12, 17 on Debian 13.
// NotFound: there is none.
absl::StatusOr<int> SystemPostgresVersion();

// The folder of a version's programs (initdb, postgres, pg_basebackup, …): $TIDEMARK_POSTGRES where
// it has that version, the distribution's, else the one that dev/postgres18 unpacks
// into CacheFolder(). NotFound names the remedy.
absl::StatusOr<std::string> PostgresProgramFolder(int version);

// Whom servers run as: "postgres" if we are root, whom the server refuses; else empty: ourselves.
std::string PostgresUser();

}  // namespace tidemark::testing

#endif  // TIDEMARK_TESTS_SUPPORT_POSTGRES_PROGRAMS_H_
