#include "service/subscription.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "model/bytes.h"
#include "model/wall_clock.h"
#include "service/grpc_status.h"

namespace tidemark::service {
namespace {

using Owner = std::shared_ptr<const void>;

void DropOwner(void* owner) { delete static_cast<Owner*>(owner); }

// A slice over the piece's own bytes, which it keeps alive.
grpc::Slice ToSlice(const FeedPiece& piece) {
  void* bytes = const_cast<char*>(piece.frames.data());
  return grpc::Slice(bytes, piece.frames.size(), DropOwner, new Owner(piece.owner));
}

}  // namespace

grpc::ServerWriteReactor<grpc::ByteBuffer>* Subscription::Start(SubscribeOptions options,
                                                                const CapturedSource* source,
                                                                Streams* streams,
                                                                WorkThreads* work) {
  std::shared_ptr<Subscription> stream(new Subscription(std::move(options), source, streams, work));
  stream->self_ = stream;
  // From here on it may be asked to end, but no step runs before it knows its id.
  stream->running_ = true;
  std::weak_ptr<Subscription> weak = stream;
  stream->stream_id_ =
      streams->Open(source->name, stream->options_.consumer, [weak](const absl::Status& status) {
        if (auto open = weak.lock()) open->End(status);
      });
  work->Post([stream] { stream->Run(); });
  return stream.get();
}

Subscription::Subscription(SubscribeOptions options, const CapturedSource* source, Streams* streams,
                           WorkThreads* work)
    : options_(std::move(options)), source_(source), streams_(streams), work_(work) {}

void Subscription::OnWriteDone(bool ok) {
  {
    std::lock_guard lock(mutex_);
    writing_ = false;
    if (!ok && !end_) end_ = absl::CancelledError("the client is gone");
  }
  Wake();
}

void Subscription::OnCancel() { End(absl::CancelledError("the client is gone")); }

void Subscription::OnDone() {
  streams_->Close(stream_id_);
  std::shared_ptr<Subscription> last = std::move(self_);  // steps that are posted keep it
}

void Subscription::End(const absl::Status& status) {
  {
    std::lock_guard lock(mutex_);
    if (!end_) end_ = status;
  }
  Wake();
}

void Subscription::Wake() {
  {
    std::lock_guard lock(mutex_);
    if (finished_) return;
    run_again_ = true;
    if (std::exchange(running_, true)) return;
  }
  work_->Post([self = shared_from_this()] { self->Run(); });
}

void Subscription::Run() {
  {
    std::lock_guard lock(mutex_);
    run_again_ = false;
  }
  Step();
  {
    std::lock_guard lock(mutex_);
    running_ = run_again_ && !finished_;
    if (!running_) return;
  }
  work_->Post([self = shared_from_this()] { self->Run(); });
}

void Subscription::Step() {
  if (FinishIfAsked()) return;
  {
    std::lock_guard lock(mutex_);
    if (writing_) return;
  }
  if (feed_ != nullptr || Open()) SendNext();
}

bool Subscription::FinishIfAsked() {
  absl::Status status;
  {
    std::lock_guard lock(mutex_);
    if (finished_) return true;
    if (!end_ || writing_) return false;
    finished_ = true;
    status = *end_;
  }
  if (journal_wait_) source_->journal->StopWaiting(*journal_wait_);
  streams_->Close(stream_id_);
  feed_.reset();
  buffer_.Clear();
  Finish(ToGrpc(status));
  return true;
}

bool Subscription::Open() {
  absl::Status opened = OpenFeed();
  if (opened.ok()) {
    StartSendInitialMetadata();
    return true;
  }
  if (opened.code() == absl::StatusCode::kOutOfRange && !options_.consumer.empty()) {
    opened = absl::OutOfRangeError(
        absl::StrCat(std::string(opened.message()), " (move the consumer with Consumers.Reset, ",
                     "or: tidemark consumer reset ", source_->name, " ", options_.consumer, ")"));
  }
  End(opened);
  return false;
}

absl::Status Subscription::OpenFeed() {
  // The oldest event may be dropped between asking for its sequence and opening it.
  constexpr int kTriesMax = 10;
  bool exact = options_.start == v1::SubscribeRequest::kSequence;
  absl::Status last;
  for (int i = 0; i < kTriesMax; ++i) {
    absl::StatusOr<model::Sequence> start = ResolveStart(options_, *source_->journal);
    if (!start.ok()) return start.status();
    auto feed = Feed::Open(source_->journal, *start, options_.filter, options_.batch_bytes_max);
    if (feed.ok()) feed_ = *std::move(feed);
    last = feed.status();
    if (exact || last.code() != absl::StatusCode::kOutOfRange) break;
  }
  return last;
}

void Subscription::SendNext() {
  // Before the journal is asked for more: if there is none, all up to this frontier has been sent.
  storage::Bounds bounds = source_->journal->bounds();
  absl::StatusOr<FeedBatch> batch = feed_->Next();
  if (!batch.ok()) {
    End(batch.status());
  } else if (!batch->pieces.empty()) {
    Send(*batch);
  } else if (HeartbeatIsDue()) {
    bool all_sent = !batch->more && bounds.newest < feed_->place();
    SendHeartbeat(all_sent ? bounds.frontier : model::Position{});
  } else if (batch->more) {
    Wake();
  } else {
    WaitForMore();
    WaitForHeartbeat();
  }
}

void Subscription::Send(const FeedBatch& batch) {
  std::vector<grpc::Slice> slices;
  slices.reserve(batch.pieces.size());
  for (const FeedPiece& piece : batch.pieces) slices.push_back(ToSlice(piece));
  streams_->Sent(source_->name, batch.bytes);
  Write(grpc::ByteBuffer(slices.data(), slices.size()));
}

void Subscription::SendHeartbeat(const model::Position& frontier) {
  model::Bytes frame;
  model::AppendHeartbeatFrame(frame, feed_->place() - 1, frontier, model::NowUs());
  grpc::Slice slice(frame.data(), frame.size());
  Write(grpc::ByteBuffer(&slice, 1));
}

void Subscription::Write(grpc::ByteBuffer buffer) {
  {
    std::lock_guard lock(mutex_);
    writing_ = true;
  }
  buffer_.Swap(&buffer);
  last_write_ = WorkThreads::Clock::now();
  StartWrite(&buffer_);
}

bool Subscription::HeartbeatIsDue() const {
  return WorkThreads::Clock::now() - last_write_ >= options_.heartbeat_interval;
}

void Subscription::WaitForMore() {
  if (waits_for_journal_.exchange(true)) return;
  std::weak_ptr<Subscription> weak = weak_from_this();
  journal_wait_ = source_->journal->WaitFor(feed_->place(), [weak] {
    auto stream = weak.lock();
    if (stream == nullptr) return;
    stream->waits_for_journal_ = false;
    stream->Wake();
  });
}

void Subscription::WaitForHeartbeat() {
  if (heartbeat_timer_.exchange(true)) return;
  work_->PostAt(last_write_ + options_.heartbeat_interval, [weak = weak_from_this()] {
    auto stream = weak.lock();
    if (stream == nullptr) return;
    stream->heartbeat_timer_ = false;
    stream->Wake();
  });
}

}  // namespace tidemark::service
