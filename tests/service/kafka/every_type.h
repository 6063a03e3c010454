#ifndef TIDEMARK_TESTS_SERVICE_KAFKA_EVERY_TYPE_H_
#define TIDEMARK_TESTS_SERVICE_KAFKA_EVERY_TYPE_H_

#include <string>
#include <vector>

#include "tidemark/v1/event.pb.h"

namespace tidemark::service::kafka {

// A column of one type, a value of it, and that value as JSON of the format registry-protobuf.
struct TypedValue {
  std::string column;
  v1::Type type;
  v1::Value value;
  std::string proto_json;
};

// Every type of PostgreSQL that the stream tells apart, with values as the capture makes them from
// the server's text; and of MySQL and MariaDB.
std::vector<TypedValue> PostgresValues();
std::vector<TypedValue> MysqlValues();

// A table of these columns behind a key `id` of integer, and a row of it with id 7.
v1::TableSchema TableOf(const std::string& name, const std::vector<TypedValue>& values,
                        bool postgres);
v1::Row RowOf(const std::vector<TypedValue>& values);

}  // namespace tidemark::service::kafka

#endif  // TIDEMARK_TESTS_SERVICE_KAFKA_EVERY_TYPE_H_
