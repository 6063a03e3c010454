#ifndef TIDEMARK_TESTS_SERVICE_KAFKA_TABLES_H_
#define TIDEMARK_TESTS_SERVICE_KAFKA_TABLES_H_

#include <string>
#include <utility>
#include <vector>

#include "tidemark/v1/event.pb.h"

namespace tidemark::service::kafka {

inline v1::Type MakeType(v1::TypeKind kind, uint32_t oid, std::string name, int modifier = -1,
                         std::vector<std::string> labels = {}) {
  v1::Type type;
  type.set_kind(kind);
  type.set_oid(oid);
  type.set_name(std::move(name));
  type.set_modifier(modifier);
  for (std::string& label : labels) type.add_labels(std::move(label));
  return type;
}

// PostgreSQL's array of a type.
inline v1::Type ArrayOf(v1::Type element, uint32_t oid) {
  v1::Type type = MakeType(v1::TYPE_KIND_ARRAY, oid, element.name() + "[]", element.modifier());
  *type.mutable_element() = std::move(element);
  return type;
}

inline v1::Column MakeColumn(std::string name, v1::Type type, bool nullable,
                             std::string default_expression = "") {
  v1::Column column;
  column.set_name(std::move(name));
  *column.mutable_type() = std::move(type);
  column.set_nullable(nullable);
  column.set_default_expression(std::move(default_expression));
  return column;
}

inline v1::TableSchema MakeTable(std::string name_space, std::string name,
                                 std::vector<v1::Column> columns,
                                 std::vector<uint32_t> key_columns = {}) {
  v1::TableSchema schema;
  schema.set_id(3);
  schema.set_namespace_(std::move(name_space));
  schema.set_name(std::move(name));
  schema.set_catalog_current(true);
  for (v1::Column& column : columns) *schema.add_columns() = std::move(column);
  for (uint32_t column : key_columns) schema.add_key_columns(column);
  return schema;
}

inline v1::Value Integer(int64_t number) {
  v1::Value value;
  value.set_integer(number);
  return value;
}
inline v1::Value Text(std::string text) {
  v1::Value value;
  value.set_text(std::move(text));
  return value;
}
inline v1::Value Unavailable() {
  v1::Value value;
  value.set_unavailable(true);
  return value;
}
inline v1::Value ServerText(std::string text) {
  v1::Value value;
  value.set_server_text(std::move(text));
  return value;
}

inline v1::Row MakeRow(const std::vector<v1::Value>& values) {
  v1::Row row;
  for (const v1::Value& value : values) *row.add_values() = value;
  return row;
}

}  // namespace tidemark::service::kafka

#endif  // TIDEMARK_TESTS_SERVICE_KAFKA_TABLES_H_
