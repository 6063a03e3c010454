#include "service/kafka/formats.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "service/kafka/avro_encoder.h"
#include "service/kafka/debezium_json.h"
#include "service/kafka/proto_encoder.h"
#include "service/kafka/protobuf_format.h"
#include "service/kafka/schema_registry.h"

namespace tidemark::service::kafka {
namespace {

class DebeziumEncoder final : public TableEncoder {
 public:
  explicit DebeziumEncoder(DebeziumTable table) : table_(std::move(table)) {}

  bool Writes(model::Op op) const override { return table_.Writes(op); }
  bool HasKey(model::Op op) const override { return table_.HasKey(op); }
  absl::Status AppendKey(std::string& out, std::string_view change) const override {
    return table_.AppendKey(out, change);
  }
  absl::Status AppendValue(std::string& out, std::string_view change) const override {
    return table_.AppendValue(out, change);
  }
  const std::vector<std::string>& left_out() const override { return table_.left_out(); }

 private:
  const DebeziumTable table_;
};

class DebeziumFormat final : public EncoderFactory {
 public:
  explicit DebeziumFormat(DebeziumOptions options) : options_(std::move(options)) {}

  absl::StatusOr<std::unique_ptr<TableEncoder>> Prepare(const v1::TableSchema& schema,
                                                        const std::string& /*topic*/) override {
    absl::StatusOr<DebeziumTable> table = DebeziumTable::Prepare(schema, options_);
    if (!table.ok()) return table.status();
    return std::make_unique<DebeziumEncoder>(*std::move(table));
  }

 private:
  const DebeziumOptions options_;
};

// Encoders, which take what else they need and a registry, and the registry.
template <typename Encoders>
class RegistryFormat final : public EncoderFactory {
 public:
  template <typename Given>
  RegistryFormat(const Given& given, const RegistryOptions& registry, std::stop_token stop)
      : registry_(registry, std::move(stop)), encoders_(given, &registry_) {}

  absl::StatusOr<std::unique_ptr<TableEncoder>> Prepare(const v1::TableSchema& schema,
                                                        const std::string& topic) override {
    return encoders_.Prepare(schema, topic);
  }

 private:
  SchemaRegistry registry_;
  Encoders encoders_;
};

DebeziumConnector ConnectorOf(const std::string& product) {
  if (product == "MySQL") return DebeziumConnector::kMysql;
  return product == "MariaDB" ? DebeziumConnector::kMariaDb : DebeziumConnector::kPostgres;
}

DebeziumOptions DebeziumOptionsOf(const std::string& source, const PublishOptions& options,
                                  const capture::ServerNames& names) {
  DebeziumOptions debezium;
  debezium.connector = ConnectorOf(names.product);
  debezium.name = source;
  debezium.database = names.database;
  debezium.version = TIDEMARK_VERSION;
  debezium.with_schema = options.format == Format::kDebeziumJson;
  debezium.with_truncate = options.truncates;
  return debezium;
}

}  // namespace

absl::StatusOr<std::unique_ptr<EncoderFactory>> MakeEncoders(const std::string& source,
                                                             const PublishOptions& options,
                                                             const RegistryOptions& registry,
                                                             const capture::ServerNames& names,
                                                             std::stop_token stop) {
  if (options.format == Format::kProtobuf) return std::make_unique<ProtobufFormat>();
  if (options.format == Format::kRegistryProtobuf) {
    return std::make_unique<RegistryFormat<ProtoEncoders>>(source, registry, std::move(stop));
  }
  if (names.product.empty()) {
    return absl::UnavailableError(
        absl::StrCat("the records of ", source,
                     " name its server, which was not reached yet since this service started"));
  }
  DebeziumOptions debezium = DebeziumOptionsOf(source, options, names);
  if (options.format == Format::kAvro) {
    return std::make_unique<RegistryFormat<AvroEncoders>>(debezium, registry, std::move(stop));
  }
  return std::make_unique<DebeziumFormat>(std::move(debezium));
}

}  // namespace tidemark::service::kafka
