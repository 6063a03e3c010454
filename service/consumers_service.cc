#include "service/consumers_service.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "service/grpc_status.h"
#include "service/subscribe_options.h"

namespace tidemark::service {
namespace {

v1::Consumer ToProto(const CapturedSource& source, const storage::ConsumerPlace& place,
                     const Streams& streams) {
  v1::Consumer consumer;
  consumer.set_source(source.name);
  consumer.set_name(place.name);
  consumer.set_acknowledged_sequence(place.acknowledged);
  consumer.set_acknowledge_time_us(place.acknowledge_time_us);
  model::Sequence newest = source.journal->bounds().newest;
  consumer.set_lag_events(newest > place.acknowledged ? newest - place.acknowledged : 0);
  consumer.set_connected(streams.IsConnected(source.name, place.name));
  return consumer;
}

absl::StatusOr<storage::ConsumerPlace> FindPlace(const CapturedSource& source,
                                                 const std::string& name) {
  auto places = source.journal->Consumers();
  if (!places.ok()) return places.status();
  for (const storage::ConsumerPlace& place : *places) {
    if (place.name == name) return place;
  }
  return absl::NotFoundError(
      absl::StrCat("source \"", source.name, "\" has no consumer \"", name, "\""));
}

absl::StatusOr<model::Sequence> NextOf(const v1::ResetConsumerRequest& request,
                                       const storage::Bounds& bounds) {
  switch (request.place_case()) {
    case v1::ResetConsumerRequest::kBeginning:
      return bounds.oldest;
    case v1::ResetConsumerRequest::kNow:
      return bounds.newest + 1;
    case v1::ResetConsumerRequest::kSequence:
      break;
    case v1::ResetConsumerRequest::PLACE_NOT_SET:
      return absl::InvalidArgumentError(
          "place: is not set; expected one of sequence, beginning, now");
  }
  if (request.sequence() >= bounds.oldest && request.sequence() <= bounds.newest + 1) {
    return request.sequence();
  }
  return absl::OutOfRangeError(absl::StrCat("sequence: expected ", bounds.oldest, " to ",
                                            bounds.newest + 1, ", got ", request.sequence()));
}

absl::Status ListOf(const CapturedSource& source, const Streams& streams,
                    v1::ListConsumersResponse* response) {
  auto places = source.journal->Consumers();
  if (!places.ok()) return places.status();
  for (const storage::ConsumerPlace& place : *places) {
    *response->add_consumers() = ToProto(source, place, streams);
  }
  return absl::OkStatus();
}

}  // namespace

grpc::Status ConsumersService::List(grpc::ServerContext* context,
                                    const v1::ListConsumersRequest* request,
                                    v1::ListConsumersResponse* response) {
  if (grpc::Status admitted = admission_->Admit(*context); !admitted.ok()) return admitted;
  if (!request->source().empty()) {
    auto source = sources_->Find(request->source());
    return ToGrpc(source.ok() ? ListOf(**source, *streams_, response) : source.status());
  }
  for (const CapturedSource& source : sources_->all()) {
    absl::Status listed = ListOf(source, *streams_, response);
    if (!listed.ok()) return ToGrpc(listed);
  }
  return grpc::Status::OK;
}

grpc::Status ConsumersService::Reset(grpc::ServerContext* context,
                                     const v1::ResetConsumerRequest* request,
                                     v1::Consumer* response) {
  if (grpc::Status admitted = admission_->Admit(*context); !admitted.ok()) return admitted;
  auto source = sources_->Find(request->source());
  if (!source.ok()) return ToGrpc(source.status());
  absl::Status done = ValidateConsumerName(request->name(), "name");
  if (!done.ok()) return ToGrpc(done);
  auto next = NextOf(*request, (*source)->journal->bounds());
  if (!next.ok()) return ToGrpc(next.status());
  done = (*source)->journal->ResetConsumer(request->name(), *next);
  if (!done.ok()) return ToGrpc(done);
  streams_->EndConsumer((*source)->name, request->name(),
                        absl::AbortedError("the consumer's place was moved: subscribe again"));
  auto place = FindPlace(**source, request->name());
  if (!place.ok()) return ToGrpc(place.status());
  *response = ToProto(**source, *place, *streams_);
  return grpc::Status::OK;
}

grpc::Status ConsumersService::Delete(grpc::ServerContext* context,
                                      const v1::DeleteConsumerRequest* request,
                                      v1::DeleteConsumerResponse* /*response*/) {
  if (grpc::Status admitted = admission_->Admit(*context); !admitted.ok()) return admitted;
  auto source = sources_->Find(request->source());
  if (!source.ok()) return ToGrpc(source.status());
  auto place = FindPlace(**source, request->name());
  if (!place.ok()) return ToGrpc(place.status());
  absl::Status deleted = (*source)->journal->DeleteConsumer(request->name());
  if (deleted.ok()) {
    streams_->EndConsumer((*source)->name, request->name(),
                          absl::AbortedError("the consumer was deleted"));
  }
  return ToGrpc(deleted);
}

}  // namespace tidemark::service
