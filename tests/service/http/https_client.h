#ifndef TIDEMARK_TESTS_SERVICE_HTTP_HTTPS_CLIENT_H_
#define TIDEMARK_TESTS_SERVICE_HTTP_HTTPS_CLIENT_H_

#include <string>
#include <vector>

namespace tidemark::testing {

// The command of https_get.py, which says what the arguments are.
std::vector<std::string> HttpsCommand(const std::string& address, const std::string& path,
                                      const std::vector<std::string>& options);

// What it prints: "200 NAME-OF-THE-SERVER", then the body; or why there is no answer.
std::string HttpsGet(const std::string& address, const std::string& path,
                     const std::vector<std::string>& options);

}  // namespace tidemark::testing

#endif  // TIDEMARK_TESTS_SERVICE_HTTP_HTTPS_CLIENT_H_
