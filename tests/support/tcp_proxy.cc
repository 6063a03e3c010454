#include "tests/support/tcp_proxy.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

namespace tidemark::testing {
namespace {

sockaddr_in Loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

int NewSocket() { return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0); }

// 0: it has none.
int PortOf(int handle) {
  sockaddr_in address{};
  socklen_t size = sizeof(address);
  if (getsockname(handle, reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
  return ntohs(address.sin_port);
}

// -1: nobody listens there.
int Connect(int port) {
  const int handle = NewSocket();
  const sockaddr_in address = Loopback(port);
  if (connect(handle, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) {
    return handle;
  }
  close(handle);
  return -1;
}

bool SendAll(int to, const char* bytes, ssize_t size) {
  while (size > 0) {
    const ssize_t sent = send(to, bytes, static_cast<size_t>(size), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes += sent;
    size -= sent;
  }
  return true;
}

// Until one of them ends, which ends the other.
void Pump(int from, int to) {
  std::array<char, 64 << 10> buffer;
  ssize_t size = 0;
  do {
    size = recv(from, buffer.data(), buffer.size(), 0);
  } while (size > 0 && SendAll(to, buffer.data(), size));
  shutdown(from, SHUT_RDWR);
  shutdown(to, SHUT_RDWR);
}

}  // namespace

TcpProxy::Link::Link(int client_socket, int server_socket)
    : client(client_socket),
      server(server_socket),
      up([this] { Pump(client, server); }),
      down([this] { Pump(server, client); }) {}

TcpProxy::Link::~Link() {
  shutdown(client, SHUT_RDWR);
  shutdown(server, SHUT_RDWR);
  up.join();
  down.join();
  close(client);
  close(server);
}

absl::StatusOr<std::unique_ptr<TcpProxy>> TcpProxy::Start() {
  const int listener = NewSocket();
  const sockaddr_in any = Loopback(0);
  constexpr int kBacklog = 64;
  if (bind(listener, reinterpret_cast<const sockaddr*>(&any), sizeof(any)) != 0 ||
      listen(listener, kBacklog) != 0) {
    close(listener);
    return absl::InternalError("no port to listen on");
  }
  return std::unique_ptr<TcpProxy>(new TcpProxy(listener, PortOf(listener)));
}

TcpProxy::TcpProxy(int listener, int port)
    : listener_(listener), port_(port), accepting_([this] { Accept(); }) {}

TcpProxy::~TcpProxy() {
  shutdown(listener_, SHUT_RDWR);
  accepting_.join();
  close(listener_);
}

void TcpProxy::Accept() {
  for (;;) {
    const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) return;
    const int server = Connect(target_);
    if (server < 0) {
      close(client);
    } else {
      links_.emplace_back(client, server);
    }
  }
}

}  // namespace tidemark::testing
