#ifndef TIDEMARK_SERVICE_KAFKA_PROTO_FIELDS_H_
#define TIDEMARK_SERVICE_KAFKA_PROTO_FIELDS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tidemark/v1/event.pb.h"

namespace tidemark::service::kafka {

// The fields of a message that has a field for each column. How their numbers are chosen:
//
//   * A column keeps the number of its first appearance while its type in the message stays the
//     same, wherever it stands in the table. Its field's json_name is its name; where another
//     field's identifier is that, "<column> (field <number>)".
//   * A column that is dropped, or becomes another type, leaves its field in the message, marked as
//     deprecated and with the json_name "<column> (dropped <number>)": so its number and its name
//     are never those of something else, and every compatibility level of a registry allows it. If
//     the column comes back with that type, it is the same field again.
//   * A new one gets the next number after all that were ever used. 1 and 2 are not columns.
//   * A renamed column is another one.
//
// Earlier versions are read from the latest schema in the registry, which has all of them. Pure and
// thread-safe.
struct ProtoField {
  std::string column;
  std::string name;  // the column's, as an identifier; unique in the message, also in camel case
  std::string type;  // "sint64", "tidemark.v1.Interval"
  int number = 0;
  bool dropped = false;
};

// What the row message has besides columns; their own message says what they are for.
inline constexpr int kUnavailableField = 1;
inline constexpr int kIrregularField = 2;

// The type of a column's field.
std::string ProtoType(v1::TypeKind kind);
// Whether the type is one of tidemark/v1/event.proto.
bool IsImported(const std::string& type);

// The fields that `message` has in a schema of ours; none: no such message. InvalidArgument: it is
// no schema of Protobuf.
absl::StatusOr<std::vector<ProtoField>> ReadProtoFields(const std::string& schema,
                                                        const std::string& message);

// Those of the table's columns (indexes in `columns`), by number, and the dropped ones among
// `earlier`.
std::vector<ProtoField> AssignProtoFields(std::vector<ProtoField> earlier,
                                          const v1::TableSchema& table,
                                          const std::vector<uint32_t>& columns);

// "  optional sint64 id = 3 [json_name = \"id\"];\n", ...
void AppendProtoFields(std::string& out, const std::vector<ProtoField>& fields);

// A name as an identifier of Protobuf.
std::string ProtoName(const std::string& name);

}  // namespace tidemark::service::kafka

#endif  // TIDEMARK_SERVICE_KAFKA_PROTO_FIELDS_H_
