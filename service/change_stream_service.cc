#include "service/change_stream_service.h"

#include "absl/strings/str_cat.h"
#include "service/grpc_status.h"
#include "service/subscribe_options.h"
#include "service/subscription.h"

namespace tidemark::service {
namespace {

// A stream that ends before it begins.
class Refusal final : public grpc::ServerWriteReactor<grpc::ByteBuffer> {
 public:
  explicit Refusal(const absl::Status& status) : Refusal(ToGrpc(status)) {}
  explicit Refusal(const grpc::Status& status) { Finish(status); }
  void OnDone() override { delete this; }
};

absl::StatusOr<SubscribeOptions> Parse(const grpc::ByteBuffer& bytes) {
  grpc::ByteBuffer copy = bytes;
  v1::SubscribeRequest request;
  grpc::Status parsed =
      grpc::SerializationTraits<v1::SubscribeRequest>::Deserialize(&copy, &request);
  if (!parsed.ok()) return absl::InvalidArgumentError("the request is no SubscribeRequest");
  return ReadSubscribeRequest(request);
}

absl::Status AcknowledgeIn(const Sources& sources, const v1::AcknowledgeRequest& request) {
  auto source = sources.Find(request.source());
  if (!source.ok()) return source.status();
  absl::Status name = ValidateConsumerName(request.consumer(), "consumer");
  if (!name.ok()) return name;
  model::Sequence newest = (*source)->journal->bounds().newest;
  if (request.sequence() > newest) {
    return absl::InvalidArgumentError(absl::StrCat("sequence: expected at most ", newest,
                                                   ", the newest event, got ", request.sequence()));
  }
  return (*source)->journal->Acknowledge(request.consumer(), request.sequence());
}

}  // namespace

grpc::ServerWriteReactor<grpc::ByteBuffer>* ChangeStreamService::Subscribe(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request) {
  grpc::Status admitted = admission_->Admit(*context);
  if (!admitted.ok()) return new Refusal(admitted);
  absl::StatusOr<SubscribeOptions> options = Parse(*request);
  if (!options.ok()) return new Refusal(options.status());
  auto source = sources_->Find(options->source);
  if (!source.ok()) return new Refusal(source.status());
  return Subscription::Start(*std::move(options), *source, streams_, work_);
}

grpc::Status ChangeStreamService::Acknowledge(grpc::ServerContext* context,
                                              const v1::AcknowledgeRequest* request,
                                              v1::AcknowledgeResponse* /*response*/) {
  if (grpc::Status admitted = admission_->Admit(*context); !admitted.ok()) return admitted;
  return ToGrpc(AcknowledgeIn(*sources_, *request));
}

grpc::Status ChangeStreamService::GetBounds(grpc::ServerContext* context,
                                            const v1::GetBoundsRequest* request,
                                            v1::GetBoundsResponse* response) {
  if (grpc::Status admitted = admission_->Admit(*context); !admitted.ok()) return admitted;
  auto source = sources_->Find(request->source());
  if (!source.ok()) return ToGrpc(source.status());
  storage::Bounds bounds = (*source)->journal->bounds();
  response->set_oldest_sequence(bounds.oldest);
  response->set_newest_sequence(bounds.newest);
  response->mutable_frontier()->set_file(bounds.frontier.file);
  response->mutable_frontier()->set_offset(bounds.frontier.offset);
  response->set_retained_bytes(bounds.bytes);
  return grpc::Status::OK;
}

}  // namespace tidemark::service
