#ifndef TIDEMARK_SERVICE_KAFKA_PROTOBUF_FORMAT_H_
#define TIDEMARK_SERVICE_KAFKA_PROTOBUF_FORMAT_H_

#include <memory>
#include <string>

#include "service/kafka/table_encoder.h"

namespace tidemark::service::kafka {

// Our own format, unframed: the key is a serialized tidemark.v1.Row of the key columns, the value a
// tidemark.v1.Event with its change. Its schema, which names the columns, is in the schema topic
// under the change's schema_id.
class ProtobufFormat final : public EncoderFactory {
 public:
  absl::StatusOr<std::unique_ptr<TableEncoder>> Prepare(const v1::TableSchema& schema,
                                                        const std::string& topic) override;
};

}  // namespace tidemark::service::kafka

#endif  // TIDEMARK_SERVICE_KAFKA_PROTOBUF_FORMAT_H_
