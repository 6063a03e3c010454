#ifndef TIDEMARK_STORAGE_STATE_RECORDS_H_
#define TIDEMARK_STORAGE_STATE_RECORDS_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "storage/journal.h"
#include "storage/state_log.h"

namespace tidemark::storage {

// The state of one source as records (FORMAT.md, "State records"). Pure functions.

// What an append changes, in the order in which it is to be applied.
std::vector<StateRecord> StateRecordsOf(const AppendBatch& batch);

// What the keys of all schemas, keys to read again and driver's records begin with.
std::string SchemaRecordKind();
std::string RereadRecordKind();
std::string DriverRecordKind();

// Keys of records.
std::string SchemaRecord(model::SchemaId id);
std::string JobStateRecord(uint64_t id, std::string_view part);
// False: the record is not of a job.
bool ParseJobStateRecord(std::string_view key, uint64_t* id);
std::string RereadRecord(model::Sequence sequence);
std::string DriverStateRecord(std::string_view name);

// Where a record lies in the database.
struct StatePlace {
  // One of the families of layout.h; null: the key is none of a record.
  const char* family = nullptr;
  std::string key;
};
StatePlace PlaceOf(const std::string& source, std::string_view record);

// A change as it is kept, without its append's number.
std::string StateChangeValue(const StateChange& change);
bool ParseStateChange(std::string_view value, StateChange* change);

std::string PublishedAsValue(const PublishedAs& name);
bool ParsePublishedAs(std::string_view value, PublishedAs* name);

}  // namespace tidemark::storage

#endif  // TIDEMARK_STORAGE_STATE_RECORDS_H_
