#include "tests/snapshot/simulation.h"

#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <vector>

#include "absl/strings/str_cat.h"
#include "snapshot/coordinator.h"
#include "snapshot/job_state.h"
#include "snapshot/merger.h"
#include "tests/snapshot/model_server.h"
#include "tidemark/v1/event.pb.h"

namespace tidemark::snapshot {
namespace {

// What survives a crash.
struct Disk {
  std::vector<std::string> frames;
  storage::Checkpoint checkpoint;
  std::vector<std::shared_ptr<const model::TableSchema>> schemas;
  std::map<std::pair<uint64_t, std::string>, std::string> jobs;
  std::map<model::Sequence, storage::PendingReread> rereads;
};

// Only what Coordinator::Create needs.
class ModelSource : public capture::Source {
 public:
  capture::CheckResult Check(std::stop_token) override { return {}; }
  absl::StatusOr<std::unique_ptr<capture::LogReader>> OpenLog(const capture::LogResume&,
                                                              capture::SchemaRegistry*,
                                                              std::stop_token) override {
    return absl::UnimplementedError("the simulation reads the log itself");
  }
  absl::StatusOr<std::unique_ptr<capture::ChunkReader>> OpenChunkReader(capture::SchemaRegistry*,
                                                                        std::stop_token) override {
    return absl::UnimplementedError("the simulation reads chunks itself");
  }
  absl::StatusOr<std::vector<capture::TableInfo>> ListTables(std::stop_token) override {
    return std::vector<capture::TableInfo>{{ModelServer::kTable, "public", "t", 16, {}}};
  }
  absl::Status Validate(const capture::ChunkRequest&, std::stop_token) override {
    return absl::OkStatus();
  }
  std::string Server() const override { return "model"; }
  capture::ServerNames Names() const override { return {}; }
  std::string CaptureRemedy() const override { return "create it"; }
};

struct Reader {
  enum class At { kIdle, kSettling, kReading, kBounding };
  At at = At::kIdle;
  Task task;
  Merger::OpenedWindow window;
  std::shared_ptr<const ModelView> view;
  capture::Chunk chunk;
};

// The consumer: folds the stream and watches each key's version.
class Fold {
 public:
  std::string Apply(const std::string& frame, size_t index) {
    tidemark::v1::Event event;
    std::string_view bytes = frame;
    model::FrameScanner scanner(bytes);
    model::EventView view;
    if (!scanner.Next(&view)) return "malformed frame";
    model::WireReader reader(bytes);
    uint32_t field;
    model::WireType type;
    std::string_view body;
    reader.ReadTag(&field, &type);
    reader.ReadLength(&body);
    if (!event.ParseFromArray(body.data(), static_cast<int>(body.size())))
      return "unreadable event";
    if (event.sequence() != index + 1) return absl::StrCat("gap before ", event.sequence());
    if (event.has_schema()) schemas_.insert(event.schema().id());
    return event.has_change() ? ApplyChange(event.change()) : "";
  }

  const std::map<int64_t, ModelRow>& rows() const { return rows_; }

 private:
  std::string ApplyChange(const tidemark::v1::Change& change) {
    if (!schemas_.contains(change.schema_id())) return "a schema was used before it was announced";
    if (change.op() == tidemark::v1::OP_TRUNCATE) {
      int64_t version = change.before().values(1).integer();
      for (auto& [key, seen] : seen_) seen = std::max(seen, version);
      rows_.clear();
      return "";
    }
    int64_t key = change.key().values(0).integer();
    bool deleted = change.op() == tidemark::v1::OP_DELETE;
    const tidemark::v1::Row& row = deleted ? change.before() : change.after();
    int64_t version = row.values(1).integer();
    if (version < seen_[key]) {
      return absl::StrCat("key ", key, " went back from version ", seen_[key], " to ", version,
                          " by op ", change.op());
    }
    seen_[key] = version;
    if (deleted) {
      rows_.erase(key);
      return "";
    }
    ModelRow& held = rows_[key];
    held.version = version;
    held.value = row.values(2).integer();
    if (!row.values(3).unavailable()) held.rest = row.values(3).integer();
    if (row.values_size() > 4) held.added = row.values(4).integer();
    return "";
  }

  std::map<int64_t, ModelRow> rows_;
  std::map<int64_t, int64_t> seen_;
  std::set<uint32_t> schemas_;
};

class Simulation {
 public:
  Simulation(uint64_t seed, const WithoutGuards& without)
      : random_(seed), without_(without), server_(&random_) {
    transactions_ = std::vector<size_t>{20, 60, 150}[Pick(3)];
    crashes_ = Pick(3);
    readers_.resize(1 + Pick(3));
    tuning_.chunk_rows_min = 1;
    tuning_.chunk_rows_max = 4;
    tuning_.rows_per_range_min = 4;
    tuning_.retry_us = 3;
    Start();
  }

  std::string Run() {
    while (!Done()) {
      if (++steps_ > 300000) return "stuck";
      Step();
      if (!error_.empty()) return error_;
    }
    return Judge();
  }

 private:
  double Chance() { return std::uniform_real_distribution<>(0, 1)(random_); }
  size_t Pick(size_t n) { return std::uniform_int_distribution<size_t>(0, n - 1)(random_); }

  // Starts the service from what is on disk.
  void Start() {
    registry_ = std::make_unique<capture::SchemaRegistry>(disk_.schemas);
    std::vector<model::SchemaId> announced = registry_->journaled();
    announced_ = {announced.begin(), announced.end()};
    MergerOptions options;
    options.block_bytes = 512;
    options.without_folding = without_.folding;
    options.touched_bytes_max = Chance() < 0.2 ? 70000 : 1 << 20;
    merger_ = std::make_unique<Merger>(options, registry_.get(), disk_.checkpoint);
    std::vector<Job> jobs = StoredJobs();
    for (Job& job : jobs) job.tables[0].chunk_rows = 1 + Pick(4);
    CoordinatorEnvironment environment;
    environment.wall_us = environment.now_us = [this] { return steps_; };
    environment.run_durably = [this](std::function<void(Merger&)> step) {
      step(*merger_);
      Append();
      return absl::OkStatus();
    };
    environment.next_id = [this]() -> absl::StatusOr<uint64_t> { return ++next_job_; };
    environment.wake_readers = [] {};
    environment.load_rereads = [this](size_t max, model::Sequence from) {
      return LoadRereads(max, from);
    };
    coordinator_ =
        std::make_unique<Coordinator>("model", &source_, environment, tuning_, std::move(jobs));
    for (Reader& reader : readers_) reader.at = Reader::At::kIdle;
    tracked_.clear();
    // The server delivers again what was not acknowledged.
    log_index_ = acknowledged_;
    log_skip_ = 0;
    if (job_ == 0) {
      job_ = coordinator_->Create({})->id;
    }
  }

  std::vector<Job> StoredJobs() const {
    std::vector<storage::JobRecord> records;
    for (const auto& [key, value] : disk_.jobs) records.push_back({key.first, key.second, value});
    return *DecodeJobs("model", records);
  }

  absl::StatusOr<std::vector<storage::PendingReread>> LoadRereads(size_t max,
                                                                    model::Sequence from) {
    std::vector<storage::PendingReread> loaded;
    for (const auto& [sequence, reread] : disk_.rereads) {
      if (sequence >= from && loaded.size() < max) loaded.push_back(reread);
    }
    return loaded;
  }

  void Append() {
    std::vector<storage::PendingReread> rereads = merger_->TakeRereads();
    storage::AppendBatch batch = merger_->Take(steps_);
    for (const storage::Block& block : batch.blocks) {
      model::FrameScanner scanner(block.frames);
      model::EventView event;
      uint32_t count = 0;
      while (scanner.Next(&event)) {
        disk_.frames.emplace_back(event.frame);
        ++count;
      }
      if (count != block.count) error_ = "a block counts wrong";
    }
    for (const auto& [sequence, schema] : batch.schemas) disk_.schemas.push_back(schema);
    for (const storage::JobRecord& job : batch.jobs) {
      if (job.value) {
        disk_.jobs[{job.id, job.part}] = *job.value;
      } else {
        disk_.jobs.erase({job.id, job.part});
      }
    }
    for (const auto& reread : batch.rereads_added) disk_.rereads[reread.sequence] = reread;
    for (model::Sequence sequence : batch.rereads_done) disk_.rereads.erase(sequence);
    disk_.checkpoint = batch.checkpoint;
    acknowledged_ = std::max<size_t>(
        acknowledged_, merger_->settling().Acknowledgeable(batch.checkpoint.frontier).offset);
    // A transaction is delivered again unless it was acknowledged whole.
    if (acknowledged_ > 0 && merger_->settling().size() > 0 &&
        merger_->settling().list().front().commit.offset == acknowledged_) {
      --acknowledged_;
    }
    if (!without_.rereads) coordinator_->AddRereads(std::move(rereads));
  }

  void Step() {
    double what = Chance();
    if (what < 0.2) {
      if (server_.log_size() < transactions_) server_.Commit();
    } else if (what < 0.4) {
      server_.Publish();
    } else if (what < 0.5) {
      server_.Learn();
    } else if (what < 0.65) {
      DeliverLog();
    } else if (what < 0.75) {
      if (merger_->changed()) Append();
    } else if (what < 0.751 && crashes_ > 0 && disk_.frames.size() > 5) {
      --crashes_;
      Start();
    } else if (what < 0.76) {
      TogglePause();
    } else {
      StepReader(readers_[Pick(readers_.size())]);
    }
    CloseWindows();
  }

  void TogglePause() {
    if (Chance() < 0.7) {
      coordinator_->Resume(job_).IgnoreError();
    } else {
      coordinator_->Pause(job_).IgnoreError();
    }
  }

  // Transactions that are in the journal come again after a restart: only their names count.
  void DeliverLog() {
    size_t durable = 0, partial = 0;
    std::istringstream resume(merger_->resume());
    resume >> durable >> partial;
    if (log_index_ < durable) {
      capture::LogBatch old = server_.ReadLog(log_index_, 0, 1, 100, registry_.get(), &announced_);
      capture::LogBatch again;
      again.transactions = old.transactions;
      ++log_index_;
      again.replaying = log_index_ < durable || partial > 0;
      error_ = std::string(merger_->Merge(std::move(again)).message());
      return;
    }
    if (log_index_ == durable) log_skip_ = std::max(log_skip_, partial);
    if (log_index_ >= server_.log_size()) {
      // A keepalive: it says that nothing is left to come again.
      error_ = std::string(merger_->Merge({}).message());
      return;
    }
    size_t events = Chance() < 0.5 ? 1 : 100;
    capture::LogBatch batch =
        server_.ReadLog(log_index_, log_skip_, 1 + Pick(3), events, registry_.get(), &announced_);
    std::istringstream next(batch.resume);
    next >> log_index_ >> log_skip_;
    if (without_.rewritten) batch.rewritten.clear();
    error_ = std::string(merger_->Merge(std::move(batch)).message());
    coordinator_->RestartRewritten(*merger_);
  }

  void StepReader(Reader& reader) {
    switch (reader.at) {
      case Reader::At::kIdle:
        return NextTask(reader);
      case Reader::At::kSettling:
        if (!without_.settle && !server_.Settled(reader.window.unsettled)) return;
        reader.view = server_.KnownView();
        merger_->Settle(*reader.view);
        reader.at = Reader::At::kReading;
        return;
      case Reader::At::kReading:
        if (server_.exact()) reader.view = server_.KnownView();
        reader.chunk = server_.ReadChunk(reader.task.request, reader.view, registry_.get());
        coordinator_->ReadDone(reader.task, reader.chunk, 1);
        reader.at = Reader::At::kBounding;
        return;
      case Reader::At::kBounding:
        reader.chunk.bound = {0, server_.log_size()};
        if (without_.marks) reader.chunk.marks = {};
        tracked_[reader.window.id] = reader.task;
        merger_->Submit(reader.window.id, std::move(reader.chunk));
        reader.at = Reader::At::kIdle;
        return;
    }
  }

  void NextTask(Reader& reader) {
    if (!without_.rereads && !merger_->changed()) {
      error_ = std::string(coordinator_->LoadRereads().message());
    }
    if (!merger_->ready()) return;
    std::optional<Task> task = coordinator_->NextTask();
    if (!task) return;
    if (task->kind == Task::Kind::kPlan) {
      coordinator_->Planned(*task, server_.PlanRanges(task->ranges));
      return;
    }
    reader.task = *std::move(task);
    reader.window = merger_->Open(ModelServer::kTable);
    reader.at = Reader::At::kSettling;
  }

  void CloseWindows() {
    for (WindowId window : merger_->Closable()) {
      auto tracked = tracked_.extract(window);
      absl::Status status = coordinator_->Close(tracked.mapped(), window, *merger_);
      if (!status.ok()) error_ = std::string(status.message());
    }
  }

  bool Done() {
    if (server_.log_size() < transactions_ || !server_.quiet() || merger_->changed()) return false;
    if (merger_->frontier().offset < server_.log_size()) return false;
    if (!without_.rereads && !disk_.rereads.empty()) return false;
    absl::StatusOr<JobStatus> job = coordinator_->Get(job_);
    if (job->state == JobState::kPaused) coordinator_->Resume(job_).IgnoreError();
    if (job->state == JobState::kFailed) error_ = job->error;
    return job->state == JobState::kCompleted;
  }

  std::string Judge() {
    Fold fold;
    for (size_t i = 0; i < disk_.frames.size(); ++i) {
      std::string wrong = fold.Apply(disk_.frames[i], i);
      if (!wrong.empty()) return wrong;
    }
    Job job = StoredJobs().at(0);
    if (disk_.jobs.size() != 3) return "records of pieces are left";
    auto schema = registry_->Find(job.tables[0].schema);
    bool all_columns = schema != nullptr && schema->columns.size() == 5;
    std::map<int64_t, ModelRow> folded = fold.rows(), rows = server_.rows();
    if (!all_columns) {
      for (auto& [key, row] : folded) row.added.reset();
      for (auto& [key, row] : rows) row.added.reset();
    }
    if (!without_.marks && !(job.tables[0].marks == server_.Marks())) {
      // Rewritten after the snapshot: nobody can tell.
      for (auto& [key, row] : folded) row.value = 0;
      for (auto& [key, row] : rows) row.value = 0;
    }
    if (folded == rows) return "";
    return absl::StrCat("fold differs from source: ", Print(folded), " against ", Print(rows));
  }

  static std::string Print(const std::map<int64_t, ModelRow>& rows) {
    std::string text;
    for (const auto& [key, row] : rows) {
      absl::StrAppend(&text, key, ":(", row.version, ",", row.value, ",", row.rest, ",",
                      row.added.value_or(-99), ") ");
    }
    return text;
  }

  std::mt19937_64 random_;
  const WithoutGuards without_;
  ModelServer server_;
  ModelSource source_;
  Disk disk_;
  ChunkTuning tuning_;
  std::unique_ptr<capture::SchemaRegistry> registry_;
  std::unique_ptr<Merger> merger_;
  std::unique_ptr<Coordinator> coordinator_;
  std::set<model::SchemaId> announced_;
  std::vector<Reader> readers_;
  std::map<WindowId, Task> tracked_;
  size_t transactions_ = 0;
  size_t crashes_ = 0;
  size_t log_index_ = 0;
  size_t log_skip_ = 0;
  size_t acknowledged_ = 0;
  uint64_t steps_ = 0;
  uint64_t next_job_ = 0;
  uint64_t job_ = 0;
  std::string error_;
};

}  // namespace

std::string Simulate(uint64_t seed, const WithoutGuards& without) {
  return Simulation(seed, without).Run();
}

}  // namespace tidemark::snapshot
