#ifndef TIDEMARK_TESTS_SERVICE_CONFIG_PROBE_H_
#define TIDEMARK_TESTS_SERVICE_CONFIG_PROBE_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "service/config.h"

namespace tidemark::service {

// What the parser of the configuration accepts, as its own errors tell.

// A key by its place, "sources[].publish.topic"; "[]" stands for the first entry of a list.
using KeyPath = std::string;

// What the parser says that it expects.
struct ExpectedValue {
  // As docs/configuration.md names the types; "text" for a path too.
  std::string type;
  // Of a number: "1 to 64".
  std::string limits = "";
  std::vector<std::string> choices = {};
};

// Every key that the parser knows.
std::map<KeyPath, ExpectedValue> KnownKeys();

// A configuration that is valid but for the value of one key: YAML in the flow style, or "": the
// key is left out.
absl::StatusOr<Config> ParseWith(const KeyPath& key, const std::string& value);

// The first of the errors about this very key; "" if there is none.
std::string ErrorAbout(const KeyPath& key, const absl::StatusOr<Config>& config);

// Another value that the key takes than `value`, as ParseWith takes it.
std::string AnotherValue(const ExpectedValue& expected, const std::string& value);

}  // namespace tidemark::service

#endif  // TIDEMARK_TESTS_SERVICE_CONFIG_PROBE_H_
