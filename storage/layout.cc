#include "storage/layout.h"

#include <cstring>

#include "tidemark/state/state.pb.h"

namespace tidemark::storage {
namespace {

// Numbers in values are little endian, like the machines that we run on.
template <typename Number>
void AppendNumber(Number number, std::string* out) {
  out->append(reinterpret_cast<const char*>(&number), sizeof(number));
}

template <typename Number>
bool TakeNumber(std::string_view* bytes, Number* number) {
  if (bytes->size() < sizeof(Number)) return false;
  std::memcpy(number, bytes->data(), sizeof(Number));
  bytes->remove_prefix(sizeof(Number));
  return true;
}

template <typename Number>
void AppendBigEndian(Number number, std::string* out) {
  for (int shift = 8 * (sizeof(Number) - 1); shift >= 0; shift -= 8) {
    out->push_back(static_cast<char>(number >> shift));
  }
}

std::string Prefix(char kind, const std::string& source) {
  return std::string(1, kind) + source + '\0';
}

}  // namespace

std::string JournalFamily(const std::string& source) { return "journal." + source; }

std::string NumberKey(uint64_t number) {
  std::string key;
  AppendBigEndian(number, &key);
  return key;
}

bool ParseNumberKey(std::string_view key, uint64_t* number) {
  if (key.size() != 8) return false;
  *number = 0;
  for (char byte : key) *number = *number << 8 | static_cast<uint8_t>(byte);
  return true;
}

std::string CheckpointKey(const std::string& source) { return "c" + source; }
std::string FloorKey(const std::string& source) { return "f" + source; }
std::string ConsumerPrefix(const std::string& source) { return Prefix('k', source); }
std::string MilestonePrefix(const std::string& source) { return Prefix('i', source); }
std::string RereadPrefix(const std::string& source) { return Prefix('r', source); }
std::string DriverRecordPrefix(const std::string& source) { return Prefix('d', source); }
std::string PublishedAsKey(const std::string& source) { return "g" + source; }
std::string StateChangePrefix(const std::string& source) { return Prefix('s', source); }
std::string ForgottenKey(const std::string& source) { return "p" + source; }
std::string SchemaPrefix(const std::string& source) { return source + '\0'; }

std::string SchemaKey(const std::string& source, model::SchemaId id) {
  std::string key = SchemaPrefix(source);
  AppendBigEndian(id, &key);
  return key;
}

std::string JobKey(uint64_t id, std::string_view part) { return NumberKey(id).append(part); }

bool ParseJobKey(std::string_view key, uint64_t* id, std::string* part) {
  constexpr size_t kIdBytes = sizeof(*id);
  if (key.size() < kIdBytes) return false;
  part->assign(key.substr(kIdBytes));
  return ParseNumberKey(key.substr(0, kIdBytes), id);
}

void AppendBlockHeader(const Block& block, std::string* out) {
  AppendNumber(block.count, out);
  AppendNumber(block.time_us, out);
  AppendNumber(static_cast<uint32_t>(block.schemas.size()), out);
  for (model::SchemaId id : block.schemas) AppendNumber(id, out);
}

bool ParseBlock(std::string_view value, Block* block) {
  uint32_t schemas = 0;
  if (!TakeNumber(&value, &block->count) || !TakeNumber(&value, &block->time_us) ||
      !TakeNumber(&value, &schemas) || block->count == 0 ||
      value.size() < schemas * sizeof(model::SchemaId)) {
    return false;
  }
  block->schemas.resize(schemas);
  for (model::SchemaId& id : block->schemas) TakeNumber(&value, &id);
  block->frames = value;
  return true;
}

std::string MilestoneValue(const Milestone& milestone) {
  std::string value;
  AppendNumber(milestone.time_us, &value);
  AppendNumber(milestone.bytes_before, &value);
  return value;
}

bool ParseMilestone(std::string_view value, Milestone* milestone) {
  return TakeNumber(&value, &milestone->time_us) && TakeNumber(&value, &milestone->bytes_before) &&
         value.empty();
}

std::string FloorValue(const Floor& floor) {
  std::string value;
  AppendNumber(floor.oldest, &value);
  AppendNumber(floor.bytes_before, &value);
  return value;
}

bool ParseFloor(std::string_view value, Floor* floor) {
  return TakeNumber(&value, &floor->oldest) && TakeNumber(&value, &floor->bytes_before) &&
         value.empty();
}

std::string NumberValue(uint64_t number) {
  std::string value;
  AppendNumber(number, &value);
  return value;
}

bool ParseNumberValue(std::string_view value, uint64_t* number) {
  return TakeNumber(&value, number) && value.empty();
}

std::string CheckpointValue(const Checkpoint& checkpoint) {
  state::Checkpoint stored;
  if (checkpoint.frontier != model::Position{}) {
    stored.mutable_frontier()->set_file(checkpoint.frontier.file);
    stored.mutable_frontier()->set_offset(checkpoint.frontier.offset);
  }
  stored.set_resume(checkpoint.resume);
  stored.set_next_sequence(checkpoint.next_sequence);
  stored.set_append(checkpoint.append);
  return stored.SerializeAsString();
}

bool ParseCheckpoint(std::string_view value, Checkpoint* checkpoint) {
  state::Checkpoint stored;
  if (!stored.ParseFromArray(value.data(), static_cast<int>(value.size()))) return false;
  checkpoint->frontier = {stored.frontier().file(), stored.frontier().offset()};
  checkpoint->resume = stored.resume();
  checkpoint->next_sequence = stored.next_sequence();
  checkpoint->append = stored.append();
  return checkpoint->next_sequence > 0;
}

std::string RereadValue(const PendingReread& reread) {
  state::PendingReread stored;
  stored.set_table_id(reread.table);
  for (const std::string& column : reread.key) stored.add_key(column);
  return stored.SerializeAsString();
}

bool ParseReread(std::string_view value, PendingReread* reread) {
  state::PendingReread stored;
  if (!stored.ParseFromArray(value.data(), static_cast<int>(value.size()))) return false;
  reread->table = stored.table_id();
  reread->key.assign(stored.key().begin(), stored.key().end());
  return true;
}

std::string ConsumerValue(const ConsumerPlace& place) {
  state::ConsumerPlace stored;
  stored.set_acknowledged_sequence(place.acknowledged);
  stored.set_acknowledge_time_us(place.acknowledge_time_us);
  return stored.SerializeAsString();
}

bool ParseConsumer(std::string_view value, ConsumerPlace* place) {
  state::ConsumerPlace stored;
  if (!stored.ParseFromArray(value.data(), static_cast<int>(value.size()))) return false;
  place->acknowledged = stored.acknowledged_sequence();
  place->acknowledge_time_us = stored.acknowledge_time_us();
  return true;
}

}  // namespace tidemark::storage
