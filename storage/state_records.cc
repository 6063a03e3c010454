#include "storage/state_records.h"

#include "storage/layout.h"
#include "storage/schema_codec.h"
#include "tidemark/state/state.pb.h"

namespace tidemark::storage {
namespace {

// What the keys of records begin with.
enum : char { kSchema = 's', kJob = 'j', kReread = 'r', kDriver = 'd' };

std::string Key(char kind, std::string_view rest) { return std::string(1, kind).append(rest); }

}  // namespace

std::string SchemaRecordKind() { return Key(kSchema, ""); }
std::string RereadRecordKind() { return Key(kReread, ""); }
std::string DriverRecordKind() { return Key(kDriver, ""); }

std::string SchemaRecord(model::SchemaId id) { return Key(kSchema, SchemaKey("", id).substr(1)); }

std::string JobStateRecord(uint64_t id, std::string_view part) {
  return Key(kJob, JobKey(id, part));
}

bool ParseJobStateRecord(std::string_view key, uint64_t* id) {
  std::string part;
  return key.starts_with(kJob) && ParseJobKey(key.substr(1), id, &part);
}

std::string RereadRecord(model::Sequence sequence) { return Key(kReread, NumberKey(sequence)); }

std::string DriverStateRecord(std::string_view name) { return Key(kDriver, name); }

std::vector<StateRecord> StateRecordsOf(const AppendBatch& batch) {
  std::vector<StateRecord> records;
  records.push_back({kCheckpointRecord, CheckpointValue(batch.checkpoint)});
  for (const auto& [sequence, schema] : batch.schemas) {
    records.push_back({SchemaRecord(schema->id), SchemaFrameOf(*schema, sequence)});
  }
  for (const JobRecord& job : batch.jobs) {
    records.push_back({JobStateRecord(job.id, job.part), job.value});
  }
  for (const model::DriverRecord& record : batch.driver_records) {
    records.push_back({DriverStateRecord(record.name), record.value});
  }
  for (const PendingReread& reread : batch.rereads_added) {
    records.push_back({RereadRecord(reread.sequence), RereadValue(reread)});
  }
  for (model::Sequence sequence : batch.rereads_done) {
    records.push_back({RereadRecord(sequence), std::nullopt});
  }
  return records;
}

StatePlace PlaceOf(const std::string& source, std::string_view record) {
  if (record == kCheckpointRecord) return {kCheckpointFamily, CheckpointKey(source)};
  if (record.empty()) return {};
  const std::string_view rest = record.substr(1);
  switch (record[0]) {
    case kSchema:
      return {kSchemaFamily, SchemaPrefix(source).append(rest)};
    case kJob:
      return {kSnapshotFamily, std::string(rest)};
    case kReread:
      return {kCheckpointFamily, RereadPrefix(source).append(rest)};
    case kDriver:
      return {kCheckpointFamily, DriverRecordPrefix(source).append(rest)};
    default:
      return {};
  }
}

std::string StateChangeValue(const StateChange& change) {
  state::StateChange stored;
  stored.set_next_sequence(change.next_sequence);
  stored.mutable_frontier()->set_file(change.frontier.file);
  stored.mutable_frontier()->set_offset(change.frontier.offset);
  stored.set_end_bytes(change.end_bytes);
  stored.set_time_us(change.time_us);
  for (const StateRecord& record : change.records) {
    state::StateRecord* out = stored.add_records();
    out->set_key(record.key);
    if (record.value) out->set_value(*record.value);
  }
  return stored.SerializeAsString();
}

bool ParseStateChange(std::string_view value, StateChange* change) {
  state::StateChange stored;
  if (!stored.ParseFromArray(value.data(), static_cast<int>(value.size()))) return false;
  change->next_sequence = stored.next_sequence();
  change->frontier = {stored.frontier().file(), stored.frontier().offset()};
  change->end_bytes = stored.end_bytes();
  change->time_us = stored.time_us();
  for (state::StateRecord& record : *stored.mutable_records()) {
    StateRecord& out = change->records.emplace_back();
    out.key = std::move(*record.mutable_key());
    if (record.has_value()) out.value = std::move(*record.mutable_value());
  }
  return change->next_sequence > 0;
}

std::string PublishedAsValue(const PublishedAs& name) {
  state::PublishedAs stored;
  stored.set_id(name.id);
  stored.set_previous(name.previous);
  stored.set_previous_append(name.previous_append);
  if (name.reach) stored.set_reach(*name.reach);
  return stored.SerializeAsString();
}

bool ParsePublishedAs(std::string_view value, PublishedAs* name) {
  state::PublishedAs stored;
  if (!stored.ParseFromArray(value.data(), static_cast<int>(value.size()))) return false;
  *name = {stored.id(), stored.previous(), stored.previous_append()};
  if (stored.has_reach()) name->reach = stored.reach();
  return true;
}

}  // namespace tidemark::storage
