#include <cstdio>
#include <mutex>
#include <thread>

#include "absl/strings/str_cat.h"
#include "service/cli/commands.h"
#include "service/cli/progress.h"
#include "service/cli/text_table.h"
#include "service/cli/value_format.h"
#include "service/snapshot_messages.h"
#include "service/units.h"

namespace tidemark::service {
namespace {

void SplitKey(const std::string& text, v1::KeyText* key) {
  std::string* column = key->add_columns();
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == ',') {
      column = key->add_columns();
    } else {
      if (text[i] == '\\' && i + 1 < text.size()) ++i;
      column->push_back(text[i]);
    }
  }
}

std::string TablesOf(const v1::Snapshot& snapshot) {
  if (snapshot.tables_size() == 1) return snapshot.tables(0).table();
  return absl::StrCat(snapshot.tables_size(), " tables");
}

template <typename Request>
absl::Status Do(Client& client, uint64_t id,
                grpc::Status (v1::Snapshots::Stub::*method)(grpc::ClientContext*, const Request&,
                                                            v1::Snapshot*)) {
  Request request;
  request.set_id(id);
  v1::Snapshot snapshot;
  grpc::Status done = Call(client.snapshots(), method, request, &snapshot);
  if (done.ok()) std::puts(ProgressLine(snapshot).c_str());
  return client.ToStatus(done);
}

// Standard output, on which several snapshots are watched. Thread-safe.
class SharedDisplay {
 public:
  void Show(const v1::Snapshot& snapshot) {
    std::lock_guard<std::mutex> lock(mutex_);
    std::fputs(display_.Show(snapshot).c_str(), stdout);
    std::fflush(stdout);
  }

 private:
  std::mutex mutex_;
  ProgressDisplay display_{TerminalWidth()};
};

// Shows one until it has ended. Aborted: it failed or was cancelled.
absl::Status Watch(Client& client, uint64_t id, SharedDisplay& display) {
  v1::WatchSnapshotRequest request;
  request.set_id(id);
  request.set_interval_ms(TerminalWidth() > 0 ? 250 : 1000);
  grpc::ClientContext context;
  auto stream = client.snapshots().Watch(&context, request);
  v1::Snapshot snapshot;
  while (stream->Read(&snapshot)) display.Show(snapshot);
  absl::Status finished = client.ToStatus(stream->Finish());
  if (!finished.ok() || snapshot.state() == v1::Snapshot::COMPLETED) return finished;
  std::string error = snapshot.error().empty() ? "" : ": " + snapshot.error();
  return absl::AbortedError(absl::StrCat("snapshot ", id, " ", StateName(snapshot), error));
}

}  // namespace

absl::StatusOr<v1::CreateSnapshotRequest> MakeCreateRequest(const SnapshotOptions& options) {
  if (options.all == !options.tables.empty()) {
    return absl::InvalidArgumentError("give either --all or at least one --table");
  }
  bool narrowed = !options.predicate.empty() || !options.keys.empty();
  if (narrowed && options.tables.size() != 1) {
    return absl::InvalidArgumentError("--where and --key need exactly one --table");
  }
  v1::CreateSnapshotRequest request;
  request.set_source(options.source);
  for (const std::string& table : options.tables) {
    v1::TableSelection* selection = request.add_tables();
    selection->set_table(table);
    selection->set_predicate(options.predicate);
    for (const std::string& key : options.keys) SplitKey(key, selection->add_keys());
  }
  for (const std::string& table : options.except) request.add_except_tables(table);
  request.mutable_limits()->set_rows_per_second_max(options.rows_per_second_max);
  request.mutable_limits()->set_readers_max(options.readers_max);
  return request;
}

absl::Status CreateSnapshot(Client& client, const SnapshotOptions& options) {
  auto request = MakeCreateRequest(options);
  if (!request.ok()) return request.status();
  auto source = client.ResolveSource(options.source);
  if (!source.ok()) return source.status();
  request->set_source(*source);
  v1::Snapshot snapshot;
  grpc::Status created =
      Call(client.snapshots(), &v1::Snapshots::Stub::Create, *request, &snapshot);
  if (!created.ok()) return client.ToStatus(created);
  if (options.watch) return WatchSnapshots(client, {snapshot.id()});
  std::puts(ProgressLine(snapshot).c_str());
  return absl::OkStatus();
}

absl::Status ListSnapshots(Client& client, const std::string& source) {
  v1::ListSnapshotsRequest request;
  request.set_source(source);
  v1::ListSnapshotsResponse response;
  grpc::Status listed = Call(client.snapshots(), &v1::Snapshots::Stub::List, request, &response);
  if (!listed.ok()) return client.ToStatus(listed);
  std::vector<std::vector<std::string>> rows = {
      {"ID", "SOURCE", "STATE", "TABLES", "ROWS", "CREATED", "SEQUENCES"}};
  for (const v1::Snapshot& snapshot : response.snapshots()) {
    std::string last = HasEnded(snapshot.state()) ? absl::StrCat(snapshot.last_sequence()) : "";
    rows.push_back({absl::StrCat(snapshot.id()), snapshot.source(), StateName(snapshot),
                    TablesOf(snapshot), FormatCount(snapshot.rows_done()),
                    FormatTimestamp(snapshot.create_time_us() / 1'000'000 * 1'000'000) + "Z",
                    absl::StrCat(snapshot.first_sequence(), "-", last)});
  }
  std::fputs(FormatTable(rows).c_str(), stdout);
  return absl::OkStatus();
}

absl::Status WatchSnapshots(Client& client, const std::vector<uint64_t>& ids) {
  SharedDisplay display;
  std::vector<absl::Status> results(ids.size());
  {
    std::vector<std::jthread> watchers;
    for (size_t i = 0; i < ids.size(); ++i) {
      watchers.emplace_back([&, i] { results[i] = Watch(client, ids[i], display); });
    }
  }
  for (const absl::Status& result : results) {
    if (!result.ok()) return result;
  }
  return absl::OkStatus();
}

absl::Status PauseSnapshot(Client& client, uint64_t id) {
  return Do(client, id, &v1::Snapshots::Stub::Pause);
}

absl::Status ResumeSnapshot(Client& client, uint64_t id) {
  return Do(client, id, &v1::Snapshots::Stub::Resume);
}

absl::Status CancelSnapshot(Client& client, uint64_t id) {
  return Do(client, id, &v1::Snapshots::Stub::Cancel);
}

absl::Status SetSnapshot(Client& client, uint64_t id, std::optional<uint64_t> rows_per_second_max,
                         std::optional<uint32_t> readers_max) {
  if (!rows_per_second_max && !readers_max) {
    return absl::InvalidArgumentError("give --rows-per-second, --readers or both");
  }
  v1::UpdateSnapshotRequest request;
  request.set_id(id);
  if (rows_per_second_max) request.set_rows_per_second_max(*rows_per_second_max);
  if (readers_max) request.set_readers_max(*readers_max);
  v1::Snapshot snapshot;
  grpc::Status done = Call(client.snapshots(), &v1::Snapshots::Stub::Update, request, &snapshot);
  if (done.ok()) std::puts(ProgressLine(snapshot).c_str());
  return client.ToStatus(done);
}

}  // namespace tidemark::service
