#ifndef TIDEMARK_SERVICE_KAFKA_AVRO_SCHEMA_H_
#define TIDEMARK_SERVICE_KAFKA_AVRO_SCHEMA_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace tidemark::service::kafka {

// Schemas of Kafka Connect as Avro schemas, as Confluent's AvroConverter writes them at its
// defaults (AvroData 7.9), so that it and others read them back. Pure and thread-safe.
//
//   int8, int16, int32, int64   int with connect.type, int, long
//   a name, version, ...        connect.name, connect.version, connect.parameters, connect.doc
//   Decimal                     bytes with logicalType decimal, scale and precision (64 unless the
//                               column has one); without logicalType where Avro's decimal has no
//                               such scale: below 0, or above the precision
//   struct                      a record of its name; a later use of it is the name alone
//   optional                    a union with null; null first, and the default, unless the field
//                               has another default
//   map                         of string keys a map; else an array of records MapEntry
//
// Names are made Avro's, as Debezium does it: other characters than letters, digits and _ become _,
// and a digit at the front of a name gets one before it.

// `connect_schema`: JSON text. InvalidArgument: two fields of a record have the same name in Avro;
// the message names them.
absl::StatusOr<std::string> AvroSchema(std::string_view connect_schema);

// A value in Avro's binary form. `json`: as JsonConverter writes it. REQUIRES: it is a value of the
// schema.
std::string AvroLiteral(std::string_view connect_schema, std::string_view json);

}  // namespace tidemark::service::kafka

#endif  // TIDEMARK_SERVICE_KAFKA_AVRO_SCHEMA_H_
