#include "bench/stream_state.h"

#include <grpcpp/grpcpp.h>

#include "absl/time/clock.h"
#include "model/wire.h"

namespace tidemark::bench {
namespace {

using testing::ServiceProcess;

// Seldom enough not to cost what is measured.
constexpr absl::Duration kPoll = absl::Milliseconds(20);

// Field numbers of tidemark.v1.
constexpr uint32_t kMarkKind = 2;
constexpr uint32_t kChangeKey = 9;
constexpr uint32_t kRowValues = 1;
constexpr uint32_t kValueInteger = 2;

// The first field of that number and type in a message.
std::optional<std::string_view> FindLength(std::string_view message, uint32_t wanted) {
  model::WireReader reader(message);
  uint32_t field = 0;
  model::WireType type;
  std::string_view value;
  while (!reader.done() && reader.ReadTag(&field, &type)) {
    if (field == wanted && type == model::WireType::kLength) {
      if (reader.ReadLength(&value)) return value;
      return std::nullopt;
    }
    if (!reader.Skip(type)) break;
  }
  return std::nullopt;
}

std::optional<uint64_t> FindVarint(std::string_view message, uint32_t wanted) {
  model::WireReader reader(message);
  uint32_t field = 0;
  model::WireType type;
  uint64_t value = 0;
  while (!reader.done() && reader.ReadTag(&field, &type)) {
    if (field == wanted && type == model::WireType::kVarint) {
      if (reader.ReadVarint(&value)) return value;
      return std::nullopt;
    }
    if (!reader.Skip(type)) break;
  }
  return std::nullopt;
}

}  // namespace

absl::StatusOr<std::unique_ptr<ServiceProcess>> StartService(
    const testing::ServiceOptions& options) {
  auto service = ServiceProcess::Start(options);
  if (!service.ok()) return service;
  if (absl::Status captures = (*service)->WaitUntilCapturing(); !captures.ok()) return captures;
  return service;
}

absl::StatusOr<v1::GetBoundsResponse> GetBounds(ServiceProcess& service) {
  grpc::ClientContext context;
  context.set_wait_for_ready(true);
  v1::GetBoundsRequest request;
  request.set_source(ServiceProcess::kSource);
  v1::GetBoundsResponse bounds;
  absl::Status status =
      testing::FromGrpc(service.change_stream().GetBounds(&context, request, &bounds));
  if (!status.ok()) return status;
  return bounds;
}

absl::Status WaitForFrontier(ServiceProcess& service, oracle::LogPosition end,
                             absl::Duration timeout) {
  const absl::Time deadline = absl::Now() + timeout;
  for (;;) {
    absl::StatusOr<v1::GetBoundsResponse> bounds = GetBounds(service);
    if (!bounds.ok()) return bounds.status();
    if (oracle::LogPosition(bounds->frontier()) >= end) return absl::OkStatus();
    if (absl::Now() > deadline) return absl::DeadlineExceededError(service.Log());
    absl::SleepFor(kPoll);
  }
}

bool IsCompletedMark(const model::EventView& event) {
  return event.kind == model::EventKind::kSnapshotMark &&
         FindVarint(event.body, kMarkKind) == uint64_t{v1::SnapshotMark::COMPLETED};
}

std::optional<int64_t> IntegerKey(const model::EventView& event) {
  if (event.kind != model::EventKind::kChange) return std::nullopt;
  const auto key = FindLength(event.body, kChangeKey);
  const auto value = key ? FindLength(*key, kRowValues) : std::nullopt;
  const auto integer = value ? FindVarint(*value, kValueInteger) : std::nullopt;
  if (!integer) return std::nullopt;
  return model::UnZigZag(*integer);
}

}  // namespace tidemark::bench
