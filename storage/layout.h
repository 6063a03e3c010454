#ifndef TIDEMARK_STORAGE_LAYOUT_H_
#define TIDEMARK_STORAGE_LAYOUT_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "storage/journal.h"

namespace tidemark::storage {

// Bytes of every key and value, as FORMAT.md gives them. Pure functions; parsers return false for
// bytes that are not what FORMAT.md says.

inline constexpr uint32_t kFormatVersion = 2;

inline constexpr char kCheckpointFamily[] = "checkpoint";
inline constexpr char kSchemaFamily[] = "schema";
inline constexpr char kSnapshotFamily[] = "snapshot";
std::string JournalFamily(const std::string& source);

// Sequences of blocks: big endian, so that byte order is number order.
std::string NumberKey(uint64_t number);
bool ParseNumberKey(std::string_view key, uint64_t* number);

// Family `checkpoint`.
inline constexpr char kNextJobKey[] = "j";
std::string CheckpointKey(const std::string& source);
std::string FloorKey(const std::string& source);
std::string ConsumerPrefix(const std::string& source);
std::string MilestonePrefix(const std::string& source);
std::string RereadPrefix(const std::string& source);
std::string DriverRecordPrefix(const std::string& source);
std::string PublishedAsKey(const std::string& source);
std::string StateChangePrefix(const std::string& source);
std::string ForgottenKey(const std::string& source);

// Family `schema`.
std::string SchemaPrefix(const std::string& source);
std::string SchemaKey(const std::string& source, model::SchemaId id);

// Family `snapshot`.
std::string JobKey(uint64_t id, std::string_view part);
bool ParseJobKey(std::string_view key, uint64_t* id, std::string* part);

// Header of a journal value; the frames follow it.
void AppendBlockHeader(const Block& block, std::string* out);
// Fills all but `first` and `owner`; `frames` points into `value`.
bool ParseBlock(std::string_view value, Block* block);

// A block's place in the journal. `bytes_before`: frames of all older blocks since the journal
// began, dropped or not.
struct Milestone {
  model::Sequence first = 1;
  uint64_t time_us = 0;
  uint64_t bytes_before = 0;
};
std::string MilestoneValue(const Milestone& milestone);
bool ParseMilestone(std::string_view value, Milestone* milestone);

// The oldest retained event and the `bytes_before` of its block.
struct Floor {
  model::Sequence oldest = 1;
  uint64_t bytes_before = 0;
};
std::string FloorValue(const Floor& floor);
bool ParseFloor(std::string_view value, Floor* floor);

std::string NumberValue(uint64_t number);
bool ParseNumberValue(std::string_view value, uint64_t* number);

std::string CheckpointValue(const Checkpoint& checkpoint);
bool ParseCheckpoint(std::string_view value, Checkpoint* checkpoint);

std::string RereadValue(const PendingReread& reread);
// Fills all but the sequence.
bool ParseReread(std::string_view value, PendingReread* reread);

std::string ConsumerValue(const ConsumerPlace& place);
// Fills all but the name.
bool ParseConsumer(std::string_view value, ConsumerPlace* place);

}  // namespace tidemark::storage

#endif  // TIDEMARK_STORAGE_LAYOUT_H_
