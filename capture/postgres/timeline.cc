#include "capture/postgres/timeline.h"

#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "capture/postgres/log_setup.h"
#include "capture/postgres/pgoutput.h"

namespace tidemark::capture::postgres {
namespace {

constexpr absl::string_view kRemedy =
    "connect to the server that followed the old primary, or start with an empty journal and a new "
    "snapshot";

absl::Status CheckSwitch(uint64_t known, uint64_t current, uint64_t switched, uint64_t lsn) {
  if (switched >= lsn) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("the server was promoted (timeline ", current, ") at ", LsnText(switched),
                   " of timeline ", known, ", of which the journal has everything up to ",
                   LsnText(lsn), ": the changes from ", LsnText(switched), " to ", LsnText(lsn),
                   " are in the journal but not on this server; ", kRemedy));
}

}  // namespace

absl::Status CheckHistory(absl::string_view history, uint64_t known, uint64_t current,
                          uint64_t lsn) {
  for (absl::string_view line : absl::StrSplit(history, '\n')) {
    // Comments are allowed.
    const std::vector<absl::string_view> fields =
        absl::StrSplit(absl::StripAsciiWhitespace(line), absl::ByAnyChar(" \t"), absl::SkipEmpty());
    uint64_t timeline = 0;
    if (fields.size() < 2 || !absl::SimpleAtoi(fields[0], &timeline)) continue;
    if (timeline == known) return CheckSwitch(known, current, ParseLsn(fields[1]), lsn);
  }
  return absl::FailedPreconditionError(absl::StrCat("the server's timeline ", current,
                                                    " does not descend from timeline ", known,
                                                    ", whose log is in the journal; ", kRemedy));
}

absl::Status CheckTimeline(Connection& stream, uint64_t known, uint64_t current, uint64_t lsn) {
  // 1 is the first one and has no history.
  if (known == current || current <= 1) {
    return known <= current ? absl::OkStatus() : CheckHistory("", known, current, lsn);
  }
  absl::StatusOr<Result> row = stream.Execute(absl::StrCat("TIMELINE_HISTORY ", current));
  if (!row.ok()) return row.status();
  return CheckHistory(row->text(0, 1), known, current, lsn);
}

}  // namespace tidemark::capture::postgres
