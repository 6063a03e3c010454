// Keeps the rows of a Tidemark source in an SQLite file: a named consumer of its gRPC stream.
//
//   consume-example --server 127.0.0.1:7654 --source shop --consumer search-index --state rows.db
//   consume-example --state rows.db --dump
//
// It acknowledges only what is on disk, goes on where it stopped however it was stopped, and
// connects again with growing pauses. It ends with exit code 1 where a person has to act: the
// service's message says what to do.

#include <google/protobuf/util/json_util.h>
#include <grpcpp/grpcpp.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "examples/cpp/store.h"
#include "tidemark/v1/change_stream.grpc.pb.h"
#include "tidemark/v1/consumers.grpc.pb.h"

namespace tidemark::example {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kPauseLeast{100};
constexpr milliseconds kPauseMost{10'000};

struct Options {
  std::string server = "127.0.0.1:7654";
  std::string source;
  std::string consumer;
  std::string state;
  std::string ca;
  std::string cert;
  std::string key;
  std::string token_file;
  bool dump = false;
};

absl::Status FromGrpc(const grpc::Status& status) {
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
}

// Trying again does not help.
bool IsFinal(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOutOfRange:  // the place is not retained any more
    case absl::StatusCode::kAborted:     // another stream took over the name, or it was moved
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kUnimplemented:
      return true;
    default:
      return false;
  }
}

absl::StatusOr<std::string> Read(const std::string& file) {
  if (file.empty()) return "";
  std::ifstream stream(file, std::ios::binary);
  std::string text(std::istreambuf_iterator<char>(stream), {});
  if (!stream.fail() && !text.empty()) return text;
  return absl::FailedPreconditionError(absl::StrCat(file, ": expected a readable file"));
}

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> MakeCredentials(const Options& options) {
  if (options.ca.empty()) return grpc::InsecureChannelCredentials();
  const auto ca = Read(options.ca), cert = Read(options.cert), key = Read(options.key);
  for (const auto* text : {&ca, &cert, &key}) {
    if (!text->ok()) return text->status();
  }
  grpc::SslCredentialsOptions ssl;
  ssl.pem_root_certs = *ca;
  ssl.pem_cert_chain = *cert;
  ssl.pem_private_key = *key;
  return grpc::SslCredentials(ssl);
}

absl::StatusOr<std::shared_ptr<grpc::Channel>> OpenChannel(const Options& options) {
  const auto credentials = MakeCredentials(options);
  if (!credentials.ok()) return credentials.status();
  grpc::ChannelArguments arguments;
  // An event of more than 4 MiB comes alone.
  arguments.SetMaxReceiveMessageSize(-1);
  // Notices a server that is gone without a word.
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 30'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 15'000);
  // Not the one of before, which waits before it connects again.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel(options.server, *credentials, arguments);
}

// One connection.
class Session {
 public:
  // The references must outlive it.
  Session(const std::shared_ptr<grpc::Channel>& channel, std::string token, const Options& options,
          Store& store)
      : stream_(v1::ChangeStream::NewStub(channel)),
        consumers_(v1::Consumers::NewStub(channel)),
        token_(std::move(token)),
        options_(options),
        store_(store) {}

  // Returns only with an error.
  absl::Status Run();
  // It was more than an attempt.
  bool advanced() const { return advanced_; }

 private:
  absl::Status Begin();
  absl::Status Acknowledge();
  void Authorize(grpc::ClientContext& context) const {
    if (!token_.empty()) context.AddMetadata("authorization", "Bearer " + token_);
  }

  std::unique_ptr<v1::ChangeStream::Stub> stream_;
  std::unique_ptr<v1::Consumers::Stub> consumers_;
  const std::string token_;
  const Options& options_;
  Store& store_;
  bool advanced_ = false;
};

absl::Status Session::Run() {
  if (absl::Status begun = Begin(); !begun.ok()) return begun;
  v1::SubscribeRequest request;
  request.set_source(options_.source);
  request.set_consumer(options_.consumer);
  grpc::ClientContext context;
  Authorize(context);
  const auto reader = stream_->Subscribe(&context, request);
  v1::SubscribeResponse response;
  absl::Status taken;
  while (taken.ok() && reader->Read(&response)) {
    taken = store_.Take(response);
    if (taken.ok()) taken = Acknowledge();
    advanced_ = advanced_ || taken.ok();
  }
  if (taken.ok()) return FromGrpc(reader->Finish());
  context.TryCancel();
  reader->Finish();
  return taken;
}

// The service knows what we hold. It may know less, if we were killed in between; never more.
absl::Status Session::Begin() {
  if (store_.next() > 1) {
    if (absl::Status told = Acknowledge(); !told.ok()) return told;
  }
  v1::ListConsumersRequest request;
  v1::ListConsumersResponse response;
  request.set_source(options_.source);
  grpc::ClientContext context;
  Authorize(context);
  const grpc::Status listed = consumers_->List(&context, request, &response);
  if (!listed.ok()) return FromGrpc(listed);
  for (const v1::Consumer& known : response.consumers()) {
    if (known.name() != options_.consumer || known.acknowledged_sequence() < store_.next())
      continue;
    return absl::FailedPreconditionError(absl::StrCat(
        options_.state, " holds events up to ", store_.next() - 1, ", but ",
        known.acknowledged_sequence(),
        " was acknowledged: it is not the folder of this consumer, or an old copy. Remove it, "
        "delete the consumer (tidemark consumer delete ",
        known.name(), "), and take a snapshot once this program runs again."));
  }
  return absl::OkStatus();
}

absl::Status Session::Acknowledge() {
  v1::AcknowledgeRequest request;
  v1::AcknowledgeResponse response;
  request.set_source(options_.source);
  request.set_consumer(options_.consumer);
  request.set_sequence(store_.next() - 1);
  grpc::ClientContext context;
  Authorize(context);
  return FromGrpc(stream_->Acknowledge(&context, request, &response));
}

// A new connection each time, so that renewed certificates and tokens are read.
absl::Status Connect(const Options& options, Store& store, bool* advanced) {
  const auto channel = OpenChannel(options);
  if (!channel.ok()) return channel.status();
  absl::StatusOr<std::string> token = Read(options.token_file);
  if (!token.ok()) return token.status();
  Session session(*channel, token->substr(0, token->find_first_of("\r\n")), options, store);
  absl::Status ended = session.Run();
  *advanced = session.advanced();
  return ended;
}

absl::Status Follow(const Options& options, Store& store) {
  std::mt19937 random(std::random_device{}());
  for (milliseconds pause = kPauseLeast;;) {
    bool advanced = false;
    absl::Status ended = Connect(options, store, &advanced);
    if (IsFinal(ended)) return ended;
    std::fprintf(stderr, "%s; connecting again\n", ended.ToString().c_str());
    pause = advanced ? kPauseLeast : std::min(pause * 2, kPauseMost);
    std::this_thread::sleep_for(pause / 2 + milliseconds(random() % (pause.count() / 2)));
  }
}

void Print(const v1::Event& event) {
  std::string text;
  // An event with a body that we know has a JSON form.
  if (google::protobuf::util::MessageToJsonString(event, &text).ok()) std::puts(text.c_str());
}

absl::Status Run(const Options& options) {
  const auto store = Store::Open(options.state);
  if (!store.ok()) return store.status();
  return options.dump ? (*store)->Dump(Print) : Follow(options, **store);
}

}  // namespace
}  // namespace tidemark::example

int main(int argc, char** argv) {
  tidemark::example::Options options;
  CLI::App app("Keeps the rows of a Tidemark source in an SQLite file.", "consume-example");
  app.add_option("--server", options.server, "address of tidemarkd")->capture_default_str();
  auto* source =
      app.add_option("--source", options.source, "its name in tidemarkd's configuration");
  auto* consumer = app.add_option("--consumer", options.consumer, "under which the place is kept");
  app.add_option("--state", options.state, "the SQLite file")->required();
  app.add_flag("--dump", options.dump, "print what the folder holds, and end");
  app.add_option("--ca", options.ca, "use TLS, with the authorities in this PEM file");
  app.add_option("--cert", options.cert, "our certificate, a PEM file");
  app.add_option("--key", options.key, "its key, a PEM file");
  app.add_option("--token-file", options.token_file, "send the token in this file");
  app.callback([&] {
    if (options.dump) return;
    if (source->empty()) throw CLI::RequiredError("--source");
    if (consumer->empty()) throw CLI::RequiredError("--consumer");
  });
  CLI11_PARSE(app, argc, argv);
  const absl::Status status = tidemark::example::Run(options);
  if (status.ok()) return 0;
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  return 1;
}
