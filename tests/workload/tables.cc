#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/substitute.h"
#include "tests/support/open_session.h"
#include "tests/workload/workload.h"
#include "tests/workload/writer.h"

namespace tidemark::workload {
namespace {

using testing::Engine;

// What stands for "first to last" in kMysqlRows.
std::string MysqlSeries(uint64_t last) {
  return testing::Series(Engine::kMySql, 1, static_cast<int64_t>(last));
}

}  // namespace

std::vector<std::string> Tables(const std::string& name_space) {
  std::vector<std::string> tables;
  for (const char* name : kTableNames) {
    tables.push_back(absl::StrCat(name_space, ".", name));
  }
  return tables;
}

absl::Status CreateTables(testing::Session& session) {
  return session.Exec(session.engine() == Engine::kPostgres ? kPostgresTables : kMysqlTables);
}

absl::Status Load(testing::Session& session, uint64_t rows) {
  const uint64_t hundredth = std::max<uint64_t>(rows / 100, 1);
  const uint64_t customers = 17 * hundredth;
  const uint64_t products = 7 * hundredth;
  const uint64_t orders = 25 * hundredth;
  if (session.engine() == Engine::kPostgres) {
    return session.Exec(absl::Substitute(kPostgresRows, customers, products, orders, hundredth));
  }
  return session.Exec(absl::Substitute(kMysqlRows, customers, products, MysqlSeries(customers),
                                       MysqlSeries(products), MysqlSeries(orders),
                                       MysqlSeries(hundredth)));
}

}  // namespace tidemark::workload
