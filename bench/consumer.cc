#include "bench/consumer.h"

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "tests/support/service_process.h"

namespace tidemark::bench {
namespace {

constexpr char kMethod[] = "/tidemark.v1.ChangeStream/Subscribe";

grpc::ByteBuffer Request(uint64_t from) {
  v1::SubscribeRequest request;
  request.set_source(testing::ServiceProcess::kSource);
  request.set_sequence(from);
  const grpc::Slice slice(request.SerializeAsString());
  return grpc::ByteBuffer(&slice, 1);
}

std::shared_ptr<grpc::Channel> OpenChannel(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

}  // namespace

// One operation is under way at a time: each is started, then awaited.
struct Consumer::Stream {
  Stream(const std::string& address, absl::Duration timeout) : stub(OpenChannel(address)) {
    context.set_deadline(std::chrono::system_clock::now() + absl::ToChronoMilliseconds(timeout));
    call = stub.PrepareCall(&context, kMethod, &queue);
  }

  bool Await() {
    void* tag = nullptr;
    bool ok = false;
    return queue.Next(&tag, &ok) && ok;
  }

  std::string Finish() {
    grpc::Status status;
    call->Finish(&status, nullptr);
    Await();
    call.reset();
    return status.error_message();
  }

  grpc::CompletionQueue queue;
  grpc::ClientContext context;
  grpc::GenericStub stub;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> call;
  grpc::ByteBuffer buffer;
  grpc::Slice slice;
};

Consumer::Consumer(std::unique_ptr<Stream> stream) : stream_(std::move(stream)) {}

absl::StatusOr<std::unique_ptr<Consumer>> Consumer::Open(const std::string& address, uint64_t from,
                                                         absl::Duration timeout) {
  std::unique_ptr<Consumer> consumer(new Consumer(std::make_unique<Stream>(address, timeout)));
  Stream& stream = *consumer->stream_;
  stream.call->StartCall(nullptr);
  bool sent = stream.Await();
  if (sent) {
    stream.call->WriteLast(Request(from), grpc::WriteOptions(), nullptr);
    sent = stream.Await();
  }
  if (sent) return consumer;
  return absl::UnavailableError(absl::StrCat("no stream: ", stream.Finish()));
}

Consumer::~Consumer() {
  Cancel();
  if (stream_->call != nullptr) stream_->Finish();
  stream_->queue.Shutdown();
  while (stream_->Await()) {
  }
}

absl::StatusOr<std::string_view> Consumer::Next() {
  stream_->call->Read(&stream_->buffer, nullptr);
  if (!stream_->Await()) {
    return absl::UnavailableError(absl::StrCat("the stream ended: ", stream_->Finish()));
  }
  grpc::Slice& slice = stream_->slice;
  if (!stream_->buffer.TrySingleSlice(&slice).ok() &&
      !stream_->buffer.DumpToSingleSlice(&slice).ok()) {
    return absl::InternalError("a message cannot be read");
  }
  return std::string_view(reinterpret_cast<const char*>(slice.begin()), slice.size());
}

void Consumer::Cancel() { stream_->context.TryCancel(); }

}  // namespace tidemark::bench
