#ifndef TIDEMARK_TESTS_SUPPORT_TCP_PROXY_H_
#define TIDEMARK_TESTS_SUPPORT_TCP_PROXY_H_

#include <atomic>
#include <list>
#include <memory>
#include <thread>

#include "absl/status/statusor.h"

namespace tidemark::testing {

// A port of 127.0.0.1 that leads each new connection to the port that was set last, as a proxy or a
// name of a service does. What is connected stays where it is.
//
//   ASSERT_OK_AND_ASSIGN(const auto proxy, TcpProxy::Start());
//   proxy->LeadTo(first->port());
//   ...
//   proxy->LeadTo(second->port());
//
// Thread-safe.
class TcpProxy {
 public:
  // Internal: there is no port.
  static absl::StatusOr<std::unique_ptr<TcpProxy>> Start();
  // Cuts all connections.
  ~TcpProxy();
  TcpProxy(const TcpProxy&) = delete;
  TcpProxy& operator=(const TcpProxy&) = delete;

  int port() const { return port_; }
  void LeadTo(int port) { target_ = port; }

 private:
  // Two sockets, and a thread for each way between them.
  struct Link {
    Link(int client_socket, int server_socket);
    ~Link();
    const int client;
    const int server;
    std::thread up;
    std::thread down;
  };

  TcpProxy(int listener, int port);
  void Accept();

  const int listener_;
  const int port_;
  std::atomic<int> target_ = 0;
  std::list<Link> links_;  // of the accepting thread
  std::thread accepting_;
};

}  // namespace tidemark::testing

#endif  // TIDEMARK_TESTS_SUPPORT_TCP_PROXY_H_
