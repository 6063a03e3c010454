#ifndef TIDEMARK_SERVICE_SOURCES_SERVICE_H_
#define TIDEMARK_SERVICE_SOURCES_SERVICE_H_

#include <stop_token>
#include <utility>

#include "service/admission.h"
#include "service/sources.h"
#include "tidemark/v1/sources.grpc.pb.h"

namespace tidemark::service {

// tidemark.v1.Sources.
class SourcesService final : public v1::Sources::Service {
 public:
  // `admission` and `sources` must outlive it. Calls that wait for a server end at `stop`.
  SourcesService(const Admission* admission, const Sources* sources, std::stop_token stop)
      : admission_(admission), sources_(sources), stop_(std::move(stop)) {}

  grpc::Status List(grpc::ServerContext* context, const v1::ListSourcesRequest* request,
                    v1::ListSourcesResponse* response) override;
  grpc::Status Get(grpc::ServerContext* context, const v1::GetSourceRequest* request,
                   v1::Source* response) override;
  grpc::Status Check(grpc::ServerContext* context, const v1::CheckSourceRequest* request,
                     v1::CheckSourceResponse* response) override;

 private:
  const Admission* const admission_;
  const Sources* const sources_;
  const std::stop_token stop_;
};

}  // namespace tidemark::service

#endif  // TIDEMARK_SERVICE_SOURCES_SERVICE_H_
