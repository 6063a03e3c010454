#ifndef TIDEMARK_CAPTURE_MYSQL_SOCKET_GUARD_H_
#define TIDEMARK_CAPTURE_MYSQL_SOCKET_GUARD_H_

#include <atomic>
#include <chrono>
#include <stop_token>

namespace tidemark::capture::mysql {

// Bounds calls that block on a socket, which both client libraries make: when the deadline passes
// or a stop token is triggered, the socket is shut down, and the call fails at once. That holds
// whatever the call does (TLS, a packet half read, a server that is frozen), and ends the
// connection. One thread of the process watches all sockets, every few milliseconds while some call
// is armed.
//
//   guard.Arm(deadline, call, owner);
//   mysql_real_query(...);
//   guard.Disarm();
//   if (guard.fired()) ...
//
// One thread owns it.
class SocketGuard {
 public:
  using Clock = std::chrono::steady_clock;

  // `socket` must stay open as long as this lives.
  explicit SocketGuard(int socket);
  ~SocketGuard();
  SocketGuard(const SocketGuard&) = delete;
  SocketGuard& operator=(const SocketGuard&) = delete;

  // Either token ends the call.
  void Arm(Clock::time_point deadline, std::stop_token call, std::stop_token owner);
  // Afterwards the socket is left alone.
  void Disarm();
  // The socket was shut down here.
  bool fired() const { return fired_.load(); }
  // Shuts it down now. From any thread.
  void Shutdown();

 private:
  friend class SocketWatcher;

  const int socket_;
  std::atomic<bool> fired_ = false;
  bool armed_ = false;  // written by the owner only
  // Guarded by the watcher's mutex.
  Clock::time_point deadline_;
  std::stop_token call_;
  std::stop_token owner_;
};

}  // namespace tidemark::capture::mysql

#endif  // TIDEMARK_CAPTURE_MYSQL_SOCKET_GUARD_H_
