#ifndef TIDEMARK_SERVICE_LOG_LOOP_H_
#define TIDEMARK_SERVICE_LOG_LOOP_H_

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>

#include "capture/source.h"
#include "service/inbox.h"
#include "service/turn.h"

namespace tidemark::service {

// The log thread: reads a source's log into the inbox, and keeps the connection alive while the
// inbox is full. After a fault it waits until everything received is durable and starts again from
// there, with backoff; where an operator must act it says so and tries again now and then.
class LogLoop {
 public:
  // `changed`: the connection came up (OK) or went down, with the reason. `resume` runs on the
  // merge thread's side and returns where the log goes on after what is durable; it waits for what
  // is in the inbox.
  LogLoop(capture::Source* source, capture::SchemaRegistry* registry, Inbox* inbox,
          size_t batch_bytes, std::function<absl::StatusOr<capture::LogResume>()> resume,
          std::function<void(const absl::Status&)> changed);

  // Until `stop`. The connection stays open for a last acknowledgement: see Finish.
  void Run(std::stop_token stop);

  // Any thread.
  void Acknowledge(const model::Position& durable);
  void RequestFrontier(const model::Position& position);
  // The server's newest position as far as known; 0: not connected.
  model::Position ServerPosition() const;
  // Of the newest session that knew it.
  capture::LogRetention Retention() const;
  // Rests while there is no session.
  const Turn& turn() const { return turn_; }

  // Any thread. Closes the connection and opens it again.
  void Reconnect() { reconnect_ = true; }

  // Any thread. The log is read no more: Run ends soon, and then the connection is closed, so that
  // another service may have the slot.
  void GiveUp() { given_up_ = true; }

  // After Run has returned: sends the last acknowledgement and closes the connection.
  void Finish();

 private:
  absl::Status Session(std::stop_token stop);
  absl::Status Deliver(capture::LogBatch batch, capture::LogReader& reader, std::stop_token stop);
  void SetReader(std::shared_ptr<capture::LogReader> reader);
  std::shared_ptr<capture::LogReader> reader() const;

  capture::Source* const source_;
  capture::SchemaRegistry* const registry_;
  Inbox* const inbox_;
  const size_t batch_bytes_;
  const std::function<absl::StatusOr<capture::LogResume>()> resume_;
  const std::function<void(const absl::Status&)> changed_;
  std::atomic<bool> reconnect_ = false;
  std::atomic<bool> given_up_ = false;
  mutable std::mutex mutex_;
  std::shared_ptr<capture::LogReader> reader_;
  capture::LogRetention last_retention_;
  Turn turn_;
};

}  // namespace tidemark::service

#endif  // TIDEMARK_SERVICE_LOG_LOOP_H_
