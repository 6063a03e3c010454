#ifndef TIDEMARK_SERVICE_YAML_MAP_H_
#define TIDEMARK_SERVICE_YAML_MAP_H_

#include <yaml-cpp/yaml.h>

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tidemark::service {

// Collects the errors of one YAML file, each with its place, in the order of the file.
class YamlErrors {
 public:
  explicit YamlErrors(std::string file) : file_(std::move(file)) {}

  void Add(const YAML::Mark& mark, const std::string& path, const std::string& message);
  bool empty() const { return errors_.empty(); }
  size_t count() const { return errors_.size(); }
  // One line an error.
  std::string Text() const;

 private:
  struct Error {
    int line;
    int column;
    std::string text;
  };
  std::string file_;
  std::vector<Error> errors_;
};

// A scalar with its place, or a scalar's absence.
struct YamlScalar {
  std::string text;
  YAML::Mark mark;
};

// Reads one mapping: complains about unknown and repeated keys when made, and about each value that
// is not what a getter expects. Getters return nullopt for a key that is missing or wrong. Private
// to the configuration.
class YamlMap {
 public:
  // `path`: for messages, "sources[0].postgres"; "" at the top.
  YamlMap(const YAML::Node& node, std::string path, std::initializer_list<std::string_view> known,
          YamlErrors* errors);

  bool Has(std::string_view key) const { return Find(key).has_value(); }
  std::optional<YAML::Node> Find(std::string_view key) const;
  std::string Path(std::string_view key) const;

  std::optional<YamlScalar> Scalar(std::string_view key, std::string_view expected) const;
  std::optional<bool> Boolean(std::string_view key) const;
  std::optional<uint64_t> Number(std::string_view key, uint64_t least, uint64_t most) const;
  // "7d"; "unlimited" is 0.
  std::optional<uint64_t> DurationMs(std::string_view key) const;
  // "50GiB"; "unlimited" is 0.
  std::optional<uint64_t> Bytes(std::string_view key) const;
  // Index of the choice.
  std::optional<size_t> Choice(std::string_view key,
                               std::initializer_list<std::string_view> choices) const;
  std::vector<YamlScalar> Strings(std::string_view key, std::string_view expected) const;

  // Adds an error at a key (or, if it is missing, at the mapping).
  void Error(std::string_view key, const std::string& message) const;
  void Require(std::string_view key, std::string_view expected) const;

 private:
  void ReadEntries(const YAML::Node& node, std::initializer_list<std::string_view> known);

  std::string path_;
  YamlErrors* errors_;
  YAML::Mark mark_;
  std::vector<std::pair<std::string, YAML::Node>> entries_;
};

// What a getter found, if it found something.
template <typename T, typename U>
void Assign(T* target, const std::optional<U>& value) {
  if (value) *target = static_cast<T>(*value);
}

inline void Assign(std::string* target, const std::optional<YamlScalar>& value) {
  if (value) *target = value->text;
}

// The choice that `word` is most likely a misspelling of; "" if none is near.
std::string_view Nearest(std::string_view word, std::initializer_list<std::string_view> choices);

}  // namespace tidemark::service

#endif  // TIDEMARK_SERVICE_YAML_MAP_H_
