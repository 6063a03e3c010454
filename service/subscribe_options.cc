#include "service/subscribe_options.h"

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace tidemark::service {
namespace {

using v1::SubscribeRequest;

constexpr uint32_t kBatchBytesLeast = 1 << 10;
constexpr uint32_t kBatchBytesMost = 16 << 20;
constexpr uint32_t kHeartbeatMsLeast = 100;

absl::Status Invalid(const std::string& message) { return absl::InvalidArgumentError(message); }

absl::Status ReadStart(const SubscribeRequest& request, SubscribeOptions* options) {
  options->start = request.start_case();
  switch (request.start_case()) {
    case SubscribeRequest::kSequence:
      options->sequence = request.sequence();
      return options->sequence > 0 ? absl::OkStatus()
                                   : Invalid("sequence: expected at least 1, got 0");
    case SubscribeRequest::kBeginning:
      return request.beginning() ? absl::OkStatus() : Invalid("beginning: expected true");
    case SubscribeRequest::kNow:
      return request.now() ? absl::OkStatus() : Invalid("now: expected true");
    case SubscribeRequest::kConsumer:
      options->consumer = request.consumer();
      return ValidateConsumerName(options->consumer, "consumer");
    case SubscribeRequest::kTimeUs:
      options->time_us = request.time_us();
      return absl::OkStatus();
    case SubscribeRequest::START_NOT_SET:
      break;
  }
  return Invalid("start: is not set; expected one of sequence, beginning, now, consumer, time_us");
}

absl::Status ReadFilter(const SubscribeRequest& request, FilterOptions* filter) {
  filter->tables.assign(request.tables().begin(), request.tables().end());
  for (int op : request.ops()) {
    filter->ops.push_back(v1::Op_IsValid(op) ? static_cast<model::Op>(op) : model::Op::kNone);
  }
  filter->without_transaction_ends = request.without_transaction_ends();
  return Validate(*filter);
}

absl::Status ReadLimits(const SubscribeRequest& request, SubscribeOptions* options) {
  if (uint32_t bytes = request.batch_bytes_max(); bytes != 0) {
    if (bytes < kBatchBytesLeast || bytes > kBatchBytesMost) {
      return Invalid(absl::StrCat("batch_bytes_max: expected 0 or ", kBatchBytesLeast, " to ",
                                  kBatchBytesMost, ", got ", bytes));
    }
    options->batch_bytes_max = bytes;
  }
  if (uint32_t ms = request.heartbeat_interval_ms(); ms != 0) {
    if (ms < kHeartbeatMsLeast) {
      return Invalid(absl::StrCat("heartbeat_interval_ms: expected 0 or at least ",
                                  kHeartbeatMsLeast, ", got ", ms));
    }
    options->heartbeat_interval = std::chrono::milliseconds(ms);
  }
  return absl::OkStatus();
}

absl::StatusOr<model::Sequence> PlaceOf(const std::string& consumer,
                                        const storage::Journal& journal) {
  auto places = journal.Consumers();
  if (!places.ok()) return places.status();
  for (const storage::ConsumerPlace& place : *places) {
    if (place.name == consumer) return place.acknowledged + 1;
  }
  return journal.bounds().oldest;
}

}  // namespace

absl::Status ValidateConsumerName(const std::string& name, const std::string& field) {
  bool plain = !name.empty() && name.size() <= 100;
  for (char c : name) {
    plain = plain && (absl::ascii_isalnum(c) || c == '.' || c == '_' || c == '-' || c == '/');
  }
  if (plain) return absl::OkStatus();
  return Invalid(field + ": expected 1 to 100 characters of A-Z, a-z, 0-9, '.', '_', '-', '/'");
}

absl::StatusOr<SubscribeOptions> ReadSubscribeRequest(const SubscribeRequest& request) {
  SubscribeOptions options;
  options.source = request.source();
  absl::Status read = ReadStart(request, &options);
  if (read.ok()) read = ReadFilter(request, &options.filter);
  if (read.ok()) read = ReadLimits(request, &options);
  if (!read.ok()) return read;
  return options;
}

absl::StatusOr<model::Sequence> ResolveStart(const SubscribeOptions& options,
                                             const storage::Journal& journal) {
  switch (options.start) {
    case SubscribeRequest::kSequence:
      return options.sequence;
    case SubscribeRequest::kBeginning:
      return journal.bounds().oldest;
    case SubscribeRequest::kNow:
      return journal.bounds().newest + 1;
    case SubscribeRequest::kConsumer:
      return PlaceOf(options.consumer, journal);
    case SubscribeRequest::kTimeUs:
      return journal.FindTime(options.time_us);
    case SubscribeRequest::START_NOT_SET:
      break;
  }
  return absl::InternalError("a stream without a start");
}

}  // namespace tidemark::service
