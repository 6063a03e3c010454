#include "service/snapshot_messages.h"

#include <set>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace tidemark::service {
namespace {

absl::StatusOr<snapshot::TablePattern> ReadName(const std::string& text, const std::string& field) {
  size_t dot = text.find('.');
  if (dot == std::string::npos || dot == 0 || dot + 1 == text.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat(field, ": expected \"namespace.name\", got \"", text, "\""));
  }
  return snapshot::TablePattern{text.substr(0, dot), text.substr(dot + 1)};
}

absl::StatusOr<snapshot::TableRequest> ReadTable(const v1::TableSelection& selection,
                                                 const std::string& field) {
  auto name = ReadName(selection.table(), field + ".table");
  if (!name.ok()) return name.status();
  const bool narrowed = !selection.predicate().empty() || selection.keys_size() > 0;
  if (name->name == snapshot::kEveryTable && narrowed) {
    return absl::InvalidArgumentError(
        absl::StrCat(field, ".table: expected one table beside a predicate or keys, got \"",
                     selection.table(), "\""));
  }
  snapshot::TableRequest table;
  table.name_space = std::move(name->name_space);
  table.name = std::move(name->name);
  table.predicate = selection.predicate();
  for (const v1::KeyText& key : selection.keys()) {
    if (key.columns().empty()) {
      return absl::InvalidArgumentError(absl::StrCat(
          field, ".keys[", table.keys.size(), "].columns: expected the text of each key column"));
    }
    table.keys.emplace_back(key.columns().begin(), key.columns().end());
  }
  return table;
}

void AddTable(const snapshot::TableProgress& progress, v1::Snapshot* snapshot) {
  v1::TableProgress* table = snapshot->add_tables();
  table->set_table(progress.table);
  table->set_rows_done(progress.rows_done);
  table->set_rows_estimated(progress.rows_estimated);
  table->set_chunks_done(progress.chunks_done);
  table->set_done(progress.done);
  table->set_rows_per_second(progress.rows_per_second);
  table->set_eta_seconds(progress.eta_s);
}

}  // namespace

absl::StatusOr<snapshot::JobRequest> ReadCreateRequest(const v1::CreateSnapshotRequest& request) {
  snapshot::JobRequest job;
  job.limits = {request.limits().rows_per_second_max(), request.limits().readers_max()};
  std::set<std::string> names;
  for (int i = 0; i < request.tables_size(); ++i) {
    std::string field = absl::StrCat("tables[", i, "]");
    auto table = ReadTable(request.tables(i), field);
    if (!table.ok()) return table.status();
    if (!names.insert(request.tables(i).table()).second) {
      return absl::InvalidArgumentError(absl::StrCat(field, ".table: \"", request.tables(i).table(),
                                                     "\" is given twice; expected it once"));
    }
    job.tables.push_back(*std::move(table));
  }
  for (int i = 0; i < request.except_tables_size(); ++i) {
    auto name = ReadName(request.except_tables(i), absl::StrCat("except_tables[", i, "]"));
    if (!name.ok()) return name.status();
    job.except.push_back(*std::move(name));
  }
  return job;
}

v1::Snapshot ToProto(const std::string& source, const snapshot::JobStatus& status) {
  v1::Snapshot snapshot;
  snapshot.set_id(status.id);
  snapshot.set_source(source);
  snapshot.set_state(static_cast<v1::Snapshot::State>(status.state));
  for (const snapshot::TableProgress& table : status.tables) AddTable(table, &snapshot);
  snapshot.mutable_limits()->set_rows_per_second_max(status.limits.rows_per_second_max);
  snapshot.mutable_limits()->set_readers_max(status.limits.readers_max);
  snapshot.set_create_time_us(status.create_time_us);
  snapshot.set_end_time_us(status.end_time_us);
  snapshot.set_rows_done(status.rows_done);
  snapshot.set_rows_estimated(status.rows_estimated);
  snapshot.set_rows_per_second(status.rows_per_second);
  snapshot.set_eta_seconds(status.eta_s);
  snapshot.set_waiting_for(status.waiting_for);
  snapshot.set_error(status.error);
  snapshot.set_chunks_redone(status.chunks_redone);
  snapshot.set_first_sequence(status.first_sequence);
  snapshot.set_last_sequence(status.last_sequence);
  return snapshot;
}

}  // namespace tidemark::service
