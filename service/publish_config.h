#ifndef TIDEMARK_SERVICE_PUBLISH_CONFIG_H_
#define TIDEMARK_SERVICE_PUBLISH_CONFIG_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "service/config_files.h"
#include "service/kafka/publish_options.h"
#include "service/kafka_config.h"

namespace tidemark::service {

class YamlErrors;
class YamlMap;

// Reads the `publish:` of each source. Private to the configuration.
class PublishConfigReader {
 public:
  // Both must outlive it.
  PublishConfigReader(const ConfigFiles* files, YamlErrors* errors)
      : errors_(errors), secrets_(files, errors) {}

  // `source`: the source's map, whose name is `name`. `kafka`: what the file says of the cluster.
  // Nothing where the source has no `publish:`.
  std::optional<kafka::PublishOptions> Read(const YamlMap& source, const std::string& name,
                                            const std::optional<KafkaConfig>& kafka);

 private:
  void ReadFormat(const YamlMap& map, const std::optional<KafkaConfig>& kafka,
                  kafka::PublishOptions* options) const;
  void ReadTopics(const YamlMap& map, kafka::PublishOptions* options) const;
  void ReadTopicSettings(const YamlMap& map, kafka::Settings* settings) const;
  void ReadOversize(const YamlMap& map, kafka::PublishOptions* options) const;
  void ReadRoutes(const YamlMap& map, std::vector<kafka::Route>* routes) const;
  void ReadTransforms(const YamlMap& map, std::vector<kafka::TransformOptions>* transforms) const;
  void ReadTransform(const YamlMap& map, kafka::TransformOptions* transform) const;
  void ReadTruncate(const YamlMap& map, kafka::TransformOptions* transform) const;
  // The groups of the pattern; 0 if there is none.
  int ReadTables(const YamlMap& map, std::string* tables) const;
  void ReadColumns(const YamlMap& map, std::string_view key,
                   std::vector<std::string>* columns) const;
  void ReadTemplate(const YamlMap& map, int groups, std::string* topic) const;
  void ReadTopicName(const YamlMap& map, std::string_view key, std::string* topic) const;
  void CheckTopics(const YamlMap& source, const std::string& name,
                   const kafka::PublishOptions& options) const;
  void CheckIsFree(const YamlMap& publish, const std::string& name,
                   const kafka::PublishOptions& options);

  YamlErrors* errors_;
  SecretReader secrets_;
  bool has_database_ = true;  // of the source that is read
  // What was read, with the names of the sources.
  std::vector<std::pair<std::string, kafka::PublishOptions>> known_;
};

}  // namespace tidemark::service

#endif  // TIDEMARK_SERVICE_PUBLISH_CONFIG_H_
