#include "snapshot/job_state.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "tidemark/state/state.pb.h"

namespace tidemark::snapshot {
namespace {

using StoredKey = google::protobuf::RepeatedPtrField<std::string>;

constexpr char kAsked = 'a';
constexpr char kProgress = 'p';
constexpr char kRest = 'r';
constexpr size_t kTableBytes = sizeof(uint32_t);

void AppendNumber(uint64_t number, size_t bytes, std::string* out) {
  while (bytes-- > 0) out->push_back(static_cast<char>(number >> (8 * bytes)));
}

uint64_t ParseNumber(std::string_view bytes) {
  uint64_t number = 0;
  for (char byte : bytes) number = number << 8 | static_cast<uint8_t>(byte);
  return number;
}

std::string TablePart(size_t table, char kind) {
  std::string part;
  AppendNumber(table, kTableBytes, &part);
  part.push_back(kind);
  return part;
}

std::string PiecePart(size_t table, uint64_t piece) {
  std::string part = TablePart(table, kRest);
  AppendNumber(piece, sizeof(piece), &part);
  return part;
}

void EncodeKey(const capture::KeyText& key, StoredKey* out) {
  for (const std::string& column : key) *out->Add() = column;
}

capture::KeyText DecodeKey(const StoredKey& columns) { return {columns.begin(), columns.end()}; }

template <typename Stored>
void EncodeKeys(const std::vector<capture::KeyText>& keys, Stored* out) {
  for (const capture::KeyText& key : keys) EncodeKey(key, out->add_keys()->mutable_columns());
}

template <typename Stored>
std::vector<capture::KeyText> DecodeKeys(const Stored& stored) {
  std::vector<capture::KeyText> keys;
  for (const state::Key& key : stored.keys()) keys.push_back(DecodeKey(key.columns()));
  return keys;
}

std::string EncodeHeader(const std::string& source, const Job& job) {
  state::SnapshotJob stored;
  stored.set_id(job.id);
  stored.set_source(source);
  stored.set_state(static_cast<uint32_t>(job.state));
  stored.set_rows_per_second_max(job.limits.rows_per_second_max);
  stored.set_readers_max(job.limits.readers_max);
  stored.set_create_time_us(job.create_time_us);
  stored.set_end_time_us(job.end_time_us);
  stored.set_error(job.error);
  stored.set_chunks_redone(job.chunks_redone);
  stored.set_first_sequence(job.first_sequence);
  stored.set_last_sequence(job.last_sequence);
  return stored.SerializeAsString();
}

Job DecodeHeader(const state::SnapshotJob& stored) {
  Job job;
  job.id = stored.id();
  job.state = static_cast<JobState>(stored.state());
  job.limits.rows_per_second_max = stored.rows_per_second_max();
  job.limits.readers_max = stored.readers_max();
  job.create_time_us = stored.create_time_us();
  job.end_time_us = stored.end_time_us();
  job.error = stored.error();
  job.chunks_redone = stored.chunks_redone();
  job.first_sequence = stored.first_sequence();
  job.last_sequence = stored.last_sequence();
  return job;
}

std::string EncodeAsked(const TableWork& table) {
  state::TableJob stored;
  stored.set_table_id(table.id);
  stored.set_namespace_(table.name_space);
  stored.set_name(table.name);
  stored.set_predicate(table.predicate);
  stored.set_rows_estimated(table.rows_estimated);
  EncodeKeys(table.keys, &stored);
  return stored.SerializeAsString();
}

bool DecodeAsked(const std::string& value, TableWork* table) {
  state::TableJob stored;
  if (!stored.ParseFromString(value)) return false;
  table->id = stored.table_id();
  table->name_space = stored.namespace_();
  table->name = stored.name();
  table->predicate = stored.predicate();
  table->rows_estimated = stored.rows_estimated();
  table->keys = DecodeKeys(stored);
  return true;
}

std::string EncodeProgress(const TableWork& table) {
  state::TableProgress stored;
  stored.set_rows_done(table.rows_done);
  stored.set_chunks_done(table.chunks_done);
  stored.set_planned(table.planned);
  stored.set_done(table.done);
  stored.set_schema_id(table.schema);
  state::RewriteMarks* marks = stored.mutable_marks();
  marks->mutable_columns()->Assign(table.marks.columns.begin(), table.marks.columns.end());
  marks->set_definitions(table.marks.definitions);
  marks->set_storage(table.marks.storage);
  marks->set_parts(table.marks.parts);
  return stored.SerializeAsString();
}

bool DecodeProgress(const std::string& value, TableWork* table) {
  state::TableProgress stored;
  if (!stored.ParseFromString(value)) return false;
  table->rows_done = stored.rows_done();
  table->chunks_done = stored.chunks_done();
  table->planned = stored.planned();
  table->done = stored.done();
  table->schema = stored.schema_id();
  const state::RewriteMarks& marks = stored.marks();
  table->marks = {{marks.columns().begin(), marks.columns().end()},
                  marks.definitions(),
                  marks.storage(),
                  marks.parts()};
  return true;
}

std::string EncodePiece(const Piece& piece) {
  state::PendingPiece stored;
  EncodeKey(piece.range.lower, stored.mutable_lower());
  EncodeKey(piece.range.upper, stored.mutable_upper());
  EncodeKeys(piece.keys, &stored);
  return stored.SerializeAsString();
}

bool DecodePiece(const std::string& value, Piece* piece) {
  state::PendingPiece stored;
  if (!stored.ParseFromString(value)) return false;
  piece->range.lower = DecodeKey(stored.lower());
  piece->range.upper = DecodeKey(stored.upper());
  piece->keys = DecodeKeys(stored);
  piece->stored = true;
  return true;
}

void TakeTableChanges(uint64_t job, size_t index, TableWork& table,
                      std::vector<storage::JobRecord>* out) {
  if (!std::exchange(table.asked_stored, true)) {
    out->push_back({job, TablePart(index, kAsked), EncodeAsked(table)});
  }
  if (std::exchange(table.progress_stored, true)) return;
  out->push_back({job, TablePart(index, kProgress), EncodeProgress(table)});
  for (uint64_t piece : std::exchange(table.pieces_gone, {})) {
    out->push_back({job, PiecePart(index, piece), std::nullopt});
  }
  for (auto& [id, piece] : table.pieces) {
    if (!std::exchange(piece.stored, true)) {
      out->push_back({job, PiecePart(index, id), EncodePiece(piece)});
    }
  }
}

// One record of a table's. False: malformed, or not where it belongs.
bool DecodeTablePart(const storage::JobRecord& record, Job* job, uint64_t* newest_piece) {
  std::string_view part = record.part;
  if (part.size() <= kTableBytes) return false;
  size_t index = ParseNumber(part.substr(0, kTableBytes));
  char kind = part[kTableBytes];
  part.remove_prefix(kTableBytes + 1);
  if (kind == kAsked) {
    if (index != job->tables.size()) return false;
    TableWork& table = job->tables.emplace_back();
    table.asked_stored = table.progress_stored = true;
    return DecodeAsked(*record.value, &table);
  }
  if (index + 1 != job->tables.size()) return false;
  if (kind == kProgress) return DecodeProgress(*record.value, &job->tables[index]);
  if (kind != kRest || part.size() != sizeof(uint64_t)) return false;
  uint64_t piece = ParseNumber(part);
  *newest_piece = std::max(*newest_piece, piece);
  return DecodePiece(*record.value, &job->tables[index].pieces[piece]);
}

}  // namespace

std::vector<storage::JobRecord> TakeChanges(const std::string& source, Job& job) {
  std::vector<storage::JobRecord> changes;
  changes.push_back({job.id, "", EncodeHeader(source, job)});
  for (size_t i = 0; i < job.tables.size(); ++i) {
    TakeTableChanges(job.id, i, job.tables[i], &changes);
  }
  return changes;
}

std::vector<storage::JobRecord> EraseJob(const Job& job) {
  std::vector<storage::JobRecord> records;
  records.push_back({job.id, "", std::nullopt});
  for (size_t i = 0; i < job.tables.size(); ++i) {
    records.push_back({job.id, TablePart(i, kAsked), std::nullopt});
    records.push_back({job.id, TablePart(i, kProgress), std::nullopt});
    for (const auto& [piece, work] : job.tables[i].pieces) {
      records.push_back({job.id, PiecePart(i, piece), std::nullopt});
    }
  }
  return records;
}

absl::StatusOr<std::vector<Job>> DecodeJobs(const std::string& source,
                                            const std::vector<storage::JobRecord>& records) {
  const absl::Status malformed = absl::DataLossError("a stored snapshot job is malformed");
  std::vector<Job> jobs;
  uint64_t other_job = 0;  // of another source
  for (const storage::JobRecord& record : records) {
    if (record.part.empty()) {
      state::SnapshotJob stored;
      if (!stored.ParseFromString(*record.value) || stored.id() != record.id) return malformed;
      if (stored.source() == source) {
        jobs.push_back(DecodeHeader(stored));
      } else {
        other_job = record.id;
      }
    } else if (record.id != other_job) {
      if (jobs.empty() || jobs.back().id != record.id) return malformed;
      uint64_t newest_piece = 0;
      if (!DecodeTablePart(record, &jobs.back(), &newest_piece)) return malformed;
      jobs.back().SkipPieces(newest_piece);
    }
  }
  return jobs;
}

}  // namespace tidemark::snapshot
