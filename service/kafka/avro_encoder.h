#ifndef TIDEMARK_SERVICE_KAFKA_AVRO_ENCODER_H_
#define TIDEMARK_SERVICE_KAFKA_AVRO_ENCODER_H_

#include <memory>
#include <string>

#include "service/kafka/debezium_source.h"
#include "service/kafka/schema_registry.h"
#include "service/kafka/table_encoder.h"

namespace tidemark::service::kafka {

// The format `avro`: Debezium's envelope as Kafka Connect's AvroConverter writes it, framed for a
// schema registry. A record's key and its value are each
//
//   byte 0        0
//   bytes 1 to 4  the schema's id, big endian
//   then          the value in Avro's binary form (avro_schema.h says how types are written)
//
// What consumers need to know: the schemas are registered under <topic>-key and <topic>-value
// (TopicNameStrategy), so a topic that several tables share needs a registry that lets subjects
// change (compatibility NONE). A new version of a table registers its schema before its first
// record. Under the compatibility BACKWARD a registry takes new columns that are nullable or have
// a default that is known, and dropped ones; what it refuses stops the topic with its words.
class AvroEncoders final : public EncoderFactory {
 public:
  // `options.form` is set here. `registry` outlives this.
  AvroEncoders(const DebeziumOptions& options, SchemaRegistry* registry);

  absl::StatusOr<std::unique_ptr<TableEncoder>> Prepare(const v1::TableSchema& schema,
                                                        const std::string& topic) override;

 private:
  absl::StatusOr<int32_t> Register(const SchemaSubject& subject, const std::string& connect_schema);

  DebeziumOptions options_;
  SchemaRegistry* registry_;
};

}  // namespace tidemark::service::kafka

#endif  // TIDEMARK_SERVICE_KAFKA_AVRO_ENCODER_H_
