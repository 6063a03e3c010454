#include "tests/service/http/http_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstdlib>

namespace tidemark::testing {

TcpClient::TcpClient(const std::string& address) {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<uint16_t>(std::atoi(address.c_str() + address.rfind(':') + 1)));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socket_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  timeval wait{.tv_sec = 10, .tv_usec = 0};
  setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
  if (connect(socket_, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0) return;
  close(socket_);
  socket_ = -1;
}

TcpClient::~TcpClient() {
  if (socket_ >= 0) close(socket_);
}

void TcpClient::Send(const std::string& bytes) {
  (void)!send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
}

std::string TcpClient::ReadTo(const std::string& end) {
  std::string got;
  char buffer[4096];
  while (end.empty() || got.find(end) == std::string::npos) {
    const ssize_t size = recv(socket_, buffer, sizeof buffer, 0);
    if (size <= 0) break;
    got.append(buffer, static_cast<size_t>(size));
  }
  return got;
}

HttpResult HttpGet(const std::string& address, const std::string& path, const std::string& method) {
  TcpClient client(address);
  if (!client.connected()) return {};
  client.Send(method + " " + path + " HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
  const std::string answer = client.ReadTo();
  const size_t headers_end = answer.find("\r\n\r\n");
  if (headers_end == std::string::npos) return {};
  return {std::atoi(answer.c_str() + answer.find(' ') + 1), answer.substr(0, headers_end),
          answer.substr(headers_end + 4)};
}

}  // namespace tidemark::testing
