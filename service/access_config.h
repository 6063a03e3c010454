#ifndef TIDEMARK_SERVICE_ACCESS_CONFIG_H_
#define TIDEMARK_SERVICE_ACCESS_CONFIG_H_

#include <string>
#include <vector>

#include "service/config_files.h"
#include "service/tls/access.h"
#include "service/yaml_map.h"

namespace tidemark::service {

// Reads who may connect and call: `tls:`, `tokens:` and `insecure:`. Private to the configuration.
class AccessConfigReader {
 public:
  // Both must outlive it.
  AccessConfigReader(const ConfigFiles* files, YamlErrors* errors)
      : files_(files), errors_(errors) {}

  // `is_local`: no other machine reaches the address that is listened on. Files that are named are
  // examined.
  void Read(const YamlMap& top, bool is_local, AccessOptions* options,
            std::vector<std::string>* warnings);

 private:
  void ReadTls(const YamlMap& top, AccessOptions* options, std::vector<std::string>* warnings);
  void ReadTokens(const YamlMap& top, AccessOptions* options, std::vector<std::string>* warnings);
  static void CheckReach(const YamlMap& top, bool insecure, const AccessOptions& options);
  static void Report(const YamlMap& map, const std::vector<FileProblem>& problems,
                     std::vector<std::string>* warnings);

  const ConfigFiles* const files_;
  YamlErrors* const errors_;
};

}  // namespace tidemark::service

#endif  // TIDEMARK_SERVICE_ACCESS_CONFIG_H_
