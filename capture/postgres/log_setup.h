#ifndef TIDEMARK_CAPTURE_POSTGRES_LOG_SETUP_H_
#define TIDEMARK_CAPTURE_POSTGRES_LOG_SETUP_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "capture/postgres/connection.h"
#include "capture/postgres/postgres_source.h"
#include "capture/source.h"

namespace tidemark::capture::postgres {

// What the log needs on the server: the publication and the slot. Looked at here once, for
// preflight and for opening.

// A row of pg_replication_slots.
struct SlotInfo {
  std::string plugin;
  std::string database;
  bool logical = true;
  bool temporary = false;
  // Who streams from it now: "pid 4711, 10.0.0.9, application tidemark"; "": nobody.
  std::string holder;
  // The server's process that streams from it; 0: none.
  int sender_pid = 0;
  // Why it cannot be used any more ("wal_removed", "idle_timeout"); "": it can.
  std::string lost;
  bool two_phase = false;
  // Its log is past max_slot_wal_keep_size: the next checkpoint may remove it.
  bool unreserved = false;
  uint64_t confirmed_flush_lsn = 0;
};
absl::StatusOr<std::optional<SlotInfo>> LoadSlot(Connection& sql, const std::string& name);

// What the slot keeps; `examined_us` is not set. All else is nullopt where there is no such slot.
absl::StatusOr<LogRetention> LoadRetention(Connection& sql, const std::string& slot);

// What is wrong with a slot that exists, other than that somebody uses it.
std::vector<Problem> SlotProblems(const SlotInfo& slot, const std::string& name,
                                  const std::string& database);

// A row of pg_publication.
struct PublicationInfo {
  uint64_t oid = 0;
  bool all_tables = false;
  bool via_root = false;
  // Kinds of changes that it leaves out: "insert, truncate"; "": none.
  std::string left_out;
};
absl::StatusOr<std::optional<PublicationInfo>> LoadPublication(Connection& sql,
                                                               const std::string& name);

// What is wrong with the publication, or that it is missing. Row filters are not among it: what
// TableProblems says of a table is.
absl::StatusOr<std::vector<Problem>> PublicationProblems(Connection& sql,
                                                         const PostgresOptions& options);

// The statements that an operator may run instead of us.
std::string CreatePublicationSql(const Connection& sql, const PostgresOptions& options);
std::string CreateSlotSql(const Connection& sql, const PostgresOptions& options);

// What lets our role write the logical messages that move an idle server's log on.
std::string GrantEmitSql(const Connection& sql);

// Schema and name of "schema.table"; a name without a dot is in public.
std::pair<std::string, std::string> SplitTable(const std::string& table);
// The same as an SQL name.
std::string QuoteTable(const Connection& sql, const std::string& table);

// Makes sure that the publication and the slot exist, creating what is missing where the options
// allow it, and returns the slot's confirmed_flush_lsn. Errors: FailedPrecondition with the SQL to
// run; Unavailable: another client holds the slot, or transactions that keep the slot from being
// created (both are named).
absl::StatusOr<uint64_t> EnsureLogSetup(Connection& sql, Connection& replication,
                                        const PostgresOptions& options, std::stop_token stop);

// As EnsureLogSetup for a log that was read before: nothing is created, and the slot must still
// hold all that comes after `resume_lsn`.
absl::Status CheckLogSetup(Connection& sql, const PostgresOptions& options, uint64_t resume_lsn);

// The publication's oid. FailedPrecondition: it is not `known` (0: any will do) but was dropped, or
// dropped and made again: the log then lacks, without a word, what was written meanwhile.
absl::StatusOr<uint64_t> CheckSamePublication(Connection& sql, const PostgresOptions& options,
                                              uint64_t known);

// FailedPrecondition: the publication lacks a table of the options, a kind of change, or rows (a row
// filter): what is written meanwhile is not in the log.
absl::Status CheckPublished(Connection& sql, const PostgresOptions& options);

// True if synchronous_standby_names (`setting`) counts a stream of `application` among the
// synchronous standbys.
bool NamesStandby(absl::string_view setting, absl::string_view application);

// FailedPrecondition if the session's server would wait at every commit for a stream of ours to
// acknowledge it: we acknowledge only what is visible, so that no commit would ever return.
absl::Status CheckNotSynchronous(Connection& sql);

// Waits until every transaction that is running now is visible or gone. The log does not name what
// committed before the slot's birth, though that may not be visible yet. Unavailable after 30 s,
// with those it waits for.
absl::Status AwaitRunning(Connection& sql, std::stop_token stop);

// Unavailable: another client streams from the slot.
absl::Status SlotHeld(const std::string& name, const std::string& holder);

// FailedPrecondition with every error among `problems`; OK if there is none.
absl::Status ProblemsStatus(const std::vector<Problem>& problems);

// "16/B374D848" as a number; 0 if it is none.
uint64_t ParseLsn(absl::string_view text);

}  // namespace tidemark::capture::postgres

#endif  // TIDEMARK_CAPTURE_POSTGRES_LOG_SETUP_H_
