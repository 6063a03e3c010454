#include "tests/support/service_process.h"

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/support/free_port.h"

namespace tidemark::testing {
namespace {

constexpr absl::Duration kStartTimeout = absl::Seconds(60);
constexpr absl::Duration kStopTimeout = absl::Seconds(30);
constexpr absl::Duration kCallTimeout = absl::Seconds(60);
constexpr absl::Duration kPoll = absl::Milliseconds(20);

void SetDeadline(grpc::ClientContext& context, absl::Duration timeout) {
  context.set_deadline(std::chrono::system_clock::now() + absl::ToChronoMilliseconds(timeout));
  context.set_wait_for_ready(true);
}

std::string ProgramPath() {
  const char* name = std::getenv("TIDEMARK_TEST_PROGRAM");
  return std::filesystem::canonical("/proc/self/exe").parent_path() /
         (name == nullptr ? "tidemarkd" : name);
}

void AppendLines(const std::vector<std::string>& lines, const std::string& indent,
                 std::string* out) {
  for (const std::string& line : lines) absl::StrAppend(out, indent, line, "\n");
}

bool HasEnded(const v1::Snapshot& snapshot) {
  return snapshot.state() != v1::Snapshot::RUNNING && snapshot.state() != v1::Snapshot::PAUSED;
}

}  // namespace

absl::Status FromGrpc(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
}

ServiceProcess::ServiceProcess(const ServiceOptions& options) : options_(options) {
  data_folder_ = options.data_folder.empty() ? folder_.File("data") : options.data_folder;
  address_ = absl::StrCat("127.0.0.1:", FreePort());
}

absl::StatusOr<std::unique_ptr<ServiceProcess>> ServiceProcess::Start(
    const ServiceOptions& options) {
  std::unique_ptr<ServiceProcess> service(new ServiceProcess(options));
  if (absl::Status status = service->StartAgain(); !status.ok()) return status;
  return service;
}

std::string ServiceProcess::Configuration() const {
  std::string text = absl::StrCat("listen: ", address_, "\ndata: ", data_folder_, "\n");
  AppendLines(options_.top_lines, "", &text);
  absl::StrAppend(&text, "sources:\n  - name: ", kSource, "\n");
  if (options_.mysql_lines.empty()) {
    absl::StrAppend(&text, "    postgres:\n      connection: \"", options_.connection, "\"\n");
    AppendLines(options_.postgres_lines, "      ", &text);
  } else {
    text += "    mysql:\n";
    AppendLines(options_.mysql_lines, "      ", &text);
  }
  AppendLines(options_.source_lines, "    ", &text);
  return text;
}

absl::Status ServiceProcess::Launch() {
  const std::string config = folder_.File("tidemarkd.yaml");
  const std::string ready = ReadyFile();
  WriteFile(config, Configuration());
  std::filesystem::remove(ready);
  absl::StatusOr<std::unique_ptr<Process>> process =
      Process::Start({.command = {ProgramPath(), "--config", config, "--ready-file", ready},
                      .output_file = folder_.File("log"),
                      .environment = options_.environment});
  if (!process.ok()) return process.status();
  process_ = *std::move(process);
  return absl::OkStatus();
}

absl::Status ServiceProcess::WaitUntilReady() {
  const absl::Time deadline = absl::Now() + kStartTimeout;
  while (!std::filesystem::exists(ReadyFile())) {
    if (!process_->Running()) return absl::AbortedError(absl::StrCat("it ended:\n", Log()));
    if (absl::Now() > deadline) return absl::DeadlineExceededError(Log());
    absl::SleepFor(kPoll);
  }
  Connect();
  return absl::OkStatus();
}

void ServiceProcess::Connect() {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  // A channel of its own, that does not wait out the backoff of one to an earlier process.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  const auto channel = grpc::CreateCustomChannel(
      address_,
      options_.credentials == nullptr ? grpc::InsecureChannelCredentials() : options_.credentials,
      arguments);
  change_stream_ = v1::ChangeStream::NewStub(channel);
  snapshots_ = v1::Snapshots::NewStub(channel);
  sources_ = v1::Sources::NewStub(channel);
  consumers_ = v1::Consumers::NewStub(channel);
}

std::string ServiceProcess::Log() const { return ReadFile(folder_.File("log")); }

absl::StatusOr<v1::Source> ServiceProcess::Status() {
  grpc::ClientContext context;
  SetDeadline(context, kCallTimeout);
  v1::GetSourceRequest request;
  request.set_source(kSource);
  v1::Source source;
  absl::Status status = FromGrpc(sources_->Get(&context, request, &source));
  if (!status.ok()) return status;
  return source;
}

absl::Status ServiceProcess::WaitUntilCapturing(absl::Duration timeout) {
  const absl::Time deadline = absl::Now() + timeout;
  for (;;) {
    absl::StatusOr<v1::Source> source = Status();
    if (!source.ok()) return source.status();
    if (source->state() == v1::Source::CAPTURING) return absl::OkStatus();
    if (source->state() == v1::Source::STOPPED) {
      return absl::FailedPreconditionError(source->error());
    }
    if (absl::Now() > deadline) {
      return absl::DeadlineExceededError(absl::StrCat(source->error(), "\n", Log()));
    }
    absl::SleepFor(kPoll);
  }
}

absl::StatusOr<v1::Snapshot> ServiceProcess::CreateSnapshot(
    const std::vector<std::string>& tables) {
  v1::CreateSnapshotRequest request;
  for (const std::string& table : tables) request.add_tables()->set_table(table);
  return CreateSnapshot(request);
}

absl::StatusOr<v1::Snapshot> ServiceProcess::CreateSnapshot(
    const v1::CreateSnapshotRequest& request) {
  v1::CreateSnapshotRequest with_source = request;
  with_source.set_source(kSource);
  grpc::ClientContext context;
  SetDeadline(context, kCallTimeout);
  v1::Snapshot snapshot;
  absl::Status status = FromGrpc(snapshots_->Create(&context, with_source, &snapshot));
  if (!status.ok()) return status;
  return snapshot;
}

absl::StatusOr<v1::Snapshot> ServiceProcess::GetSnapshot(uint64_t id) {
  grpc::ClientContext context;
  SetDeadline(context, kCallTimeout);
  v1::GetSnapshotRequest request;
  request.set_id(id);
  v1::Snapshot snapshot;
  absl::Status status = FromGrpc(snapshots_->Get(&context, request, &snapshot));
  if (!status.ok()) return status;
  return snapshot;
}

absl::StatusOr<v1::Snapshot> ServiceProcess::WaitForSnapshot(uint64_t id, absl::Duration timeout) {
  const absl::Time deadline = absl::Now() + timeout;
  for (;;) {
    absl::StatusOr<v1::Snapshot> snapshot = GetSnapshot(id);
    if (!snapshot.ok()) return snapshot;
    if (snapshot->state() == v1::Snapshot::COMPLETED) return snapshot;
    if (HasEnded(*snapshot)) return absl::AbortedError(snapshot->ShortDebugString());
    if (absl::Now() > deadline) {
      return absl::DeadlineExceededError(absl::StrCat(snapshot->ShortDebugString(), "\n", Log()));
    }
    absl::SleepFor(kPoll);
  }
}

absl::StatusOr<int> ServiceProcess::Terminate() { return process_->Terminate(kStopTimeout); }

absl::Status ServiceProcess::StartAgain() {
  if (absl::Status launched = Launch(); !launched.ok()) return launched;
  return WaitUntilReady();
}

absl::Status ServiceProcess::StartAgainAndKill9(absl::Duration after) {
  if (absl::Status launched = Launch(); !launched.ok()) return launched;
  absl::SleepFor(after);
  Kill9();
  return absl::OkStatus();
}

}  // namespace tidemark::testing
