#include "service/config_files.h"

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "service/yaml_map.h"

namespace tidemark::service {

absl::StatusOr<std::string> ReadConfigFile(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream || std::filesystem::is_directory(path)) {
    int reason = stream ? EISDIR : errno;
    return absl::ErrnoToStatus(reason, absl::StrCat("cannot read ", path));
  }
  return std::string(std::istreambuf_iterator<char>(stream), {});
}

void SecretReader::Read(const YamlMap& parent, std::string_view key, std::string_view what,
                        std::string* secret) const {
  if (auto node = parent.Find(key)) Read(*node, parent.Path(key), what, secret);
}

void SecretReader::Read(const YAML::Node& node, const std::string& path, std::string_view what,
                        std::string* secret) const {
  if (!node.IsMap()) {
    errors_->Add(node.Mark(), path,
                 absl::StrCat("expected {file: PATH} or {env: NAME}; a ", std::string(what),
                              " itself never stands in this file"));
    return;
  }
  YamlMap map(node, path, {"file", "env"}, errors_);
  if (map.Has("file") == map.Has("env")) {
    errors_->Add(node.Mark(), path, "expected either {file: PATH} or {env: NAME}");
    return;
  }
  ReadFile(map, what, secret);
  ReadVariable(map, what, secret);
}

void SecretReader::ReadFile(const YamlMap& map, std::string_view what, std::string* secret) const {
  std::optional<YamlScalar> file = map.Scalar("file", "the path of a file");
  if (!file) return;
  absl::StatusOr<std::string> content = ReadConfigFile(files_->Resolve(file->text));
  if (!content.ok()) {
    map.Error("file", absl::StrCat("expected a readable file with the ", std::string(what), ": ",
                                   content.status().message()));
    return;
  }
  std::string_view text = *content;
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.ends_with('\r')) text.remove_suffix(1);
  if (text.empty()) {
    map.Error("file",
              absl::StrCat("expected a file with the ", std::string(what), ", this one is empty"));
  }
  *secret = text;
}

void SecretReader::ReadVariable(const YamlMap& map, std::string_view what, std::string* secret) {
  std::optional<YamlScalar> name = map.Scalar("env", "the name of an environment variable");
  if (!name) return;
  const char* value = std::getenv(name->text.c_str());
  if (value == nullptr || *value == '\0') {
    map.Error("env", absl::StrCat("expected the environment variable ", name->text, " to hold the ",
                                  std::string(what), "; it is not set"));
    return;
  }
  *secret = value;
}

}  // namespace tidemark::service
