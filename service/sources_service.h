#ifndef TIDEMARK_SERVICE_SOURCES_SERVICE_H_
#define TIDEMARK_SERVICE_SOURCES_SERVICE_H_

#include "service/sources.h"
#include "tidemark/v1/sources.grpc.pb.h"

namespace tidemark::service {

// tidemark.v1.Sources.
class SourcesService final : public v1::Sources::Service {
 public:
  // `sources` must outlive it.
  explicit SourcesService(const Sources* sources) : sources_(sources) {}

  grpc::Status List(grpc::ServerContext* context, const v1::ListSourcesRequest* request,
                    v1::ListSourcesResponse* response) override;
  grpc::Status Get(grpc::ServerContext* context, const v1::GetSourceRequest* request,
                   v1::Source* response) override;
  grpc::Status Check(grpc::ServerContext* context, const v1::CheckSourceRequest* request,
                     v1::CheckSourceResponse* response) override;

 private:
  const Sources* const sources_;
};

}  // namespace tidemark::service

#endif  // TIDEMARK_SERVICE_SOURCES_SERVICE_H_
