#include "service/config.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "service/connection_text.h"
#include "service/yaml_map.h"

namespace tidemark::service {
namespace {

constexpr uint64_t kReadersMost = 64;
constexpr uint64_t kChunkMsLeast = 10;
constexpr uint64_t kChunkMsMost = 60'000;

template <typename T, typename U>
void Assign(T* target, const std::optional<U>& value) {
  if (value) *target = static_cast<T>(*value);
}

void Assign(std::string* target, const std::optional<YamlScalar>& value) {
  if (value) *target = value->text;
}

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream || std::filesystem::is_directory(path)) {
    int reason = stream ? EISDIR : errno;
    return absl::ErrnoToStatus(reason, absl::StrCat("cannot read ", path));
  }
  return std::string(std::istreambuf_iterator<char>(stream), {});
}

bool IsName(std::string_view text, size_t most, std::string_view others) {
  if (text.empty() || text.size() > most) return false;
  for (char c : text) {
    bool plain = absl::ascii_islower(c) || absl::ascii_isdigit(c);
    if (!plain && others.find(c) == std::string_view::npos) return false;
  }
  return true;
}

bool IsQualifiedTable(std::string_view text) {
  size_t dot = text.find('.');
  return dot != std::string_view::npos && dot > 0 && dot + 1 < text.size();
}

// Splits "host:port"; false if it has not that form.
bool SplitListen(std::string_view listen, std::string_view* host, uint32_t* port) {
  size_t colon = listen.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  *host = listen.substr(0, colon);
  bool bracketed = host->starts_with('[') && host->ends_with(']');
  if (!bracketed && host->find(':') != std::string_view::npos) return false;
  return absl::SimpleAtoi(std::string(listen.substr(colon + 1)), port) && *port <= 65535;
}

class ConfigReader {
 public:
  explicit ConfigReader(const std::string& file)
      : folder_(std::filesystem::path(file).parent_path()), errors_(file) {}

  absl::StatusOr<Config> Read(std::string_view text);

 private:
  void ReadTop(const YAML::Node& root);
  void ReadListen(const YamlMap& top);
  void ReadLog(const YamlMap& top);
  void ReadRetention(const YamlMap& parent, storage::Retention* retention);
  void ReadSources(const YamlMap& top);
  void ReadSource(const YAML::Node& node, const std::string& path);
  void ReadSourceName(const YamlMap& map, SourceConfig* source);
  void ReadPostgres(const YamlMap& parent, SourceConfig* source);
  void ReadConnection(const YamlMap& map, capture::postgres::PostgresOptions* options);
  void ReadPassword(const YamlMap& parent, std::string* password);
  void ReadPasswordFile(const YamlMap& map, std::string* password);
  void ReadPasswordVariable(const YamlMap& map, std::string* password);
  void ReadNames(const YamlMap& map, capture::postgres::PostgresOptions* options);
  void CheckSlotIsFree(const YamlMap& map, const capture::postgres::PostgresOptions& options);

  std::string Resolve(const std::string& path) const {
    return (folder_ / path).lexically_normal().string();
  }

  std::filesystem::path folder_;
  YamlErrors errors_;
  Config config_;
};

absl::StatusOr<Config> ConfigReader::Read(std::string_view text) {
  try {
    ReadTop(YAML::Load(std::string(text)));
  } catch (const YAML::Exception& error) {
    errors_.Add(error.mark, "", absl::StrCat("is no valid YAML: ", error.msg));
  }
  if (!errors_.empty()) return absl::InvalidArgumentError(errors_.Text());
  return std::move(config_);
}

void ConfigReader::ReadTop(const YAML::Node& root) {
  YamlMap top(root, "", {"listen", "data", "log", "retention", "sources"}, &errors_);
  if (!root.IsMap()) return;
  ReadListen(top);
  top.Require("data", "the folder that holds the journal, such as /var/lib/tidemark");
  if (auto data = top.Scalar("data", "a folder")) config_.data = Resolve(data->text);
  ReadLog(top);
  ReadSources(top);
}

void ConfigReader::ReadListen(const YamlMap& top) {
  static constexpr char kExpected[] = "an address with a port, such as 127.0.0.1:7654";
  std::optional<YamlScalar> listen = top.Scalar("listen", kExpected);
  if (!listen) return;
  std::string_view host;
  uint32_t port = 0;
  if (!listen->text.starts_with("unix:") && !SplitListen(listen->text, &host, &port)) {
    top.Error("listen", absl::StrCat("expected ", kExpected, ", got \"", listen->text, "\""));
  } else if (!IsLocalAddress(listen->text)) {
    top.Error("listen",
              absl::StrCat("other machines can reach ", listen->text,
                           ", which takes TLS, and this version has none; expected a loopback "
                           "address such as 127.0.0.1:7654 (put a TLS proxy in front for others)"));
  }
  config_.listen = listen->text;
}

void ConfigReader::ReadLog(const YamlMap& top) {
  std::optional<YAML::Node> node = top.Find("log");
  if (!node) return;
  YamlMap log(*node, "log", {"level", "format"}, &errors_);
  Assign(&config_.log_level, log.Choice("level", {"debug", "info", "warning", "error"}));
  Assign(&config_.log_format, log.Choice("format", {"text", "json"}));
}

void ConfigReader::ReadRetention(const YamlMap& parent, storage::Retention* retention) {
  std::optional<YAML::Node> node = parent.Find("retention");
  if (!node) return;
  YamlMap map(*node, parent.Path("retention"), {"age", "size"}, &errors_);
  if (auto age_ms = map.DurationMs("age")) retention->age_s_max = (*age_ms + 999) / 1000;
  Assign(&retention->bytes_max, map.Bytes("size"));
}

void ConfigReader::ReadSources(const YamlMap& top) {
  top.Require("sources", "a list with at least one source");
  std::optional<YAML::Node> list = top.Find("sources");
  if (!list) return;
  if (!list->IsSequence() || list->size() == 0) {
    top.Error("sources", "expected a list with at least one source");
    return;
  }
  storage::Retention shared{.age_s_max = 7 * 86'400, .bytes_max = 0};
  ReadRetention(top, &shared);
  for (size_t i = 0; i < list->size(); ++i) {
    config_.sources.emplace_back().retention = shared;
    ReadSource((*list)[i], absl::StrCat("sources[", i, "]"));
  }
}

void ConfigReader::ReadSource(const YAML::Node& node, const std::string& path) {
  SourceConfig& source = config_.sources.back();
  YamlMap map(node, path, {"name", "postgres", "readers", "chunk_ms", "retention"}, &errors_);
  if (!node.IsMap()) return;
  ReadSourceName(map, &source);
  ReadPostgres(map, &source);
  Assign(&source.readers_max, map.Number("readers", 1, kReadersMost));
  Assign(&source.chunk_ms_target, map.Number("chunk_ms", kChunkMsLeast, kChunkMsMost));
  ReadRetention(map, &source.retention);
}

void ConfigReader::ReadSourceName(const YamlMap& map, SourceConfig* source) {
  static constexpr char kExpected[] = "1 to 40 characters of a-z, 0-9, _ and -";
  map.Require("name", kExpected);
  std::optional<YamlScalar> name = map.Scalar("name", kExpected);
  if (!name) return;
  if (!IsName(name->text, 40, "_-")) {
    map.Error("name", absl::StrCat("expected ", kExpected, ", got \"", name->text, "\""));
  }
  for (const SourceConfig& other : config_.sources) {
    if (other.name != name->text) continue;
    map.Error("name", absl::StrCat("another source has the name \"", name->text,
                                   "\" already; expected a name of its own"));
  }
  source->name = name->text;
}

void ConfigReader::ReadPostgres(const YamlMap& parent, SourceConfig* source) {
  parent.Require("postgres", "how to reach the server: connection, password, slot, publication");
  std::optional<YAML::Node> node = parent.Find("postgres");
  if (!node) return;
  capture::postgres::PostgresOptions& options = source->postgres;
  YamlMap map(*node, parent.Path("postgres"),
              {"connection", "password", "slot", "publication", "tables", "create_publication",
               "create_slot", "allow_standby"},
              &errors_);
  if (!node->IsMap()) return;
  ReadConnection(map, &options);
  ReadPassword(map, &options.password);
  ReadNames(map, &options);
  Assign(&options.create_publication, map.Boolean("create_publication"));
  Assign(&options.create_slot, map.Boolean("create_slot"));
  Assign(&options.allow_standby, map.Boolean("allow_standby"));
  CheckSlotIsFree(map, options);
}

void ConfigReader::ReadConnection(const YamlMap& map, capture::postgres::PostgresOptions* options) {
  static constexpr char kExpected[] = "\"host=... dbname=... user=...\" or a postgresql:// URI";
  map.Require("connection", kExpected);
  std::optional<YamlScalar> connection = map.Scalar("connection", kExpected);
  if (!connection) return;
  if (HoldsPassword(connection->text)) {
    map.Error("connection",
              "holds a password; expected none: take it out and say where it is with "
              "password: {file: /run/secrets/...} or password: {env: NAME}");
    return;
  }
  options->connection = connection->text;
}

void ConfigReader::ReadPassword(const YamlMap& parent, std::string* password) {
  std::optional<YAML::Node> node = parent.Find("password");
  if (!node) return;
  std::string path = parent.Path("password");
  if (!node->IsMap()) {
    errors_.Add(node->Mark(), path,
                "expected {file: PATH} or {env: NAME}; a password itself never stands in this "
                "file");
    return;
  }
  YamlMap map(*node, path, {"file", "env"}, &errors_);
  if (map.Has("file") == map.Has("env")) {
    errors_.Add(node->Mark(), path, "expected either {file: PATH} or {env: NAME}");
    return;
  }
  ReadPasswordFile(map, password);
  ReadPasswordVariable(map, password);
}

void ConfigReader::ReadPasswordFile(const YamlMap& map, std::string* password) {
  std::optional<YamlScalar> file = map.Scalar("file", "the path of a file");
  if (!file) return;
  absl::StatusOr<std::string> content = ReadFile(Resolve(file->text));
  if (!content.ok()) {
    map.Error("file", absl::StrCat("expected a readable file with the password: ",
                                   content.status().message()));
    return;
  }
  std::string_view secret = *content;
  if (secret.ends_with('\n')) secret.remove_suffix(1);
  if (secret.ends_with('\r')) secret.remove_suffix(1);
  if (secret.empty()) map.Error("file", "expected a file with the password, this one is empty");
  *password = secret;
}

void ConfigReader::ReadPasswordVariable(const YamlMap& map, std::string* password) {
  std::optional<YamlScalar> name = map.Scalar("env", "the name of an environment variable");
  if (!name) return;
  const char* value = std::getenv(name->text.c_str());
  if (value == nullptr || *value == '\0') {
    map.Error("env", absl::StrCat("expected the environment variable ", name->text,
                                  " to hold the password; it is not set"));
    return;
  }
  *password = value;
}

void ConfigReader::ReadNames(const YamlMap& map, capture::postgres::PostgresOptions* options) {
  static constexpr char kSlot[] = "1 to 63 characters of a-z, 0-9 and _";
  static constexpr char kPublication[] = "a name of 1 to 63 bytes";
  std::optional<YamlScalar> slot = map.Scalar("slot", kSlot);
  if (slot && !IsName(slot->text, 63, "_")) {
    map.Error("slot", absl::StrCat("expected ", kSlot, ", got \"", slot->text, "\""));
  }
  Assign(&options->slot, slot);
  std::optional<YamlScalar> publication = map.Scalar("publication", kPublication);
  if (publication && publication->text.size() > 63) {
    map.Error("publication", absl::StrCat("expected ", kPublication));
  }
  Assign(&options->publication, publication);
  for (const YamlScalar& table : map.Strings("tables", "table names with their schema")) {
    if (!IsQualifiedTable(table.text)) {
      errors_.Add(table.mark, map.Path("tables"),
                  absl::StrCat("expected a table with its schema, such as public.", table.text,
                               ", got \"", table.text, "\""));
    }
    options->tables.push_back(table.text);
  }
}

void ConfigReader::CheckSlotIsFree(const YamlMap& map,
                                   const capture::postgres::PostgresOptions& options) {
  for (const SourceConfig& other : config_.sources) {
    bool same = &other.postgres != &options && other.postgres.slot == options.slot &&
                other.postgres.connection == options.connection;
    if (!same || options.connection.empty()) continue;
    map.Error("slot", absl::StrCat("source \"", other.name, "\" uses the slot \"", options.slot,
                                   "\" of this server already; expected a slot of its own"));
  }
}

}  // namespace

bool IsLocalAddress(std::string_view listen) {
  if (listen.starts_with("unix:")) return true;
  std::string_view host;
  uint32_t port = 0;
  if (!SplitListen(listen, &host, &port)) return false;
  if (host == "localhost" || host == "[::1]") return true;
  return host.starts_with("127.") &&
         host.find_first_not_of("0123456789.") == std::string_view::npos;
}

absl::StatusOr<Config> ParseConfig(std::string_view text, const std::string& file) {
  return ConfigReader(file).Read(text);
}

absl::StatusOr<Config> LoadConfig(const std::string& file) {
  absl::StatusOr<std::string> text = ReadFile(file);
  if (!text.ok()) return text.status();
  return ParseConfig(*text, file);
}

}  // namespace tidemark::service
