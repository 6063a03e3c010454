#ifndef TIDEMARK_TESTS_ORACLE_COMPARE_H_
#define TIDEMARK_TESTS_ORACLE_COMPARE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "tests/oracle/fold.h"
#include "tests/support/session.h"

namespace tidemark::oracle {

struct CompareOptions {
  // "namespace.name" each; empty: every table that a snapshot has read to its end and that still
  // exists.
  std::vector<std::string> tables = {};
  // A value that no event can have shown is no difference: rows that were there before an ALTER
  // TABLE, in the column that it added, renamed or rewrote, until they are written or read again.
  bool allow_unknown = false;
  // How many differences are described.
  size_t differences_max = 20;
};

struct Comparison {
  uint64_t tables = 0;
  uint64_t rows = 0;
  uint64_t unknown_values = 0;
  uint64_t difference_count = 0;
  // "public.t (1): column note: the stream has 'a', the source 'b'".
  std::vector<std::string> differences;
};

// Compares what the stream folds to with the rows of the server, column by column in the server's
// text. Nobody may write meanwhile, and the fold must have caught up. REQUIRES: the fold is of this
// engine. Errors: those of the connection.
absl::StatusOr<Comparison> CompareWithSource(const Fold& fold, testing::Session& source,
                                             const CompareOptions& options);

// "exact: 5 tables, 412,345 rows, 1,234,567 events, 0 differences", or what was wrong in several
// lines.
std::string Verdict(const Fold& fold, const Comparison& comparison);
// The same of another consumer: `read` ("events") were `count`, `violations` is what was wrong.
std::string Verdict(uint64_t count, absl::string_view read,
                    const std::vector<std::string>& violations, const Comparison& comparison);
// True if nothing at all was wrong.
bool IsExact(const Fold& fold, const Comparison& comparison);

}  // namespace tidemark::oracle

#endif  // TIDEMARK_TESTS_ORACLE_COMPARE_H_
