#include "tests/service/http/https_client.h"

#include "tests/support/process.h"

namespace tidemark::testing {

std::vector<std::string> HttpsCommand(const std::string& address, const std::string& path,
                                      const std::vector<std::string>& options) {
  std::vector<std::string> command = {"/usr/bin/python3", TIDEMARK_HTTPS_GET, address, path};
  command.insert(command.end(), options.begin(), options.end());
  return command;
}

std::string HttpsGet(const std::string& address, const std::string& path,
                     const std::vector<std::string>& options) {
  auto answer = RunProgram(HttpsCommand(address, path, options), absl::Seconds(60));
  return answer.ok() ? *answer : std::string(answer.status().message());
}

}  // namespace tidemark::testing
