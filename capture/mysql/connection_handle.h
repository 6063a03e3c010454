#ifndef TIDEMARK_CAPTURE_MYSQL_CONNECTION_HANDLE_H_
#define TIDEMARK_CAPTURE_MYSQL_CONNECTION_HANDLE_H_

// Private to the room: what a Connection holds.

#include <chrono>
#include <memory>
#include <stop_token>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "capture/mysql/client_library.h"
#include "capture/mysql/connection.h"
#include "capture/mysql/socket_guard.h"

namespace tidemark::capture::mysql {

// Connects and logs in, in a thread of its own, which is left to itself if the limits pass first:
// the libraries can wait for name service, network and greeting, and cannot be stopped there.
absl::StatusOr<MysqlPtr> ConnectLibrary(const ConnectionOptions& options, const WaitLimits& limits);

// "10.0.0.7:3306" or a socket's path.
std::string AddressOf(const ConnectionOptions& options);

struct Connection::Handle {
  Handle(MysqlPtr connected, std::stop_token stop);
  ~Handle();

  // Runs `call`, which blocks in the library and returns whether it succeeded, within the limits.
  absl::Status Run(absl::string_view action, const WaitLimits& limits,
                   absl::FunctionRef<bool()> call);
  // What the library reports as its last error.
  absl::Status LastError(absl::string_view action);
  // Ends the connection: whatever the server still sends is not read.
  void Break();

  MysqlPtr mysql;
  SocketGuard guard;
  const std::stop_token owner_stop;
  bool broken = false;

  std::string address;
  std::string user;
  std::string account;
  Flavour flavour = Flavour::kMySql;
  uint32_t version = 0;
  std::string version_text;
};

}  // namespace tidemark::capture::mysql

#endif  // TIDEMARK_CAPTURE_MYSQL_CONNECTION_HANDLE_H_
