#include "service/config.h"

#include <filesystem>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "service/access_config.h"
#include "service/kafka_config.h"
#include "service/publish_config.h"
#include "service/server_config.h"
#include "service/yaml_map.h"

namespace tidemark::service {
namespace {

constexpr ListenerWords kGrpcWords = {"grpc", "127.0.0.1:7654", "every row",
                                      "read every source and drive its snapshots"};
// Metrics without names of tables and without rows: what a network may see is for its operator.
constexpr ListenerWords kHttpWords = {"http", "127.0.0.1:9090", "metrics", ""};
constexpr uint64_t kReadersMost = 64;
constexpr uint64_t kChunkMsLeast = 10;
constexpr uint64_t kChunkMsMost = 60'000;

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
      : files_(std::filesystem::path(file).parent_path()),
        errors_(file),
        servers_(&files_, &errors_),
        access_(&files_, &errors_),
        kafka_(&files_, &errors_),
        publishing_(&files_, &errors_) {}

  absl::StatusOr<Config> Read(std::string_view text);

 private:
  void ReadTop(const YAML::Node& root);
  void ReadListen(const YamlMap& top);
  void ReadHttp(const YamlMap& top);
  void ReadLog(const YamlMap& top);
  void ReadRetention(const YamlMap& parent, storage::Retention* retention);
  void ReadSources(const YamlMap& top);
  void ReadSource(const YAML::Node& node, const std::string& path);
  void ReadSourceName(const YamlMap& map, SourceConfig* source);

  ConfigFiles files_;
  YamlErrors errors_;
  ServerConfigReader servers_;
  AccessConfigReader access_;
  KafkaConfigReader kafka_;
  PublishConfigReader publishing_;
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
  YamlMap top(root, "",
              {"listen", "data", "tls", "tokens", "insecure", "http", "log", "retention", "kafka",
               "sources"},
              &errors_);
  if (!root.IsMap()) return;
  ReadListen(top);
  access_.Read(top, IsLocalAddress(config_.listen), kGrpcWords, &config_.access,
               &config_.access_warnings);
  ReadHttp(top);
  top.Require("data", "the folder that holds the journal, such as /var/lib/tidemark");
  if (auto data = top.Scalar("data", "a folder")) config_.data = files_.Resolve(data->text);
  ReadLog(top);
  config_.kafka = kafka_.Read(top);
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
    return;
  }
  config_.listen = listen->text;
}

void ConfigReader::ReadHttp(const YamlMap& top) {
  static constexpr char kExpected[] = "an address with a port, such as 127.0.0.1:9090";
  std::optional<YAML::Node> node = top.Find("http");
  if (!node) return;
  YamlMap http(*node, "http", {"listen", "tls", "tokens", "insecure"}, &errors_);
  http.Require("listen", kExpected);
  std::optional<YamlScalar> listen = http.Scalar("listen", kExpected);
  if (!listen) return;
  std::string_view host;
  uint32_t port = 0;
  if (listen->text.starts_with("unix:") || !SplitListen(listen->text, &host, &port)) {
    http.Error("listen", absl::StrCat("expected ", kExpected, ", got \"", listen->text, "\""));
    return;
  }
  config_.http = HttpConfig{listen->text};
  access_.Read(http, IsLocalAddress(listen->text), kHttpWords, &config_.http->access,
               &config_.access_warnings);
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
  YamlMap map(node, path,
              {"name", "postgres", "mysql", "readers", "chunk_ms", "retention", "publish"},
              &errors_);
  if (!node.IsMap()) return;
  ReadSourceName(map, &source);
  servers_.Read(map, &source.server);
  Assign(&source.readers_max, map.Number("readers", 1, kReadersMost));
  Assign(&source.chunk_ms_target, map.Number("chunk_ms", kChunkMsLeast, kChunkMsMost));
  ReadRetention(map, &source.retention);
  source.publish = publishing_.Read(map, source.name, config_.kafka);
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
  absl::StatusOr<std::string> text = ReadConfigFile(file);
  if (!text.ok()) return text.status();
  return ParseConfig(*text, file);
}

}  // namespace tidemark::service
