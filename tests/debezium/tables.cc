#include "tests/debezium/tables.h"

#include "absl/strings/str_cat.h"

namespace tidemark::debezium {
namespace {

constexpr int kSecondHalf = 100;

// Rows from id `first` on.
std::string Insert(const TypeTable& table, int first) {
  std::string rows = absl::StrCat("(", first, ", NULL)");
  for (const std::string& value : table.values) {
    absl::StrAppend(&rows, ", (", ++first, ", ", value, ")");
  }
  return absl::StrCat("INSERT INTO ", table.name, " VALUES ", rows);
}

}  // namespace

std::vector<std::string> CreateTypeTables(const Tables& tables) {
  std::vector<std::string> statements;
  for (const TypeTable& table : tables.types) {
    statements.push_back(
        absl::StrCat("CREATE TABLE ", table.name, " (id int PRIMARY KEY, v ", table.type, ")"));
    if (!tables.type_table_settings.empty()) {
      statements.push_back(
          absl::StrCat("ALTER TABLE ", table.name, " ", tables.type_table_settings));
    }
    statements.push_back(Insert(table, 1));
  }
  return statements;
}

std::vector<std::string> ChangeTypeTables(const Tables& tables) {
  std::vector<std::string> statements;
  for (const TypeTable& table : tables.types) {
    statements.push_back(Insert(table, kSecondHalf));
    statements.push_back(
        absl::StrCat("UPDATE ", table.name, " SET v = ", table.values.back(), " WHERE id = 1"));
    statements.push_back(absl::StrCat("UPDATE ", table.name, " SET v = NULL WHERE id = 2"));
    statements.push_back(absl::StrCat("DELETE FROM ", table.name, " WHERE id = ", kSecondHalf + 1));
  }
  return statements;
}

}  // namespace tidemark::debezium
