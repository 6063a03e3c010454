#include "tests/support/free_port.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <random>

namespace tidemark::testing {
namespace {

constexpr unsigned kFirst = 12000;
constexpr unsigned kCount = 20000;

bool IsFree(unsigned port) {
  const int handle = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool free = bind(handle, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
  close(handle);
  return free;
}

}  // namespace

int FreePort() {
  static std::atomic<unsigned> next{std::random_device{}()};
  for (;;) {
    const unsigned port = kFirst + next.fetch_add(1) % kCount;
    if (IsFree(port)) return static_cast<int>(port);
  }
}

}  // namespace tidemark::testing
