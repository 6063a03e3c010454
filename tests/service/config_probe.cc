#include "tests/service/config_probe.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace tidemark::service {
namespace {

using Entries = std::vector<std::pair<std::string, std::string>>;

// Like no key, so that the parser lists what it knows.
constexpr char kStranger[] = "qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq";
// Set in every environment.
constexpr char kSecret[] = "{env: PATH}";

// Where both have a key, that of `first`.
Entries Merge(Entries first, const Entries& second) {
  const size_t count = first.size();
  for (const auto& entry : second) {
    const auto end = first.begin() + count;
    const auto same = [&entry](const auto& other) { return other.first == entry.first; };
    if (std::none_of(first.begin(), end, same)) first.push_back(entry);
  }
  return first;
}

// What has to stand beside `key` in the mapping at `place`, or it would not be looked at.
Entries Companions(const KeyPath& place, const std::string& key) {
  static const Entries kServer = {{"name", "s"}, {"postgres", "{connection: x}"}};
  // Without it, other machines may not reach the service.
  if (key == "insecure") return Merge({{"listen", "'192.0.2.1:1'"}}, Companions(place, ""));
  if (place.empty())
    return {{"data", "d"},
            {"kafka", "{brokers: k, schema_registry: {url: 'http://r'}}"},
            {"sources", "[{name: s, postgres: {connection: x}}]"}};
  if (place == "sources[]") {
    return key == "mysql" ? Entries{{"name", "s"}} : kServer;
  }
  if (place == "sources[].postgres") return {{"connection", "x"}};
  if (place == "sources[].mysql") return {{"host", "h"}, {"user", "u"}};
  if (place == "tls" || place == "http.tls") return {{"cert", "c.pem"}, {"key", "k.pem"}};
  if (place == "tokens" || place == "http.tokens") return {{"file", "t"}};
  if (place == "http") return {{"listen", "'127.0.0.1:1'"}};
  if (place == "kafka") return {{"brokers", "k"}};
  if (place == "kafka.sasl") {
    if (key == "oidc") return {{"mechanism", "OAUTHBEARER"}};
    return {{"mechanism", "PLAIN"}, {"user", "u"}, {"password", kSecret}};
  }
  if (place == "kafka.sasl.oidc")
    return {{"token_url", "http://t"}, {"client_id", "c"}, {"client_secret", kSecret}};
  if (place == "kafka.schema_registry") return {{"url", "http://r"}};
  if (absl::EndsWith(place, ".routes[]")) return {{"tables", "x"}, {"topic", "t"}};
  if (absl::EndsWith(place, ".transforms[]"))
    return {{"tables", "x"}, {"hash", "[a]"}, {"hash_salt", kSecret}};
  if (absl::EndsWith(place, ".truncate[]")) return {{"columns", "x"}, {"length", "1"}};
  return {};
}

// A mapping with `key` and what has to be beside it.
std::string MappingWith(const KeyPath& place, const std::string& key, const std::string& value) {
  std::vector<std::string> entries;
  if (!value.empty()) entries.push_back(absl::StrCat(key, ": ", value));
  for (const auto& [other, other_value] : Companions(place, key)) {
    if (other != key) entries.push_back(absl::StrCat(other, ": ", other_value));
  }
  return absl::StrCat("{", absl::StrJoin(entries, ", "), "}");
}

std::pair<KeyPath, std::string> SplitLast(const KeyPath& path) {
  const size_t dot = path.rfind('.');
  if (dot == std::string::npos) return {"", path};
  return {path.substr(0, dot), path.substr(dot + 1)};
}

std::string Inside(const KeyPath& place, const std::string& key) {
  return place.empty() ? key : absl::StrCat(place, ".", key);
}

std::vector<std::string> WordsAfter(const std::string& error, const std::string& start) {
  const size_t at = error.find(start);
  if (at == std::string::npos) return {};
  const std::string rest = error.substr(at + start.size());
  return absl::StrSplit(rest.substr(0, rest.find(", got ")), ", ");
}

// The keys of the mapping at `place`; empty if there is none.
std::vector<std::string> KeysAt(const KeyPath& place) {
  const KeyPath stranger = Inside(place, kStranger);
  return WordsAfter(ErrorAbout(stranger, ParseWith(stranger, "1")), "expected one of: ");
}

// From what the parser says where it is given a mapping.
ExpectedValue Classify(const std::string& error) {
  if (error.empty()) return {.type = "free map"};
  if (absl::StrContains(error, "expected true or false")) return {.type = "boolean"};
  if (absl::StrContains(error, "expected a duration")) return {.type = "duration"};
  if (absl::StrContains(error, "expected a size")) return {.type = "size"};
  if (absl::StrContains(error, "expected a list") || absl::StrContains(error, "such as ["))
    return {.type = "list"};
  const std::string limits = absl::StrJoin(WordsAfter(error, "expected a whole number from "), "");
  if (!limits.empty()) return {.type = "number", .limits = limits};
  const std::vector<std::string> choices = WordsAfter(error, "expected one of ");
  if (!choices.empty()) return {.type = "choice", .choices = choices};
  return {.type = "text"};
}

void Collect(const KeyPath& place, std::map<KeyPath, ExpectedValue>* known) {
  for (const std::string& key : KeysAt(place)) {
    const KeyPath path = Inside(place, key);
    const std::vector<std::string> keys = KeysAt(path);
    if (keys == std::vector<std::string>{"file", "env"}) {
      known->emplace(path, ExpectedValue{.type = "secret"});
    } else if (!keys.empty()) {
      known->emplace(path, ExpectedValue{.type = "map"});
      Collect(path, known);
    } else {
      known->emplace(path, Classify(ErrorAbout(path, ParseWith(path, "{a: b}"))));
      Collect(path + "[]", known);
    }
  }
}

}  // namespace

std::map<KeyPath, ExpectedValue> KnownKeys() {
  std::map<KeyPath, ExpectedValue> known;
  Collect("", &known);
  return known;
}

absl::StatusOr<Config> ParseWith(const KeyPath& key, const std::string& value) {
  auto [place, name] = SplitLast(key);
  std::string text = MappingWith(place, name, value);
  while (!place.empty()) {
    const bool listed = absl::EndsWith(place, "[]");
    std::tie(place, name) = SplitLast(place);
    if (listed) text = absl::StrCat("[", text, "]");
    text = MappingWith(place, std::string(absl::StripSuffix(name, "[]")), text);
  }
  return ParseConfig(text, "t.yaml");
}

std::string ErrorAbout(const KeyPath& key, const absl::StatusOr<Config>& config) {
  const std::string start = absl::StrCat(": ", absl::StrReplaceAll(key, {{"[]", "[0]"}}), ": ");
  for (const absl::string_view line : absl::StrSplit(config.status().message(), '\n')) {
    const size_t at = line.find(start);
    if (at != absl::string_view::npos) return std::string(line.substr(at + start.size()));
  }
  return "";
}

std::string AnotherValue(const ExpectedValue& expected, const std::string& value) {
  if (expected.type == "boolean") return value == "true" ? "false" : "true";
  if (expected.type == "number") return absl::StrCat(std::stoull(value) + 1);
  if (expected.type == "duration") return "3h";
  if (expected.type == "size") return "3GiB";
  // An address stays one, and may be listened on.
  if (absl::StrContains(value, ":7654")) return absl::StrReplaceAll(value, {{":7654", ":1"}});
  if (expected.type != "choice") return absl::StrCat("\"a", value, "\"");
  for (const std::string& choice : expected.choices) {
    // It takes another key.
    if (choice == "dead_letter") return "dead_letter, dead_letter_topic: t";
    if (choice != value) return choice;
  }
  return value;
}

}  // namespace tidemark::service
