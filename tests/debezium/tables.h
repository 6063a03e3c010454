#ifndef TIDEMARK_TESTS_DEBEZIUM_TABLES_H_
#define TIDEMARK_TESTS_DEBEZIUM_TABLES_H_

#include <string>
#include <vector>

namespace tidemark::debezium {

// A table (id int PRIMARY KEY, v TYPE) with a row for each value, and one for NULL.
struct TypeTable {
  std::string name;
  std::string type;
  // SQL expressions.
  std::vector<std::string> values;
};

// What both, Debezium and Tidemark, are to see of a server.
struct Tables {
  std::vector<TypeTable> types;
  // SQL, one or several statements each: types and tables with rows; and what happens to them.
  std::vector<std::string> before;
  std::vector<std::string> after;
  // Once both sides have seen all that, so that it finds the tables as they were.
  std::vector<std::string> altered;
  // The tables of `before` that have a key, to be read by the snapshots.
  std::vector<std::string> keyed;
  // Follows the definition of a table of `types`.
  std::string type_table_settings = {};
};

Tables PostgresTables();
Tables MysqlTables();
Tables MariaDbTables();

// One statement for each.
std::vector<std::string> CreateTypeTables(const Tables& tables);
std::vector<std::string> ChangeTypeTables(const Tables& tables);

}  // namespace tidemark::debezium

#endif  // TIDEMARK_TESTS_DEBEZIUM_TABLES_H_
