#ifndef TIDEMARK_SERVICE_CONSUMERS_SERVICE_H_
#define TIDEMARK_SERVICE_CONSUMERS_SERVICE_H_

#include "service/admission.h"
#include "service/sources.h"
#include "service/streams.h"
#include "tidemark/v1/consumers.grpc.pb.h"

namespace tidemark::service {

// tidemark.v1.Consumers. Moving or forgetting a place ends the consumer's open stream with ABORTED.
class ConsumersService final : public v1::Consumers::Service {
 public:
  // All must outlive it.
  ConsumersService(const Admission* admission, const Sources* sources, Streams* streams)
      : admission_(admission), sources_(sources), streams_(streams) {}

  grpc::Status List(grpc::ServerContext* context, const v1::ListConsumersRequest* request,
                    v1::ListConsumersResponse* response) override;
  grpc::Status Reset(grpc::ServerContext* context, const v1::ResetConsumerRequest* request,
                     v1::Consumer* response) override;
  grpc::Status Delete(grpc::ServerContext* context, const v1::DeleteConsumerRequest* request,
                      v1::DeleteConsumerResponse* response) override;

 private:
  const Admission* const admission_;
  const Sources* const sources_;
  Streams* const streams_;
};

}  // namespace tidemark::service

#endif  // TIDEMARK_SERVICE_CONSUMERS_SERVICE_H_
