#ifndef TIDEMARK_SERVICE_ACCESS_CONFIG_H_
#define TIDEMARK_SERVICE_ACCESS_CONFIG_H_

#include <string>
#include <vector>

#include "service/config_files.h"
#include "service/tls/access.h"
#include "service/yaml_map.h"

namespace tidemark::service {

// What is listened on, in the words of its messages.
struct ListenerWords {
  // "grpc": in the log.
  const char* name;
  // "127.0.0.1:7654"
  const char* loopback;
  // What whoever reaches it without TLS sees: "every row".
  const char* shows;
  // What whoever is not asked for a certificate or a token may do; "": nothing to warn of.
  const char* open_to_all;
};

// Reads who may connect and call: `tls:`, `tokens:` and `insecure:`. Private to the configuration.
class AccessConfigReader {
 public:
  // Both must outlive it.
  AccessConfigReader(const ConfigFiles* files, YamlErrors* errors)
      : files_(files), errors_(errors) {}

  // `map`: where `listen` stands too. `is_local`: no other machine reaches that address. Files that
  // are named are examined.
  void Read(const YamlMap& map, bool is_local, const ListenerWords& words, AccessOptions* options,
            std::vector<std::string>* warnings);

 private:
  void ReadTls(const YamlMap& parent, AccessOptions* options, std::vector<std::string>* warnings);
  void ReadTokens(const YamlMap& parent, AccessOptions* options,
                  std::vector<std::string>* warnings);
  static void Report(const YamlMap& map, const std::vector<FileProblem>& problems,
                     std::vector<std::string>* warnings);

  const ConfigFiles* const files_;
  YamlErrors* const errors_;
};

}  // namespace tidemark::service

#endif  // TIDEMARK_SERVICE_ACCESS_CONFIG_H_
