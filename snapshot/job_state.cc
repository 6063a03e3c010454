#include "absl/strings/str_cat.h"
#include "snapshot/job.h"
#include "tidemark/state/state.pb.h"

namespace tidemark::snapshot {
namespace {

void EncodeKey(const capture::KeyText& key, google::protobuf::RepeatedPtrField<std::string>* out) {
  for (const std::string& column : key) *out->Add() = column;
}

void EncodeMarks(const capture::RewriteMarks& marks, state::RewriteMarks* out) {
  out->mutable_columns()->Assign(marks.columns.begin(), marks.columns.end());
  out->set_definitions(marks.definitions);
  out->set_storage(marks.storage);
}

void EncodeTable(const TableWork& table, state::TableJob* out) {
  out->set_table_id(table.id);
  out->set_namespace_(table.name_space);
  out->set_name(table.name);
  out->set_predicate(table.predicate);
  out->set_rows_done(table.rows_done);
  out->set_rows_estimated(table.rows_estimated);
  out->set_chunks_done(table.chunks_done);
  out->set_planned(table.planned);
  out->set_done(table.done);
  out->set_schema_id(table.schema);
  EncodeMarks(table.marks, out->mutable_marks());
  for (const capture::KeyText& key : table.keys) EncodeKey(key, out->add_keys()->mutable_columns());
  for (const auto& [id, piece] : table.pieces) {
    state::PendingPiece* pending = out->add_pending();
    EncodeKey(piece.range.lower, pending->mutable_lower());
    EncodeKey(piece.range.upper, pending->mutable_upper());
    for (const capture::KeyText& key : piece.keys) {
      EncodeKey(key, pending->add_keys()->mutable_columns());
    }
  }
}

capture::KeyText DecodeKey(const google::protobuf::RepeatedPtrField<std::string>& columns) {
  return {columns.begin(), columns.end()};
}

capture::RewriteMarks DecodeMarks(const state::RewriteMarks& stored) {
  return {
      {stored.columns().begin(), stored.columns().end()}, stored.definitions(), stored.storage()};
}

TableWork DecodeTable(const state::TableJob& stored, uint64_t* next_piece) {
  TableWork table;
  table.id = stored.table_id();
  table.name_space = stored.namespace_();
  table.name = stored.name();
  table.predicate = stored.predicate();
  table.rows_done = stored.rows_done();
  table.rows_estimated = stored.rows_estimated();
  table.chunks_done = stored.chunks_done();
  table.planned = stored.planned();
  table.done = stored.done();
  table.schema = stored.schema_id();
  table.marks = DecodeMarks(stored.marks());
  for (const state::Key& key : stored.keys()) table.keys.push_back(DecodeKey(key.columns()));
  for (const state::PendingPiece& pending : stored.pending()) {
    Piece piece;
    piece.range.lower = DecodeKey(pending.lower());
    piece.range.upper = DecodeKey(pending.upper());
    for (const state::Key& key : pending.keys()) piece.keys.push_back(DecodeKey(key.columns()));
    table.pieces.emplace((*next_piece)++, std::move(piece));
  }
  return table;
}

}  // namespace

std::string EncodeJob(const Job& job, const std::string& source) {
  state::SnapshotJob stored;
  stored.set_id(job.id);
  stored.set_source(source);
  stored.set_state(static_cast<uint32_t>(job.state));
  for (const TableWork& table : job.tables) EncodeTable(table, stored.add_tables());
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

absl::StatusOr<Job> DecodeJob(const std::string& bytes, std::string* source) {
  state::SnapshotJob stored;
  if (!stored.ParseFromString(bytes)) {
    return absl::DataLossError("a stored snapshot job is malformed");
  }
  *source = stored.source();
  Job job;
  job.id = stored.id();
  job.state = static_cast<JobState>(stored.state());
  for (const state::TableJob& table : stored.tables()) {
    job.tables.push_back(DecodeTable(table, &job.next_piece_));
  }
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

}  // namespace tidemark::snapshot
