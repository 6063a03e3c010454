#include "service/cli/tail.h"

#include <atomic>
#include <chrono>
#include <cstdio>
#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "model/wall_clock.h"
#include "service/cli/event_format.h"
#include "service/cli/output.h"
#include "service/cli/stop_signal.h"
#include "service/units.h"

namespace tidemark::service {
namespace {

constexpr auto kAcknowledgeInterval = std::chrono::seconds(1);

absl::StatusOr<uint64_t> ReadTime(const std::string& text, uint64_t now_us) {
  if (auto ago_ms = ParseDurationMs(text)) {
    return *ago_ms < now_us / 1000 ? now_us - *ago_ms * 1000 : 0;
  }
  absl::Time time;
  std::string error;
  if (absl::ParseTime(absl::RFC3339_full, text, &time, &error)) {
    return static_cast<uint64_t>(std::max<int64_t>(absl::ToUnixMicros(time), 0));
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "--from-time: expected a time such as 2026-11-22T12:30:00Z or a duration such as 10m, got \"",
      text, "\""));
}

absl::Status SetStart(const TailOptions& options, uint64_t now_us, v1::SubscribeRequest* request) {
  int given = (options.from.empty() ? 0 : 1) + (options.from_sequence == 0 ? 0 : 1) +
              (options.from_time.empty() ? 0 : 1) + (options.consumer.empty() ? 0 : 1);
  if (given > 1) {
    return absl::InvalidArgumentError(
        "give only one of --from, --from-sequence, --from-time, --consumer");
  }
  if (options.from_sequence != 0) {
    request->set_sequence(options.from_sequence);
  } else if (!options.consumer.empty()) {
    request->set_consumer(options.consumer);
  } else if (!options.from_time.empty()) {
    auto time_us = ReadTime(options.from_time, now_us);
    if (!time_us.ok()) return time_us.status();
    request->set_time_us(*time_us);
  } else if (options.from == "beginning" || (options.from.empty() && !options.follow)) {
    request->set_beginning(true);
  } else {
    request->set_now(true);
  }
  return absl::OkStatus();
}

absl::Status SetOps(const TailOptions& options, v1::SubscribeRequest* request) {
  for (const std::string& name : options.ops) {
    v1::Op op = v1::OP_UNSPECIFIED;
    if (!v1::Op_Parse("OP_" + absl::AsciiStrToUpper(name), &op) || op == v1::OP_UNSPECIFIED) {
      return absl::InvalidArgumentError(absl::StrCat(
          "--ops: expected create, update, delete, truncate or read, got \"", name, "\""));
    }
    request->add_ops(op);
  }
  return absl::OkStatus();
}

// One run of `tidemark tail`.
class Tailer {
 public:
  Tailer(Client& client, TailOptions options) : client_(client), options_(std::move(options)) {}

  absl::Status Run();

 private:
  absl::Status Read(const v1::SubscribeRequest& request);
  // False: the limit or the end is reached.
  bool Take(const v1::SubscribeResponse& response);
  bool TakeEvent(const v1::Event& event);
  void Print(const v1::Event& event);
  absl::Status Acknowledge();
  bool AcknowledgeIsDue() const;
  absl::Status Outcome(const grpc::Status& status, bool ended) const;

  Client& client_;
  TailOptions options_;
  EventFormat format_;
  // Shared with the signal's thread, which may outlive this.
  struct Stop {
    grpc::ClientContext context;
    std::atomic<bool> asked = false;
  };
  std::shared_ptr<Stop> stop_ = std::make_shared<Stop>();
  uint64_t end_ = UINT64_MAX;  // with --no-follow: the newest event at the start
  uint64_t printed_ = 0;
  uint64_t seen_ = 0;
  uint64_t acknowledged_ = 0;
  absl::Status output_;  // of what was printed
  std::chrono::steady_clock::time_point acknowledge_time_ = std::chrono::steady_clock::now();
};

absl::Status Tailer::Run() {
  auto request = MakeSubscribeRequest(options_, model::NowUs());
  if (!request.ok()) return request.status();
  auto source = client_.ResolveSource(options_.source);
  if (!source.ok()) return source.status();
  options_.source = *source;
  request->set_source(*source);
  if (!options_.follow) {
    v1::GetBoundsRequest bounds_request;
    v1::GetBoundsResponse bounds;
    bounds_request.set_source(*source);
    grpc::Status got =
        Call(client_.change_stream(), &v1::ChangeStream::Stub::GetBounds, bounds_request, &bounds);
    if (!got.ok()) return client_.ToStatus(got);
    end_ = bounds.newest_sequence();
    if (bounds.oldest_sequence() > end_) return absl::OkStatus();
    request->set_heartbeat_interval_ms(100);  // says soon that nothing more passes the filter
  }
  return Read(*request);
}

absl::Status Tailer::Read(const v1::SubscribeRequest& request) {
  auto stream = client_.change_stream().Subscribe(&stop_->context, request);
  OnStopSignal([stop = stop_] {
    stop->asked = true;
    stop->context.TryCancel();
  });
  v1::SubscribeResponse response;
  bool ended = false;
  while (!ended && !stop_->asked && stream->Read(&response)) {
    ended = !Take(response);
    output_ = FlushOutput();
    if (!output_.ok()) break;
    if (!AcknowledgeIsDue()) continue;
    absl::Status acknowledged = Acknowledge();
    if (!acknowledged.ok()) return acknowledged;
  }
  if (ended || !output_.ok()) stop_->context.TryCancel();
  while (stream->Read(&response)) {
  }
  grpc::Status finished = stream->Finish();
  if (!output_.ok()) return output_;  // what was not written is not acknowledged
  // The consumer's place is another's to move now; an acknowledgement would undo a reset.
  if (finished.error_code() == grpc::StatusCode::ABORTED) return client_.ToStatus(finished);
  absl::Status acknowledged = Acknowledge();
  absl::Status outcome = Outcome(finished, ended);
  return outcome.ok() ? acknowledged : outcome;
}

absl::Status Tailer::Outcome(const grpc::Status& status, bool ended) const {
  if (ended || stop_->asked) return absl::OkStatus();
  return client_.ToStatus(status);
}

bool Tailer::Take(const v1::SubscribeResponse& response) {
  for (const v1::Event& event : response.events()) {
    if (!TakeEvent(event)) return false;
  }
  return true;
}

bool Tailer::TakeEvent(const v1::Event& event) {
  if (event.sequence() > end_) return false;
  Print(event);
  // A schema that comes first has its old sequence.
  seen_ = std::max(seen_, event.sequence());
  bool counts = !event.has_heartbeat() && !event.has_schema();
  if (counts && ++printed_ == options_.limit) return false;
  bool schema_again = event.has_schema() && event.sequence() < seen_;
  return schema_again || event.sequence() < end_;
}

void Tailer::Print(const v1::Event& event) {
  if (event.has_heartbeat() && !options_.heartbeats) return;
  std::string line = options_.json ? format_.JsonLine(event) : format_.HumanLine(event);
  line += '\n';
  std::fwrite(line.data(), 1, line.size(), stdout);
}

bool Tailer::AcknowledgeIsDue() const {
  return std::chrono::steady_clock::now() - acknowledge_time_ >= kAcknowledgeInterval;
}

absl::Status Tailer::Acknowledge() {
  acknowledge_time_ = std::chrono::steady_clock::now();
  if (options_.consumer.empty() || seen_ <= acknowledged_) return absl::OkStatus();
  v1::AcknowledgeRequest request;
  request.set_source(options_.source);
  request.set_consumer(options_.consumer);
  request.set_sequence(seen_);
  v1::AcknowledgeResponse response;
  grpc::Status done =
      Call(client_.change_stream(), &v1::ChangeStream::Stub::Acknowledge, request, &response);
  if (done.ok()) acknowledged_ = seen_;
  return client_.ToStatus(done);
}

}  // namespace

absl::StatusOr<v1::SubscribeRequest> MakeSubscribeRequest(const TailOptions& options,
                                                          uint64_t now_us) {
  v1::SubscribeRequest request;
  request.set_source(options.source);
  absl::Status set = SetStart(options, now_us, &request);
  if (set.ok()) set = SetOps(options, &request);
  if (!set.ok()) return set;
  for (const std::string& table : options.tables) request.add_tables(table);
  request.set_without_transaction_ends(options.without_transaction_ends);
  return request;
}

absl::Status Tail(Client& client, TailOptions options) {
  return Tailer(client, std::move(options)).Run();
}

}  // namespace tidemark::service
