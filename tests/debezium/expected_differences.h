#ifndef TIDEMARK_TESTS_DEBEZIUM_EXPECTED_DIFFERENCES_H_
#define TIDEMARK_TESTS_DEBEZIUM_EXPECTED_DIFFERENCES_H_

#include <map>
#include <regex>
#include <string>
#include <vector>

#include "tests/debezium/record_difference.h"

namespace tidemark::debezium {

// A difference that is known, and why it is there. ECMAScript expressions over the whole of each.
struct ExpectedDifference {
  // "log" or "snap" (of a snapshot), table and path: "log interval_ value\\.payload\\.after\\.v".
  std::string place;
  std::string theirs;
  std::string ours;
  std::string reason;
};

// Those of one server. One thread at a time.
class ExpectedDifferences {
 public:
  explicit ExpectedDifferences(std::vector<ExpectedDifference> entries);
  ExpectedDifferences(const ExpectedDifferences&) = delete;
  ExpectedDifferences& operator=(const ExpectedDifferences&) = delete;

  // `topic`: "log interval_". False: none of them tells why; the first that does is noted as seen.
  bool Explains(const std::string& topic, const Difference& difference);
  // Those that were not seen: they are no differences any more.
  std::vector<std::string> Unseen() const;

 private:
  struct Entry {
    ExpectedDifference expected;
    std::regex place, theirs, ours;
    bool seen = false;
  };

  const std::vector<Entry*>& EntriesOf(const std::string& place);

  std::vector<Entry> entries_;
  // Of the places that came: the same come with every record.
  std::map<std::string, std::vector<Entry*>> of_places_;
};

// As ARCHITECTURE.md lists them.
std::vector<ExpectedDifference> DifferencesOfPostgres();
std::vector<ExpectedDifference> DifferencesOfMysql();
std::vector<ExpectedDifference> DifferencesOfMariaDb();

}  // namespace tidemark::debezium

#endif  // TIDEMARK_TESTS_DEBEZIUM_EXPECTED_DIFFERENCES_H_
