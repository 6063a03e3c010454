#include "service/server_config.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "service/connection_text.h"
#include "service/yaml_map.h"

namespace tidemark::service {
namespace {

using capture::mysql::MysqlOptions;
using capture::postgres::PostgresOptions;

// One that differs by the name of the source, with room for those that follow, and high enough for
// nobody to have given it to a replica by hand (FNV-1a).
uint32_t DefaultServerId(std::string_view source) {
  uint32_t hash = 2166136261;
  for (char c : source) hash = (hash ^ static_cast<uint8_t>(c)) * 16777619;
  constexpr uint32_t kTaken = capture::mysql::kServerIdsTaken;
  return 1'000'000'000 + hash % 1'000'000'000 / kTaken * kTaken;
}

}  // namespace

std::string_view ServerKind(const ServerConfig& config) {
  return std::holds_alternative<PostgresOptions>(config) ? "postgres" : "mysql";
}

std::unique_ptr<capture::Source> MakeSource(const ServerConfig& config) {
  if (const auto* postgres = std::get_if<PostgresOptions>(&config)) {
    return capture::postgres::MakePostgresSource(*postgres);
  }
  return capture::mysql::MakeMysqlSource(std::get<MysqlOptions>(config));
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

void ServerConfigReader::Read(const YamlMap& source, ServerConfig* config) {
  const std::optional<YamlScalar> name = source.Scalar("name", "a name");
  if (source.Has("postgres") == source.Has("mysql")) {
    source.Error(
        "postgres",
        "expected either postgres: or mysql: (which is for MariaDB too), with how to reach "
        "the server");
    return;
  }
  const char* kind = source.Has("postgres") ? "postgres" : "mysql";
  const YAML::Node node = *source.Find(kind);
  if (source.Has("postgres")) {
    YamlMap map(node, source.Path(kind),
                {"connection", "password", "slot", "publication", "tables", "create_publication",
                 "create_slot", "allow_standby"},
                errors_);
    PostgresOptions& options = config->emplace<PostgresOptions>();
    if (!node.IsMap()) return;
    ReadPostgres(map, &options);
    CheckSlotIsFree(name ? name->text : "", map, options);
  } else {
    YamlMap map(node, source.Path(kind),
                {"host", "port", "socket", "user", "password", "tls", "server_id", "tables",
                 "unlogged_changes", "watermark_table"},
                errors_);
    MysqlOptions& options = config->emplace<MysqlOptions>();
    if (!node.IsMap()) return;
    options.server_id = DefaultServerId(name ? name->text : "");
    ReadMysql(map, &options);
    CheckServerIdIsFree(name ? name->text : "", map, options);
  }
}

void ServerConfigReader::ReadPostgres(const YamlMap& map, PostgresOptions* options) {
  ReadConnection(map, options);
  secrets_.Read(map, "password", "password", &options->password);
  ReadNames(map, options);
  ReadTables(map, "public.orders", &options->tables);
  Assign(&options->create_publication, map.Boolean("create_publication"));
  Assign(&options->create_slot, map.Boolean("create_slot"));
  Assign(&options->allow_standby, map.Boolean("allow_standby"));
}

void ServerConfigReader::ReadConnection(const YamlMap& map, PostgresOptions* options) {
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

void ServerConfigReader::ReadNames(const YamlMap& map, PostgresOptions* options) {
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
}

void ServerConfigReader::ReadTables(const YamlMap& map, std::string_view example,
                                    std::vector<std::string>* tables) {
  for (const YamlScalar& table : map.Strings("tables", "a list of qualified table names")) {
    if (!IsQualifiedTable(table.text)) {
      errors_->Add(table.mark, map.Path("tables"),
                   absl::StrCat("expected a qualified table, such as ", std::string(example),
                                ", got \"", table.text, "\""));
    }
    tables->push_back(table.text);
  }
}

void ServerConfigReader::CheckSlotIsFree(const std::string& name, const YamlMap& map,
                                         const PostgresOptions& options) {
  for (const auto& [other_name, other] : known_) {
    const auto* known = std::get_if<PostgresOptions>(&other);
    if (known == nullptr || options.connection.empty() || known->slot != options.slot ||
        known->connection != options.connection) {
      continue;
    }
    map.Error("slot", absl::StrCat("source \"", other_name, "\" uses the slot \"", options.slot,
                                   "\" of this server already; expected a slot of its own"));
  }
  known_.emplace_back(name, options);
}

void ServerConfigReader::ReadMysql(const YamlMap& map, MysqlOptions* options) {
  static constexpr char kUser[] = "the name of a user";
  ReadAddress(map, &options->connection);
  map.Require("user", kUser);
  Assign(&options->connection.user, map.Scalar("user", kUser));
  secrets_.Read(map, "password", "password", &options->connection.password);
  ReadTls(map, &options->connection.tls);
  Assign(&options->server_id,
         map.Number("server_id", 1, UINT32_MAX - (capture::mysql::kServerIdsTaken - 1)));
  ReadTables(map, "shop.orders or shop.*", &options->tables);
  if (auto choice = map.Choice("unlogged_changes", {"stop", "continue"})) {
    options->continue_at_unlogged_changes = *choice == 1;
  }
  ReadWatermarkTable(map, &options->watermark_table);
}

void ServerConfigReader::ReadWatermarkTable(const YamlMap& map,
                                            capture::mysql::WatermarkTable* table) {
  static constexpr char kExpected[] = "database.table, such as tidemark.watermark";
  std::optional<YamlScalar> scalar = map.Scalar("watermark_table", kExpected);
  if (!scalar) return;
  const size_t dot = scalar->text.find('.');
  if (dot == 0 || dot == std::string::npos || dot + 1 == scalar->text.size()) {
    map.Error("watermark_table", absl::StrCat("expected ", kExpected));
    return;
  }
  table->database = scalar->text.substr(0, dot);
  table->name = scalar->text.substr(dot + 1);
}

void ServerConfigReader::ReadAddress(const YamlMap& map,
                                     capture::mysql::ConnectionOptions* options) {
  if (map.Has("host") == map.Has("socket")) {
    map.Error("host", "expected either host or socket");
  }
  Assign(&options->host, map.Scalar("host", "the name or address of the server"));
  Assign(&options->port, map.Number("port", 1, UINT16_MAX));
  Assign(&options->socket, map.Scalar("socket", "the path of the server's socket"));
}

void ServerConfigReader::ReadTls(const YamlMap& parent,
                                 capture::mysql::ConnectionOptions::Tls* tls) {
  using Mode = capture::mysql::ConnectionOptions::Tls::Mode;
  static constexpr Mode kModes[] = {Mode::kPreferred, Mode::kDisabled, Mode::kRequired,
                                    Mode::kVerifyCa, Mode::kVerifyIdentity};
  std::optional<YAML::Node> node = parent.Find("tls");
  if (!node) return;
  YamlMap map(*node, parent.Path("tls"), {"mode", "ca", "cert", "key"}, errors_);
  if (auto choice = map.Choice(
          "mode", {"preferred", "disabled", "required", "verify_ca", "verify_identity"})) {
    tls->mode = kModes[*choice];
  }
  auto file = [&](std::string_view key, std::string* path) {
    if (auto scalar = map.Scalar(key, "the path of a PEM file")) {
      *path = files_->Resolve(scalar->text);
    }
  };
  file("ca", &tls->ca);
  file("cert", &tls->cert);
  file("key", &tls->key);
}

void ServerConfigReader::CheckServerIdIsFree(const std::string& name, const YamlMap& map,
                                             const MysqlOptions& options) {
  for (const auto& [other_name, other] : known_) {
    const auto* known = std::get_if<MysqlOptions>(&other);
    if (known == nullptr) continue;
    const uint32_t a = known->server_id, b = options.server_id;
    constexpr uint32_t kTaken = capture::mysql::kServerIdsTaken;
    if (std::max(a, b) - std::min(a, b) >= kTaken) continue;
    map.Error("server_id",
              absl::StrCat("source \"", other_name, "\" has server_id ", a, " and uses ", a, " to ",
                           a + kTaken - 1, "; expected one that is at least ", kTaken, " away"));
  }
  known_.emplace_back(name, options);
}

}  // namespace tidemark::service
