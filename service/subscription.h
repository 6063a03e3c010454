#ifndef TIDEMARK_SERVICE_SUBSCRIPTION_H_
#define TIDEMARK_SERVICE_SUBSCRIPTION_H_

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>

#include "absl/status/status.h"
#include "service/feed.h"
#include "service/sources.h"
#include "service/streams.h"
#include "service/subscribe_options.h"
#include "service/work_threads.h"

namespace tidemark::service {

// One open Subscribe stream. All its work is done in steps, one at a time, on the work threads:
// whatever happens (a write is done, the journal grows, a heartbeat is due, the stream is to end)
// asks for a step. At most one write is under way, and no more than its batch is held. Lives until
// gRPC says OnDone and no step is under way.
class Subscription final : public grpc::ServerWriteReactor<grpc::ByteBuffer>,
                           public std::enable_shared_from_this<Subscription> {
 public:
  // Starts a stream; gRPC keeps it from here on. `source`, `streams` and `work` must outlive it.
  static grpc::ServerWriteReactor<grpc::ByteBuffer>* Start(SubscribeOptions options,
                                                           const CapturedSource* source,
                                                           Streams* streams, WorkThreads* work);

  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  Subscription(SubscribeOptions options, const CapturedSource* source, Streams* streams,
               WorkThreads* work);

  // Asks for a step. Thread-safe.
  void Wake();
  void Run();
  void Step();

  // The stream ends with this status as soon as no write is under way. Thread-safe; the first one
  // counts.
  void End(const absl::Status& status);
  // True if the stream has ended, or ends in this call.
  bool FinishIfAsked();
  bool Open();
  absl::Status OpenFeed();
  void SendNext();
  void Send(const FeedBatch& batch);
  void SendHeartbeat(const model::Position& frontier);
  void Write(grpc::ByteBuffer buffer);
  void WaitForMore();
  void WaitForHeartbeat();
  bool HeartbeatIsDue() const;

  const SubscribeOptions options_;
  const CapturedSource* const source_;
  Streams* const streams_;
  WorkThreads* const work_;

  // The reactor keeps itself until OnDone.
  std::shared_ptr<Subscription> self_;
  uint64_t stream_id_ = 0;

  // Only the current step touches these.
  std::unique_ptr<Feed> feed_;
  grpc::ByteBuffer buffer_;
  WorkThreads::Clock::time_point last_write_ = WorkThreads::Clock::now();
  std::optional<uint64_t> journal_wait_;

  std::atomic<bool> waits_for_journal_ = false;
  std::atomic<bool> heartbeat_timer_ = false;

  std::mutex mutex_;
  bool running_ = false;    // a step is under way or posted
  bool run_again_ = false;  // something happened since it began
  bool writing_ = false;
  bool finished_ = false;
  std::optional<absl::Status> end_;
};

}  // namespace tidemark::service

#endif  // TIDEMARK_SERVICE_SUBSCRIPTION_H_
