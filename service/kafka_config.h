#ifndef TIDEMARK_SERVICE_KAFKA_CONFIG_H_
#define TIDEMARK_SERVICE_KAFKA_CONFIG_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "service/config_files.h"
#include "service/kafka/publish_options.h"

namespace tidemark::service {

class YamlErrors;
class YamlMap;

// `kafka:` in the configuration.
struct KafkaConfig {
  kafka::ClusterOptions cluster;
  std::optional<kafka::RegistryOptions> registry;
};

// Reads `kafka:`. Private to the configuration.
class KafkaConfigReader {
 public:
  // Both must outlive it.
  KafkaConfigReader(const ConfigFiles* files, YamlErrors* errors)
      : files_(files), errors_(errors), secrets_(files, errors) {}

  // `top`: the whole file. Nothing where it has no `kafka:`.
  std::optional<KafkaConfig> Read(const YamlMap& top) const;

 private:
  // A property of the client that a key of ours stands for.
  struct Property {
    std::string name;
    std::string value;
    std::string key;  // "kafka.tls.ca"
  };
  using Properties = std::vector<Property>;

  void ReadBrokers(const YamlMap& map, std::string* brokers) const;
  void ReadTls(const YamlMap& kafka, Properties* properties) const;
  void ReadSasl(const YamlMap& kafka, Properties* properties) const;
  void ReadUser(const YamlMap& sasl, const std::string& mechanism, Properties* properties) const;
  void ReadOidc(const YamlMap& sasl, Properties* properties) const;
  static void AddProtocol(const YamlMap& kafka, Properties* properties);
  void ReadProperties(const YamlMap& kafka, const Properties& own,
                      kafka::Settings* properties) const;
  void ReadProperty(const std::string& name, const YAML::Node& node, const std::string& path,
                    const Properties& own, kafka::Settings* properties) const;
  std::optional<kafka::RegistryOptions> ReadRegistry(const YamlMap& kafka) const;
  void ReadUrls(const YamlMap& map, std::vector<std::string>* urls) const;
  void ReadFile(const YamlMap& map, std::string_view key, std::string* path) const;

  const ConfigFiles* files_;
  YamlErrors* errors_;
  SecretReader secrets_;
};

}  // namespace tidemark::service

#endif  // TIDEMARK_SERVICE_KAFKA_CONFIG_H_
