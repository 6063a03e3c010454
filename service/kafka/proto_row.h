#ifndef TIDEMARK_SERVICE_KAFKA_PROTO_ROW_H_
#define TIDEMARK_SERVICE_KAFKA_PROTO_ROW_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "service/kafka/change_view.h"
#include "service/kafka/proto_fields.h"
#include "tidemark/v1/event.pb.h"

namespace tidemark::service::kafka {

// Writes rows (or keys) as messages with a field for each column. Prepared once; immutable, so
// thread-safe.
//
//   NULL                        the field is not set
//   not carried by the log      its number is in unavailable_fields (1)
//   not of the field's type     the server's own text is in irregular_values (2), under the field's
//                               number: infinite and zero dates, texts that are no UTF-8, ...
class ProtoRow {
 public:
  // `columns`: indexes into those of the schema, in the order of the rows' values. `fields`: what
  // AssignProtoFields made of them.
  ProtoRow(const v1::TableSchema& schema, const std::vector<uint32_t>& columns,
           const std::vector<ProtoField>& fields);

  // Appends the message. `row`: a serialized tidemark.v1.Row. DataLoss: malformed; then `out` has a
  // part of it.
  absl::Status Append(std::string& out, std::string_view row) const;

 private:
  struct Column {
    model::ValueKind kind;
    model::WireType wire;
    bool text;
    int number;
  };

  absl::Status Malformed() const;

  std::string table_;
  std::vector<Column> columns_;
};

// Wire format of Protobuf.
void AppendProtoVarint(std::string& out, uint64_t value);
void AppendProtoNumber(std::string& out, int field, uint64_t value);
void AppendProtoFixed64(std::string& out, int field, uint64_t value);
void AppendProtoBytes(std::string& out, int field, std::string_view bytes);

}  // namespace tidemark::service::kafka

#endif  // TIDEMARK_SERVICE_KAFKA_PROTO_ROW_H_
