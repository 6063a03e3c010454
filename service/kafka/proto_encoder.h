#ifndef TIDEMARK_SERVICE_KAFKA_PROTO_ENCODER_H_
#define TIDEMARK_SERVICE_KAFKA_PROTO_ENCODER_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "service/kafka/proto_fields.h"
#include "service/kafka/schema_registry.h"
#include "service/kafka/table_encoder.h"

namespace tidemark::service::kafka {

// The format `registry-protobuf`: messages with a typed field for each column, framed for a schema
// registry. A record's key and its value are each
//
//   byte 0        0
//   bytes 1 to 4  the schema's id, big endian
//   byte 5        0: the message is the first one of its schema (Confluent's list of indexes [0])
//   then          the message: Key, or Envelope
//
//   message Envelope { Op op = 1; Row before = 2; Row after = 3; Source source = 4;
//                      fixed64 capture_time_us = 5; }
//   message Row {
//     repeated uint32 unavailable_fields = 1;      // see proto_row.h
//     map<uint32, bytes> irregular_values = 2;
//     optional sint64 id = 3 [json_name = "id"];   // see proto_fields.h for the numbers
//   }
//
// What consumers need to know: the schemas are registered under <topic>-key and <topic>-value
// (TopicNameStrategy), their package is <source>.<namespace>.<table>, that of Java the same with an
// underscore behind its words. Integers, dates (days), times and timestamps (microseconds) are
// sint64, unsigned integers uint64, decimals and whatever else has no form in Protobuf the server's
// text. Types with a message in tidemark/v1/event.proto (intervals, arrays, ranges, ...) are that
// message; its file is registered under its own name and referenced where it is used. DELETE has a
// `before` only if the log carries the old row: its key is the record's. NOT NULL columns are
// optional too, so that a change of nullability is no new schema.
class ProtoEncoders final : public EncoderFactory {
 public:
  // `source`: its name, which begins the package of the schemas. `registry` outlives this.
  ProtoEncoders(std::string source, SchemaRegistry* registry);

  absl::StatusOr<std::unique_ptr<TableEncoder>> Prepare(const v1::TableSchema& schema,
                                                        const std::string& topic) override;

 private:
  struct Message {
    int32_t id = 0;
    std::vector<ProtoField> fields;
  };

  // Registers the schema with `message` (Key or Row) as the latest one has its numbers.
  absl::StatusOr<Message> Register(const v1::TableSchema& schema, const SchemaSubject& subject,
                                   const std::string& message,
                                   const std::vector<uint32_t>& columns);
  absl::StatusOr<std::vector<ProtoField>> EarlierFields(const SchemaSubject& subject,
                                                        const std::string& message);
  absl::StatusOr<SchemaReference> EventReference(const SchemaSubject& subject);

  std::string source_;
  SchemaRegistry* registry_;
};

}  // namespace tidemark::service::kafka

#endif  // TIDEMARK_SERVICE_KAFKA_PROTO_ENCODER_H_
