#ifndef TIDEMARK_TESTS_SERVICE_KAFKA_REGISTRY_RECORDS_H_
#define TIDEMARK_TESTS_SERVICE_KAFKA_REGISTRY_RECORDS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "service/kafka/table_encoder.h"
#include "tests/service/kafka/every_type.h"
#include "tidemark/v1/event.pb.h"

namespace tidemark::service::kafka {

// A key or a value as a consumer gets it, and what it must be as JSON (read_records.py).
struct ExpectedRecord {
  std::string part;  // "key" or "value"
  std::string bytes;
  std::string json;
};

// A change of table schema 3 and key 7, with all that does not depend on the table.
v1::Change MakeRegistryChange(v1::Op op);

std::string KeyOf(const TableEncoder& table, const v1::Change& change);
std::string ValueOf(const TableEncoder& table, const v1::Change& change);
// The id in front of a record.
int SchemaIdOf(const std::string& record);

// In the format registry-protobuf, the JSON of RowOf(values), and of an envelope around it; `rows`:
// its members before and after, each with a comma behind it.
std::string RowJson(const std::vector<TypedValue>& values);
std::string EnvelopeJson(const std::string& op, const std::string& rows,
                         const std::string& name_space, const std::string& table);

// Has Confluent's client read them with the schemas in the registry at `url`; `bootstrap`: from the
// topic, partition 0, in Kafka. Aborted: one is something else; the message says which.
absl::Status ReadWithConfluentsClient(const std::string& format, const std::string& url,
                                      const std::string& topic,
                                      const std::vector<ExpectedRecord>& records,
                                      const std::string& bootstrap = "");

}  // namespace tidemark::service::kafka

#endif  // TIDEMARK_TESTS_SERVICE_KAFKA_REGISTRY_RECORDS_H_
