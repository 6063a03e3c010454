#ifndef TIDEMARK_SERVICE_KAFKA_SCHEMA_REGISTRY_H_
#define TIDEMARK_SERVICE_KAFKA_SCHEMA_REGISTRY_H_

#include <cstdint>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "service/kafka/http_request.h"
#include "service/kafka/publish_options.h"

namespace tidemark::service::kafka {

// A schema that another one imports, as it is registered.
struct SchemaReference {
  std::string name;  // as the import has it
  std::string subject;
  int version = 0;
};

struct Schema {
  std::string type;  // AVRO or PROTOBUF
  std::string text;
  std::vector<SchemaReference> references = {};
};

// Where a schema is registered, and the table to be named in errors.
struct SchemaSubject {
  std::string name;   // "shop.public.orders-value"
  std::string table;  // "public.orders"
};

struct RegisteredSchema {
  int version = 0;
  std::string text;
};

// A client of a schema registry that speaks Confluent's protocol (its REST interface, version 7).
// What is registered once is not asked for again. Waits for answers; each of the URLs is asked
// until one answers, beginning with the one that answered last. One thread at a time.
//
// Errors of all methods: Unavailable (none answers, or it says that it cannot now; ask again
// later), Cancelled (stopped), PermissionDenied (it does not know user and password, or they may
// not), FailedPrecondition (it refuses the schema, ...). Messages name the subject, the table, what
// the registry says, and the remedy.
class SchemaRegistry {
 public:
  SchemaRegistry(const RegistryOptions& options, std::stop_token stop)
      : options_(options), stop_(std::move(stop)) {}

  // The id under which consumers find the schema. A schema that is registered under the subject
  // already keeps its id.
  absl::StatusOr<int32_t> Register(const SchemaSubject& subject, const Schema& schema);
  // The subject's version of a registered schema.
  absl::StatusOr<int> VersionOf(const SchemaSubject& subject, const Schema& schema);
  // nullopt: the subject has none.
  absl::StatusOr<std::optional<RegisteredSchema>> Latest(const SchemaSubject& subject);

 private:
  absl::StatusOr<HttpAnswer> Ask(const SchemaSubject& subject, const std::string& path,
                                 const std::string& body);
  absl::Status Refused(const SchemaSubject& subject, const Schema& schema,
                       const HttpAnswer& answer);
  std::string WhyIncompatible(const SchemaSubject& subject, const Schema& schema);

  const RegistryOptions options_;
  const std::stop_token stop_;
  size_t answering_ = 0;  // index of the URL that answered last
  // By subject, type and text.
  std::map<std::string, int32_t> ids_;
};

// What stands before a record: 0, and the id in big endian.
void AppendSchemaId(std::string& out, int32_t id);

}  // namespace tidemark::service::kafka

#endif  // TIDEMARK_SERVICE_KAFKA_SCHEMA_REGISTRY_H_
