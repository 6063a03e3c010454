#include "service/grpc_server.h"

#include <grpc/grpc.h>
#include <grpc/support/log.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>

#include <mutex>
#include <stop_token>

#include "absl/strings/str_cat.h"
#include "grpc/health/v1/health.pb.h"
#include "service/admission.h"
#include "service/change_stream_service.h"
#include "service/consumers_service.h"
#include "service/log.h"
#include "service/server_credentials.h"
#include "service/snapshots_service.h"
#include "service/sources_service.h"

namespace tidemark::service {
namespace {

// Threads that read the journal for all streams.
constexpr size_t kWorkThreads = 3;

constexpr int kKeepaliveMs = 30'000;
constexpr int kKeepaliveTimeoutMs = 15'000;
constexpr int kClientPingMsLeast = 10'000;

constexpr const char* kServices[] = {"tidemark.v1.ChangeStream", "tidemark.v1.Consumers",
                                     "tidemark.v1.Snapshots", "tidemark.v1.Sources"};

void SendGrpcLog(gpr_log_func_args* args) {
  LogLevel level = args->severity == GPR_LOG_SEVERITY_ERROR ? LogLevel::kWarning : LogLevel::kDebug;
  Log(level, "grpc", {{"message", args->message}});
}

// Once a process, before the first server.
void ConfigureGrpc() {
  static const bool once = [] {
    gpr_set_log_function(SendGrpcLog);
    // Kept for ever: the last server's end would else wait for gRPC's backup poller, up to 10 s.
    grpc_init();
    grpc::EnableDefaultHealthCheckService(true);
    // Links its description in, which reflection then finds.
    static_cast<void>(grpc::health::v1::HealthCheckRequest::descriptor());
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
    return true;
  }();
  static_cast<void>(once);
}

void SetArguments(grpc::ServerBuilder* builder) {
  // Two services on one port would share its clients silently.
  builder->AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  builder->AddChannelArgument(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  builder->AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                              kClientPingMsLeast);
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  using Option = grpc::ServerBuilder::SyncServerOption;
  builder->SetSyncServerOption(Option::NUM_CQS, 1);
  builder->SetSyncServerOption(Option::MIN_POLLERS, 1);
  builder->SetSyncServerOption(Option::MAX_POLLERS, 2);
}

// `listen` with its port replaced by the one that was bound.
std::string Bound(const std::string& listen, int port) {
  if (listen.starts_with("unix:")) return listen;
  return absl::StrCat(listen.substr(0, listen.rfind(':') + 1), port);
}

class Server final : public GrpcServer {
 public:
  Server(const Sources* sources, const Access* access)
      : access_(access),
        admission_(access),
        work_(kWorkThreads),
        change_stream_(&admission_, sources, &streams_, &work_),
        consumers_(&admission_, sources, &streams_),
        snapshots_(&admission_, sources, stop_.get_token()),
        sources_(&admission_, sources, stop_.get_token()) {}
  ~Server() override { Shutdown(std::chrono::milliseconds(0)); }

  absl::Status Listen(const std::string& listen);
  const std::string& address() const override { return address_; }
  const Streams& streams() const override { return streams_; }
  void Shutdown(std::chrono::milliseconds grace) override;

 private:
  void SetHealth(bool serving);

  const Access* const access_;
  Admission admission_;
  Streams streams_;
  std::stop_source stop_;
  WorkThreads work_;
  ChangeStreamService change_stream_;
  ConsumersService consumers_;
  SnapshotsService snapshots_;
  SourcesService sources_;
  std::string address_;
  // gRPC does not keep them, and asks them for certificates.
  std::shared_ptr<grpc::ServerCredentials> credentials_;
  std::unique_ptr<grpc::Server> server_;
  std::once_flag shut_down_;
};

absl::Status Server::Listen(const std::string& listen) {
  grpc::ServerBuilder builder;
  SetArguments(&builder);
  int port = 0;
  const bool tls = access_ != nullptr && access_->certificates() != nullptr;
  credentials_ = tls ? MakeServerCredentials(access_) : grpc::InsecureServerCredentials();
  builder.AddListeningPort(listen, credentials_, &port);
  builder.RegisterService(&change_stream_);
  builder.RegisterService(&consumers_);
  builder.RegisterService(&snapshots_);
  builder.RegisterService(&sources_);
  server_ = builder.BuildAndStart();
  if (server_ == nullptr) {
    return absl::FailedPreconditionError(
        absl::StrCat("cannot listen on ", listen,
                     ": another program (a second tidemarkd?) has the address, or "
                     "this user may not take it; end that program or set another `listen` in the "
                     "configuration"));
  }
  address_ = Bound(listen, port);
  SetHealth(true);
  return absl::OkStatus();
}

void Server::SetHealth(bool serving) {
  grpc::HealthCheckServiceInterface* health = server_->GetHealthCheckService();
  health->SetServingStatus(serving);
  for (const char* name : kServices) health->SetServingStatus(name, serving);
}

void Server::Shutdown(std::chrono::milliseconds grace) {
  std::call_once(shut_down_, [&] {
    if (server_ == nullptr) return;
    SetHealth(false);
    stop_.request_stop();
    streams_.EndAll(
        absl::UnavailableError("shutting down: subscribe again from the last sequence + 1"));
    server_->Shutdown(std::chrono::system_clock::now() + grace);
    server_->Wait();
  });
}

}  // namespace

absl::StatusOr<std::unique_ptr<GrpcServer>> GrpcServer::Start(const std::string& listen,
                                                              const Sources* sources,
                                                              const Access* access) {
  ConfigureGrpc();
  auto server = std::make_unique<Server>(sources, access);
  absl::Status listening = server->Listen(listen);
  if (!listening.ok()) return listening;
  return server;
}

}  // namespace tidemark::service
