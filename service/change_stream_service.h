#ifndef TIDEMARK_SERVICE_CHANGE_STREAM_SERVICE_H_
#define TIDEMARK_SERVICE_CHANGE_STREAM_SERVICE_H_

#include "service/admission.h"
#include "service/sources.h"
#include "service/streams.h"
#include "service/work_threads.h"
#include "tidemark/v1/change_stream.grpc.pb.h"

namespace tidemark::service {

// tidemark.v1.ChangeStream. Subscribe is a raw method: the journal's bytes are its responses.
class ChangeStreamService final
    : public v1::ChangeStream::WithRawCallbackMethod_Subscribe<v1::ChangeStream::Service> {
 public:
  // All must outlive it.
  ChangeStreamService(const Admission* admission, const Sources* sources, Streams* streams,
                      WorkThreads* work)
      : admission_(admission), sources_(sources), streams_(streams), work_(work) {}

  grpc::ServerWriteReactor<grpc::ByteBuffer>* Subscribe(grpc::CallbackServerContext* context,
                                                        const grpc::ByteBuffer* request) override;
  grpc::Status Acknowledge(grpc::ServerContext* context, const v1::AcknowledgeRequest* request,
                           v1::AcknowledgeResponse* response) override;
  grpc::Status GetBounds(grpc::ServerContext* context, const v1::GetBoundsRequest* request,
                         v1::GetBoundsResponse* response) override;

 private:
  const Admission* const admission_;
  const Sources* const sources_;
  Streams* const streams_;
  WorkThreads* const work_;
};

}  // namespace tidemark::service

#endif  // TIDEMARK_SERVICE_CHANGE_STREAM_SERVICE_H_
