#include "bench/stream_state.h"

#include <grpcpp/grpcpp.h>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "bench/database.h"
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

absl::StatusOr<std::unique_ptr<ServiceProcess>> StartService(const testing::PostgresServer& server,
                                                             const std::string& slot) {
  testing::ServiceOptions options{.connection = server.ConnectionString(),
                                  .postgres_lines = {absl::StrCat("publication: ", kPublication)},
                                  .source_lines = {}};
  if (!slot.empty()) options.postgres_lines.push_back(absl::StrCat("slot: ", slot));
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

absl::Status WaitForFrontier(ServiceProcess& service, uint64_t offset, absl::Duration timeout) {
  const absl::Time deadline = absl::Now() + timeout;
  for (;;) {
    absl::StatusOr<v1::GetBoundsResponse> bounds = GetBounds(service);
    if (!bounds.ok()) return bounds.status();
    if (bounds->frontier().offset() >= offset) return absl::OkStatus();
    if (absl::Now() > deadline) return absl::DeadlineExceededError(service.Log());
    absl::SleepFor(kPoll);
  }
}

absl::StatusOr<uint64_t> MarkEndOfLog(testing::PostgresServer& server) {
  absl::StatusOr<std::string> text =
      server.QueryValue("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn");
  if (!text.ok()) return text.status();
  uint64_t end = 0;
  if (!absl::SimpleAtoi(*text, &end)) return absl::InternalError("no position: " + *text);
  absl::Status status = server.Exec("SELECT pg_logical_emit_message(true, 'bench', 'end')");
  if (!status.ok()) return status;
  return end;
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
