#ifndef TIDEMARK_TESTS_SERVICE_HTTP_HTTP_CLIENT_H_
#define TIDEMARK_TESTS_SERVICE_HTTP_HTTP_CLIENT_H_

#include <string>

namespace tidemark::testing {

// A TCP connection to 127.0.0.1. Reads give up after ten seconds.
class TcpClient {
 public:
  // `address`: "127.0.0.1:9090".
  explicit TcpClient(const std::string& address);
  ~TcpClient();
  TcpClient(const TcpClient&) = delete;
  TcpClient& operator=(const TcpClient&) = delete;

  // False: nobody took the connection.
  bool connected() const { return socket_ >= 0; }
  void Send(const std::string& bytes);
  // What comes until the other side closes, or until `end` has come.
  std::string ReadTo(const std::string& end = "");

 private:
  int socket_ = -1;
};

struct HttpResult {
  // 0: no answer.
  int status = 0;
  std::string headers;
  std::string body;
};

HttpResult HttpGet(const std::string& address, const std::string& path,
                   const std::string& method = "GET");

}  // namespace tidemark::testing

#endif  // TIDEMARK_TESTS_SERVICE_HTTP_HTTP_CLIENT_H_
