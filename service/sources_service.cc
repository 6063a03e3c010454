#include "service/sources_service.h"

#include "service/grpc_status.h"
#include "service/kafka/publisher.h"

namespace tidemark::service {
namespace {

void Assign(v1::Position* to, const model::Position& from) {
  to->set_file(from.file);
  to->set_offset(from.offset);
}

void Assign(v1::Publisher* to, const kafka::PublisherStatus& from) {
  to->set_state(static_cast<v1::Publisher::State>(from.state));
  to->set_error(from.error);
  to->set_transactions(from.transactions);
  to->set_bytes(from.bytes);
  if (!from.known) return;
  to->set_published_sequence(from.published);
  Assign(to->mutable_frontier(), from.frontier);
  to->set_lag_events(from.lag_events);
  to->set_lag_bytes(from.lag_bytes);
  to->set_lag_us(from.lag_us);
}

v1::Source ToProto(const CapturedSource& captured) {
  PipelineStatus status = captured.pipeline->status();
  storage::Bounds bounds = captured.journal->bounds();
  v1::Source source;
  source.set_name(captured.name);
  source.set_kind(captured.kind);
  source.set_state(static_cast<v1::Source::State>(status.state));
  source.set_error(status.error);
  source.set_server(status.server);
  source.set_oldest_sequence(bounds.oldest);
  source.set_newest_sequence(bounds.newest);
  source.set_retained_bytes(bounds.bytes);
  Assign(source.mutable_frontier(), status.frontier);
  Assign(source.mutable_acknowledged(), status.acknowledged);
  source.set_lag_bytes(status.lag_bytes);
  source.set_lag_us(status.lag_us);
  source.set_events(status.events);
  source.set_restarts(status.restarts);
  source.set_rereads_waiting_for(status.rereads.reasons);
  if (captured.publisher != nullptr) {
    Assign(source.mutable_publisher(), captured.publisher->status());
  }
  return source;
}

}  // namespace

grpc::Status SourcesService::List(grpc::ServerContext* context,
                                  const v1::ListSourcesRequest* /*request*/,
                                  v1::ListSourcesResponse* response) {
  if (grpc::Status admitted = admission_->Admit(*context); !admitted.ok()) return admitted;
  for (const CapturedSource& source : sources_->all()) *response->add_sources() = ToProto(source);
  return grpc::Status::OK;
}

grpc::Status SourcesService::Get(grpc::ServerContext* context, const v1::GetSourceRequest* request,
                                 v1::Source* response) {
  if (grpc::Status admitted = admission_->Admit(*context); !admitted.ok()) return admitted;
  auto source = sources_->Find(request->source());
  if (source.ok()) *response = ToProto(**source);
  return ToGrpc(source.status());
}

grpc::Status SourcesService::Check(grpc::ServerContext* context,
                                   const v1::CheckSourceRequest* request,
                                   v1::CheckSourceResponse* response) {
  if (grpc::Status admitted = admission_->Admit(*context); !admitted.ok()) return admitted;
  auto source = sources_->Find(request->source());
  if (!source.ok()) return ToGrpc(source.status());
  capture::CheckResult result = (*source)->source->Check(stop_);
  response->set_server(result.server);
  for (const capture::Problem& found : result.problems) {
    v1::Problem* problem = response->add_problems();
    problem->set_severity(static_cast<v1::Problem::Severity>(found.severity));
    problem->set_message(found.message);
    problem->set_remedy(found.remedy);
  }
  return grpc::Status::OK;
}

}  // namespace tidemark::service
