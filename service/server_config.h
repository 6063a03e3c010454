#ifndef TIDEMARK_SERVICE_SERVER_CONFIG_H_
#define TIDEMARK_SERVICE_SERVER_CONFIG_H_

#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "capture/mysql/mysql_source.h"
#include "capture/postgres/postgres_source.h"
#include "capture/source.h"
#include "service/config_files.h"

namespace tidemark::service {

class YamlErrors;
class YamlMap;

// How to reach the server of a source.
using ServerConfig = std::variant<capture::postgres::PostgresOptions, capture::mysql::MysqlOptions>;

// "postgres" or "mysql", as the configuration has it.
std::string_view ServerKind(const ServerConfig& config);

// The driver.
std::unique_ptr<capture::Source> MakeSource(const ServerConfig& config);

// "public.orders": a name with its schema or database.
bool IsQualifiedTable(std::string_view text);
// 1 to `most` of a-z, 0-9 and `others`.
bool IsName(std::string_view text, size_t most, std::string_view others);

// Reads the `postgres:` or `mysql:` map of each source. Private to the configuration.
class ServerConfigReader {
 public:
  // Both must outlive it.
  ServerConfigReader(const ConfigFiles* files, YamlErrors* errors)
      : files_(files), errors_(errors), secrets_(files, errors) {}

  // `source`: the source's map, with `name`.
  void Read(const YamlMap& source, ServerConfig* config);

 private:
  using PostgresOptions = capture::postgres::PostgresOptions;
  using MysqlOptions = capture::mysql::MysqlOptions;

  void ReadPostgres(const YamlMap& map, PostgresOptions* options);
  void ReadConnection(const YamlMap& map, PostgresOptions* options);
  void ReadNames(const YamlMap& map, PostgresOptions* options);
  void CheckSlotIsFree(const std::string& name, const YamlMap& map, const PostgresOptions& options);
  void ReadMysql(const YamlMap& map, MysqlOptions* options);
  void ReadWatermarkTable(const YamlMap& map, capture::mysql::WatermarkTable* table);
  void ReadAddress(const YamlMap& map, capture::mysql::ConnectionOptions* options);
  void ReadTls(const YamlMap& parent, capture::mysql::ConnectionOptions::Tls* tls);
  void CheckServerIdIsFree(const std::string& name, const YamlMap& map,
                           const MysqlOptions& options);
  void ReadTables(const YamlMap& map, std::string_view example, std::vector<std::string>* tables);

  const ConfigFiles* files_;
  YamlErrors* errors_;
  SecretReader secrets_;
  // What was read, with the names of the sources.
  std::vector<std::pair<std::string, ServerConfig>> known_;
};

}  // namespace tidemark::service

#endif  // TIDEMARK_SERVICE_SERVER_CONFIG_H_
