#include "service/grpc_server.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/impl/codegen/client_unary_call.h>
#include <grpcpp/impl/codegen/rpc_method.h>
#include <grpcpp/impl/codegen/sync_stream.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>

#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/descriptor_database.h"
#include "google/protobuf/unknown_field_set.h"
#include "grpc/health/v1/health.pb.h"
#include "tests/service/events.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_folder.h"
#include "tidemark/v1/change_stream.grpc.pb.h"
#include "tidemark/v1/consumers.grpc.pb.h"
#include "tidemark/v1/snapshots.grpc.pb.h"
#include "tidemark/v1/sources.grpc.pb.h"

namespace tidemark::service {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr model::Op kCreate = model::Op::kCreate;

class FakeJobs final : public snapshot::JobControl {
 public:
  absl::StatusOr<snapshot::JobStatus> Create(const snapshot::JobRequest& request) override {
    if (!request.tables.empty() && request.tables[0].name == "nokey") {
      return absl::FailedPreconditionError("table p.nokey has no key; add one");
    }
    status_.id = 5;
    status_.limits = request.limits;
    for (const auto& table : request.tables) {
      status_.tables.push_back({table.name_space + "." + table.name, 0, 10, 0, false});
    }
    return status_;
  }
  absl::StatusOr<snapshot::JobStatus> Get(uint64_t id) const override {
    if (id != 5) return absl::NotFoundError("no such job");
    snapshot::JobStatus status = status_;
    status.rows_done = gets_++;
    if (gets_ > 3) status.state = snapshot::JobState::kCompleted;
    return status;
  }
  std::vector<snapshot::JobStatus> List() const override { return {status_}; }
  absl::StatusOr<snapshot::JobStatus> Pause(uint64_t) override {
    return absl::FailedPreconditionError("it has ended");
  }
  absl::StatusOr<snapshot::JobStatus> Resume(uint64_t) override { return status_; }
  absl::StatusOr<snapshot::JobStatus> Cancel(uint64_t) override { return status_; }
  absl::StatusOr<snapshot::JobStatus> SetLimits(uint64_t, std::optional<uint64_t> rows,
                                                std::optional<uint32_t> readers) override {
    if (rows) status_.limits.rows_per_second_max = *rows;
    if (readers) status_.limits.readers_max = *readers;
    return status_;
  }

 private:
  snapshot::JobStatus status_;
  mutable std::atomic<uint64_t> gets_ = 0;
};

class FakePipeline final : public Pipeline {
 public:
  void BeginStop() override {}
  void Published(const model::Position&) override {}
  void Fail(const absl::Status&) override {}
  PipelineStatus status() const override {
    PipelineStatus status;
    status.state = PipelineState::kStopped;
    status.error = "the slot is gone; create it again";
    return status;
  }
  PipelineMetrics metrics() const override {
    PipelineMetrics metrics;
    metrics.status = status();
    return metrics;
  }
  snapshot::JobControl& jobs() override { return jobs_; }

 private:
  FakeJobs jobs_;
};

std::string Bytes(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  EXPECT_TRUE(buffer.Dump(&slices).ok());
  std::string bytes;
  for (const grpc::Slice& slice : slices) {
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return bytes;
}

// Raw responses of a Subscribe, as they came.
class RawStream {
 public:
  RawStream(const std::shared_ptr<grpc::Channel>& channel, const v1::SubscribeRequest& request)
      : method_("/tidemark.v1.ChangeStream/Subscribe", grpc::internal::RpcMethod::SERVER_STREAMING,
                channel) {
    context_.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    reader_.reset(grpc::internal::ClientReaderFactory<grpc::ByteBuffer>::Create(
        channel.get(), method_, &context_, request));
  }
  ~RawStream() {
    context_.TryCancel();
    std::string ignored;
    while (Read(&ignored)) {
    }
  }

  bool Read(std::string* bytes) {
    grpc::ByteBuffer buffer;
    if (!reader_->Read(&buffer)) return false;
    *bytes = Bytes(buffer);
    return true;
  }
  // Waits until the service has accepted the stream.
  void WaitForStart() { reader_->WaitForInitialMetadata(); }
  // Sequences of changes and other events up to `last`, heartbeats left out.
  std::vector<model::Sequence> ReadUntil(model::Sequence last) {
    std::vector<model::Sequence> sequences;
    std::string bytes;
    while (Read(&bytes)) {
      v1::SubscribeResponse response;
      EXPECT_TRUE(response.ParseFromString(bytes));
      for (const v1::Event& event : response.events()) {
        if (!event.has_heartbeat()) sequences.push_back(event.sequence());
        if (event.sequence() >= last) return sequences;
      }
    }
    return sequences;
  }
  grpc::Status Finish() {
    std::string ignored;
    while (Read(&ignored)) {
    }
    return reader_->Finish();
  }

 private:
  grpc::ClientContext context_;
  grpc::internal::RpcMethod method_;
  std::unique_ptr<grpc::ClientReader<grpc::ByteBuffer>> reader_;
};

// A server over a real store with one source, "shop", that holds events 1 to 6.
class GrpcServerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    storage::StoreOptions options;
    options.folder = folder_.File("data");
    ASSERT_OK_AND_ASSIGN(store_, storage::Store::Open(options));
    ASSERT_OK_AND_ASSIGN(journal_, store_->OpenJournal("shop"));
    Append(BlockMaker(1)
               .Schema(MakeSchema(1, 10, "p", "a"))
               .Schema(MakeSchema(2, 20, "p", "b"))
               .Change(1, kCreate, 1, "x")
               .Change(2, model::Op::kUpdate, 2, "y"));
    Append(BlockMaker(5).Change(2, kCreate, 3, "z").End());
    Serve(journal_);
  }

  void Serve(storage::Journal* journal) {
    server_.reset();
    sources_.emplace(
        std::vector<CapturedSource>{{"shop", "postgres", nullptr, journal, &pipeline_}});
    ASSERT_OK_AND_ASSIGN(server_, GrpcServer::Start("127.0.0.1:0", &*sources_));
    channel_ = grpc::CreateChannel(server_->address(), grpc::InsecureChannelCredentials());
    changes_ = v1::ChangeStream::NewStub(channel_);
    consumers_ = v1::Consumers::NewStub(channel_);
    snapshots_ = v1::Snapshots::NewStub(channel_);
  }

  void Append(BlockMaker& maker, uint64_t time_us = 1'000'000) {
    storage::AppendBatch batch = maker.Batch(time_us);
    appended_ += batch.blocks[0].frames;
    ASSERT_OK(journal_->Append(std::move(batch)));
  }

  static v1::SubscribeRequest From(model::Sequence sequence) {
    v1::SubscribeRequest request;
    request.set_source("shop");
    request.set_sequence(sequence);
    return request;
  }
  static v1::SubscribeRequest As(const std::string& consumer) {
    v1::SubscribeRequest request;
    request.set_source("shop");
    request.set_consumer(consumer);
    return request;
  }

  grpc::Status Acknowledge(const std::string& consumer, model::Sequence sequence) {
    v1::AcknowledgeRequest request;
    request.set_source("shop");
    request.set_consumer(consumer);
    request.set_sequence(sequence);
    grpc::ClientContext context;
    v1::AcknowledgeResponse response;
    return changes_->Acknowledge(&context, request, &response);
  }

  grpc::Status Refused(const v1::SubscribeRequest& request) {
    return RawStream(channel_, request).Finish();
  }

  testing::TempFolder folder_;
  std::unique_ptr<storage::Store> store_;
  storage::Journal* journal_ = nullptr;
  std::string appended_;
  FakePipeline pipeline_;
  std::optional<Sources> sources_;
  std::unique_ptr<GrpcServer> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::ChangeStream::Stub> changes_;
  std::unique_ptr<v1::Consumers::Stub> consumers_;
  std::unique_ptr<v1::Snapshots::Stub> snapshots_;
};

TEST_F(GrpcServerTest, TheBytesReceivedAreTheBytesAppended) {
  RawStream stream(channel_, From(1));
  std::string received, bytes;
  while (received.size() < appended_.size() && stream.Read(&bytes)) received += bytes;
  EXPECT_EQ(received, appended_);
}

TEST_F(GrpcServerTest, StreamsStartAnywhereAndGoOnLive) {
  v1::SubscribeRequest beginning, now;
  beginning.set_source("shop");
  beginning.set_beginning(true);
  now.set_source("shop");
  now.set_now(true);
  RawStream from_beginning(channel_, beginning), from_now(channel_, now);
  RawStream from_five(channel_, From(5)), from_next(channel_, From(7));
  from_now.WaitForStart();
  Append(BlockMaker(7).Change(1, kCreate, 4, "live"));
  EXPECT_THAT(from_beginning.ReadUntil(7), ElementsAre(1, 2, 3, 4, 5, 6, 7));
  EXPECT_THAT(from_five.ReadUntil(7), ElementsAre(2, 5, 6, 1, 7));
  EXPECT_THAT(from_now.ReadUntil(7), ElementsAre(1, 7));
  EXPECT_THAT(from_next.ReadUntil(7), ElementsAre(1, 7));
}

TEST_F(GrpcServerTest, AStreamStartsAtATime) {
  Append(BlockMaker(7).Change(1, kCreate, 4, "x"), 5'000'000);
  v1::SubscribeRequest request;
  request.set_source("shop");
  request.set_time_us(4'000'000);
  EXPECT_THAT(RawStream(channel_, request).ReadUntil(7), ElementsAre(1, 7));
}

TEST_F(GrpcServerTest, AFilteredStreamHasItsSchemasAndHeartbeatsWithProgress) {
  v1::SubscribeRequest request = From(3);
  request.add_tables("p.b");
  request.add_ops(v1::OP_CREATE);
  request.set_without_transaction_ends(true);
  request.set_heartbeat_interval_ms(100);
  RawStream stream(channel_, request);
  EXPECT_THAT(stream.ReadUntil(5), ElementsAre(2, 5));
  Append(BlockMaker(7).Change(1, kCreate, 4, "x"));
  std::string bytes;
  v1::SubscribeResponse response;
  while (stream.Read(&bytes)) {
    ASSERT_TRUE(response.ParseFromString(bytes));
    ASSERT_EQ(response.events_size(), 1);
    ASSERT_TRUE(response.events(0).has_heartbeat());
    if (response.events(0).sequence() == 7) break;
  }
  EXPECT_EQ(response.events(0).sequence(), 7u);
  EXPECT_EQ(response.events(0).heartbeat().frontier().offset(), 107u);
}

TEST_F(GrpcServerTest, ANamedConsumerGoesOnWhereItAcknowledged) {
  EXPECT_THAT(RawStream(channel_, As("etl")).ReadUntil(6), ElementsAre(1, 2, 3, 4, 5, 6));
  ASSERT_TRUE(Acknowledge("etl", 4).ok());
  ASSERT_TRUE(Acknowledge("etl", 2).ok());
  EXPECT_THAT(RawStream(channel_, As("etl")).ReadUntil(6), ElementsAre(2, 5, 6));
}

TEST_F(GrpcServerTest, ANewStreamTakesANamedConsumerOver) {
  RawStream first(channel_, As("etl"));
  EXPECT_EQ(first.ReadUntil(6).size(), 6u);
  RawStream second(channel_, As("etl"));
  grpc::Status ended = first.Finish();
  EXPECT_EQ(ended.error_code(), grpc::StatusCode::ABORTED);
  EXPECT_THAT(ended.error_message(), HasSubstr("etl"));
  EXPECT_EQ(second.ReadUntil(6).size(), 6u);
}

TEST_F(GrpcServerTest, BehindTheRetainedTailIsOutOfRange) {
  ASSERT_TRUE(Acknowledge("etl", 1).ok());
  for (int i = 7; i < 20; ++i) Append(BlockMaker(i).Change(1, kCreate, i, std::string(9000, 'x')));
  ASSERT_OK(journal_->Trim({.age_s_max = 0, .bytes_max = 20'000}, 2'000'000));
  model::Sequence oldest = journal_->bounds().oldest;
  ASSERT_GT(oldest, 6u);
  grpc::Status status = Refused(From(1));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::OUT_OF_RANGE);
  EXPECT_THAT(status.error_message(), HasSubstr(std::to_string(oldest)));
  status = Refused(As("etl"));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::OUT_OF_RANGE);
  EXPECT_THAT(status.error_message(), HasSubstr("tidemark consumer reset"));
  EXPECT_EQ(Refused(From(99)).error_code(), grpc::StatusCode::OUT_OF_RANGE);
}

TEST_F(GrpcServerTest, MalformedRequestsNameTheField) {
  auto code_and_text = [&](const v1::SubscribeRequest& request) {
    grpc::Status status = Refused(request);
    return std::pair(status.error_code(), status.error_message());
  };
  auto invalid = [](const char* text) {
    return ::testing::Pair(grpc::StatusCode::INVALID_ARGUMENT, HasSubstr(text));
  };
  v1::SubscribeRequest request;
  request.set_source("shop");
  EXPECT_THAT(code_and_text(request), invalid("start: is not set"));
  EXPECT_THAT(code_and_text(From(0)), invalid("sequence: expected"));
  EXPECT_THAT(code_and_text(As("a b")), invalid("consumer: expected"));
  request = From(1);
  request.add_tables("orders");
  EXPECT_THAT(code_and_text(request), invalid("tables: expected"));
  request = From(1);
  request.add_ops(static_cast<v1::Op>(77));
  EXPECT_THAT(code_and_text(request), invalid("ops: expected"));
  request = From(1);
  request.set_batch_bytes_max(5);
  EXPECT_THAT(code_and_text(request), invalid("batch_bytes_max: expected"));
  request = From(1);
  request.set_heartbeat_interval_ms(5);
  EXPECT_THAT(code_and_text(request), invalid("heartbeat_interval_ms: expected"));
  request = From(1);
  request.set_source("other");
  EXPECT_THAT(code_and_text(request),
              ::testing::Pair(grpc::StatusCode::NOT_FOUND, HasSubstr("there are: shop")));
  EXPECT_EQ(Acknowledge("etl", 99).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(Acknowledge("", 1).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(GrpcServerTest, ConsumersAreListedResetAndDeleted) {
  ASSERT_TRUE(Acknowledge("etl", 4).ok());
  RawStream stream(channel_, As("etl"));
  stream.WaitForStart();
  v1::ListConsumersResponse list;
  {
    grpc::ClientContext context;
    ASSERT_TRUE(consumers_->List(&context, {}, &list).ok());
  }
  ASSERT_EQ(list.consumers_size(), 1);
  EXPECT_EQ(list.consumers(0).acknowledged_sequence(), 4u);
  EXPECT_EQ(list.consumers(0).lag_events(), 2u);
  EXPECT_TRUE(list.consumers(0).connected());

  v1::ResetConsumerRequest reset;
  reset.set_source("shop");
  reset.set_name("etl");
  reset.set_sequence(2);
  v1::Consumer consumer;
  {
    grpc::ClientContext context;
    ASSERT_TRUE(consumers_->Reset(&context, reset, &consumer).ok());
  }
  EXPECT_EQ(consumer.acknowledged_sequence(), 1u);
  EXPECT_EQ(stream.Finish().error_code(), grpc::StatusCode::ABORTED);
  reset.set_sequence(50);
  {
    grpc::ClientContext context;
    EXPECT_EQ(consumers_->Reset(&context, reset, &consumer).error_code(),
              grpc::StatusCode::OUT_OF_RANGE);
  }
  v1::DeleteConsumerRequest remove;
  remove.set_source("shop");
  remove.set_name("etl");
  v1::DeleteConsumerResponse removed;
  grpc::ClientContext once, twice;
  EXPECT_TRUE(consumers_->Delete(&once, remove, &removed).ok());
  EXPECT_EQ(consumers_->Delete(&twice, remove, &removed).error_code(), grpc::StatusCode::NOT_FOUND);
}

TEST_F(GrpcServerTest, SnapshotsAreCreatedWatchedAndRefused) {
  v1::CreateSnapshotRequest request;
  request.set_source("shop");
  request.add_tables()->set_table("a");
  v1::Snapshot snapshot;
  {
    grpc::ClientContext context;
    grpc::Status status = snapshots_->Create(&context, request, &snapshot);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
    EXPECT_THAT(status.error_message(), HasSubstr("tables[0].table: expected"));
  }
  request.mutable_tables(0)->set_table("p.nokey");
  {
    grpc::ClientContext context;
    EXPECT_EQ(snapshots_->Create(&context, request, &snapshot).error_code(),
              grpc::StatusCode::FAILED_PRECONDITION);
  }
  request.mutable_tables(0)->set_table("p.a");
  {
    grpc::ClientContext context;
    ASSERT_TRUE(snapshots_->Create(&context, request, &snapshot).ok());
  }
  EXPECT_EQ(snapshot.id(), 5u);
  EXPECT_EQ(snapshot.source(), "shop");
  EXPECT_EQ(snapshot.tables(0).table(), "p.a");

  v1::WatchSnapshotRequest watch;
  watch.set_id(5);
  watch.set_interval_ms(50);
  grpc::ClientContext context;
  auto stream = snapshots_->Watch(&context, watch);
  int states = 0;
  while (stream->Read(&snapshot)) ++states;
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_GE(states, 2);
  EXPECT_EQ(snapshot.state(), v1::Snapshot::COMPLETED);

  v1::PauseSnapshotRequest pause;
  pause.set_id(6);
  grpc::ClientContext unknown;
  EXPECT_EQ(snapshots_->Pause(&unknown, pause, &snapshot).error_code(),
            grpc::StatusCode::NOT_FOUND);
}

TEST_F(GrpcServerTest, SourcesSayTheirState) {
  auto stub = v1::Sources::NewStub(channel_);
  v1::ListSourcesResponse response;
  grpc::ClientContext context;
  ASSERT_TRUE(stub->List(&context, {}, &response).ok());
  ASSERT_EQ(response.sources_size(), 1);
  EXPECT_EQ(response.sources(0).state(), v1::Source::STOPPED);
  EXPECT_EQ(response.sources(0).newest_sequence(), 6u);
  EXPECT_THAT(response.sources(0).error(), HasSubstr("slot"));
}

TEST_F(GrpcServerTest, HealthIsServedForEachService) {
  for (std::string name : {"", "tidemark.v1.ChangeStream", "tidemark.v1.Snapshots"}) {
    grpc::health::v1::HealthCheckRequest request;
    request.set_service(name);
    grpc::health::v1::HealthCheckResponse response;
    grpc::internal::RpcMethod method("/grpc.health.v1.Health/Check",
                                     grpc::internal::RpcMethod::NORMAL_RPC, channel_);
    grpc::ClientContext context;
    grpc::Status status =
        grpc::internal::BlockingUnaryCall(channel_.get(), method, &context, request, &response);
    ASSERT_TRUE(status.ok()) << status.error_message();
    EXPECT_EQ(response.status(), grpc::health::v1::HealthCheckResponse::SERVING);
  }
}

// Asks the server to describe itself (grpc/reflection/v1alpha/reflection.proto), as grpcurl does.
class Reflection {
 public:
  explicit Reflection(const std::shared_ptr<grpc::Channel>& channel)
      : method_("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
                grpc::internal::RpcMethod::BIDI_STREAMING, channel) {
    context_.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    stream_.reset(
        grpc::internal::ClientReaderWriterFactory<grpc::ByteBuffer, grpc::ByteBuffer>::Create(
            channel.get(), method_, &context_));
  }

  // list_services (7) is answered by list_services_response (6), service (1), name (1).
  std::vector<std::string> Services() {
    std::vector<std::string> names;
    for (const std::string& list : Fields(Ask(7, "*"), 6)) {
      for (const std::string& service : Fields(list, 1)) names.push_back(Fields(service, 1).at(0));
    }
    return names;
  }
  // file_containing_symbol (4) by file_descriptor_response (4), file_descriptor_proto (1): the file
  // and all that it needs.
  std::vector<std::string> Files(const std::string& symbol) {
    std::vector<std::string> files;
    for (const std::string& response : Fields(Ask(4, symbol), 4)) {
      for (const std::string& file : Fields(response, 1)) files.push_back(file);
    }
    return files;
  }

 private:
  std::string Ask(int field, const std::string& text) {
    const std::string request = absl::StrCat(std::string(1, static_cast<char>(field << 3 | 2)),
                                             std::string(1, static_cast<char>(text.size())), text);
    const grpc::Slice slice(request);
    EXPECT_TRUE(stream_->Write(grpc::ByteBuffer(&slice, 1)));
    grpc::ByteBuffer response;
    EXPECT_TRUE(stream_->Read(&response));
    return Bytes(response);
  }
  // Of a message, its fields of this number that are texts, bytes or messages.
  static std::vector<std::string> Fields(const std::string& message, int number) {
    google::protobuf::UnknownFieldSet parsed;
    EXPECT_TRUE(parsed.ParseFromString(message));
    std::vector<std::string> found;
    for (int i = 0; i < parsed.field_count(); ++i) {
      const google::protobuf::UnknownField& field = parsed.field(i);
      if (field.number() != number) continue;
      if (field.type() == google::protobuf::UnknownField::TYPE_LENGTH_DELIMITED) {
        found.push_back(field.length_delimited());
      }
    }
    return found;
  }

  grpc::internal::RpcMethod method_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<grpc::ByteBuffer, grpc::ByteBuffer>> stream_;
};

TEST_F(GrpcServerTest, ReflectionListsAndDescribesEveryService) {
  const std::vector<std::string> listed = Reflection(channel_).Services();
  for (const char* name :
       {"grpc.health.v1.Health", "tidemark.v1.ChangeStream", "tidemark.v1.Consumers",
        "tidemark.v1.Snapshots", "tidemark.v1.Sources"}) {
    EXPECT_THAT(listed, ::testing::Contains(name));
    google::protobuf::SimpleDescriptorDatabase files;
    // On a stream of its own: the library's answers hold those before them too.
    for (const std::string& file : Reflection(channel_).Files(name)) {
      google::protobuf::FileDescriptorProto described;
      ASSERT_TRUE(described.ParseFromString(file));
      EXPECT_TRUE(files.Add(described));
    }
    // It knows nothing but what came.
    google::protobuf::DescriptorPool pool(&files);
    const google::protobuf::ServiceDescriptor* service = pool.FindServiceByName(name);
    ASSERT_NE(service, nullptr) << name;
    EXPECT_GT(service->method_count(), 0) << name;
  }
}

TEST_F(GrpcServerTest, ASecondServerOnTheAddressIsRefused) {
  auto second = GrpcServer::Start(server_->address(), &*sources_);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(second.status().message()), HasSubstr(server_->address()));
}

TEST_F(GrpcServerTest, ShutdownEndsOpenStreamsInTime) {
  std::vector<std::unique_ptr<RawStream>> streams;
  for (int i = 0; i < 20; ++i) streams.push_back(std::make_unique<RawStream>(channel_, From(1)));
  for (auto& stream : streams) EXPECT_EQ(stream->ReadUntil(6).size(), 6u);
  auto start = std::chrono::steady_clock::now();
  server_->Shutdown(std::chrono::milliseconds(1500));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(3));
  for (auto& stream : streams) {
    grpc::Status status = stream->Finish();
    EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
    EXPECT_THAT(status.error_message(), HasSubstr("shutting down"));
  }
}

// An endless journal that counts the blocks which are held.
class EndlessJournal final : public storage::Journal {
 public:
  static constexpr size_t kBlockBytes = 256 << 10;

  absl::Status Append(storage::AppendBatch) override { return absl::OkStatus(); }
  storage::Checkpoint checkpoint() const override { return {}; }
  storage::Bounds bounds() const override { return {1, 1u << 30, {}, 0}; }
  absl::StatusOr<storage::Backlog> Behind(model::Sequence) const override {
    return storage::Backlog{};
  }
  absl::StatusOr<std::vector<std::shared_ptr<const model::TableSchema>>> Schemas() const override {
    return std::vector<std::shared_ptr<const model::TableSchema>>();
  }
  absl::StatusOr<std::string> SchemaFrame(model::SchemaId) const override {
    return absl::NotFoundError("none");
  }
  absl::StatusOr<std::vector<storage::PendingReread>> Rereads(size_t,
                                                              model::Sequence) const override {
    return std::vector<storage::PendingReread>();
  }
  absl::StatusOr<std::vector<model::DriverRecord>> DriverRecords() const override {
    return std::vector<model::DriverRecord>();
  }
  absl::StatusOr<std::unique_ptr<storage::Cursor>> Read(model::Sequence from) override {
    return std::make_unique<EndlessCursor>(this, from);
  }
  absl::StatusOr<model::Sequence> FindTime(uint64_t) const override { return 1; }
  uint64_t WaitFor(model::Sequence, std::function<void()>) override { return 1; }
  void StopWaiting(uint64_t) override {}
  absl::Status Acknowledge(const std::string&, model::Sequence) override {
    return absl::OkStatus();
  }
  absl::Status ResetConsumer(const std::string&, model::Sequence) override {
    return absl::OkStatus();
  }
  absl::Status DeleteConsumer(const std::string&) override { return absl::OkStatus(); }
  absl::StatusOr<std::vector<storage::ConsumerPlace>> Consumers() const override {
    return std::vector<storage::ConsumerPlace>();
  }
  storage::StateLog& state_log() override { std::abort(); }
  absl::Status Trim(const storage::Retention&, uint64_t) override { return absl::OkStatus(); }

  std::atomic<int> made = 0, held = 0, held_most = 0;

 private:
  class EndlessCursor final : public storage::Cursor {
   public:
    EndlessCursor(EndlessJournal* journal, model::Sequence place)
        : journal_(journal), place_(place) {}
    absl::StatusOr<std::optional<storage::Block>> Next() override {
      model::Bytes frames;
      std::string content(kBlockBytes, 'x');
      model::AppendMessageFrame(frames, {.prefix = "p", .content = content, .position = {}});
      model::SetSequence(frames.data(), place_);
      ++journal_->made;
      journal_->held_most = std::max<int>(journal_->held_most, ++journal_->held);
      auto* journal = journal_;
      std::shared_ptr<model::Bytes> owner(new model::Bytes(std::move(frames)),
                                          [journal](model::Bytes* bytes) {
                                            --journal->held;
                                            delete bytes;
                                          });
      storage::Block block;
      block.first = place_++;
      block.count = 1;
      block.frames = owner->view();
      block.owner = owner;
      return block;
    }
    model::Sequence place() const override { return place_; }

   private:
    EndlessJournal* journal_;
    model::Sequence place_;
  };
};

TEST_F(GrpcServerTest, AConsumerThatReadsNothingHoldsABatchAtMost) {
  EndlessJournal endless;
  Serve(&endless);
  {
    RawStream stream(channel_, From(1));
    stream.WaitForStart();
    int made = -1;
    while (made != endless.made) {
      made = endless.made;
      std::this_thread::sleep_for(std::chrono::milliseconds(300));
    }
    // One response of 1 MiB is being written, and what the client's window and the sockets took is
    // gone.
    size_t batch_blocks = (1 << 20) / EndlessJournal::kBlockBytes;
    EXPECT_LE(endless.held, static_cast<int>(2 * batch_blocks + 1));
    std::string bytes;
    for (int i = 0; i < 40; ++i) ASSERT_TRUE(stream.Read(&bytes));
    EXPECT_LE(endless.held_most, static_cast<int>(4 * batch_blocks));
    auto start = std::chrono::steady_clock::now();
    server_->Shutdown(std::chrono::milliseconds(500));
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(4));
  }
  server_.reset();
  EXPECT_EQ(endless.held, 0);
}

}  // namespace
}  // namespace tidemark::service
