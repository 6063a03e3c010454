#ifndef TIDEMARK_SERVICE_CONFIG_FILES_H_
#define TIDEMARK_SERVICE_CONFIG_FILES_H_

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"

namespace YAML {
class Node;
}

namespace tidemark::service {

class YamlErrors;
class YamlMap;

// Files that a configuration refers to.
class ConfigFiles {
 public:
  explicit ConfigFiles(std::filesystem::path folder) : folder_(std::move(folder)) {}
  // Relative to the folder of the configuration.
  std::string Resolve(const std::string& path) const {
    return (folder_ / path).lexically_normal().string();
  }

 private:
  std::filesystem::path folder_;
};

// NotFound, PermissionDenied and so on: why it cannot be read.
absl::StatusOr<std::string> ReadConfigFile(const std::string& path);

// Reads what never stands in the configuration itself: {file: PATH} or {env: NAME}. No error holds
// any of it. Private to the configuration.
class SecretReader {
 public:
  // Both must outlive it.
  SecretReader(const ConfigFiles* files, YamlErrors* errors) : files_(files), errors_(errors) {}

  // `what`: for messages, "password". Leaves `secret` as it is where the key is missing or wrong.
  void Read(const YamlMap& parent, std::string_view key, std::string_view what,
            std::string* secret) const;
  void Read(const YAML::Node& node, const std::string& path, std::string_view what,
            std::string* secret) const;

 private:
  void ReadFile(const YamlMap& map, std::string_view what, std::string* secret) const;
  static void ReadVariable(const YamlMap& map, std::string_view what, std::string* secret);

  const ConfigFiles* files_;
  YamlErrors* errors_;
};

}  // namespace tidemark::service

#endif  // TIDEMARK_SERVICE_CONFIG_FILES_H_
