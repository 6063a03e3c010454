#include "tests/oracle/kafka_fold.h"

#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace tidemark::oracle {
namespace {

using testing::KafkaRecord;

constexpr size_t kViolationsMax = 100;
// How much further the sequences of a restored journal begin.
constexpr uint64_t kRestoreGap = uint64_t{1} << 32;

std::optional<std::string> Header(const KafkaRecord& record, const std::string& name) {
  for (const auto& [key, value] : record.headers) {
    if (key == name) return value;
  }
  return std::nullopt;
}

// "OP_CREATE": "create".
std::string OpOf(const v1::Event& event) {
  switch (event.body_case()) {
    case v1::Event::kChange:
      return absl::AsciiStrToLower(v1::Op_Name(event.change().op()).substr(3));
    case v1::Event::kSchema:
      return "schema";
    case v1::Event::kTransactionEnd:
      return "transaction_end";
    case v1::Event::kSnapshot:
      return "snapshot";
    case v1::Event::kMessage:
      return "message";
    default:
      return "none";
  }
}

// As the servers write it; of a source that moved, "moves." before it.
std::string PositionText(const v1::Position& position) {
  const uint64_t high = position.file() >> 32, file = position.file() & 0xffffffff;
  if (position.file() == 0) {
    return absl::StrFormat("%X/%X", position.offset() >> 32, position.offset() & 0xffffffff);
  }
  return absl::StrCat(high == 0 ? "" : absl::StrCat(high, "."), file, ":", position.offset());
}

bool IsLogChange(const v1::Event& event) {
  return event.has_change() && event.change().op() != v1::OP_READ;
}

}  // namespace

KafkaFold::KafkaFold(Options options)
    : options_(std::move(options)), fold_({.first_sequence = 1, .engine = options_.engine}) {}

void KafkaFold::Violate(const std::string& what) {
  if (violations_.size() < kViolationsMax) violations_.push_back(what);
}

void KafkaFold::Violate(const KafkaRecord& record, const std::string& what) {
  Violate(absl::StrCat(record.topic, "[", record.partition, "] at ", record.offset, ": ", what));
}

std::vector<std::string> KafkaFold::violations() const {
  std::vector<std::string> all = violations_;
  all.insert(all.end(), fold_.violations().begin(), fold_.violations().end());
  return all;
}

std::string KafkaFold::Missing() const {
  if (waiting_.empty()) return "";
  const auto& [sequence, first] = *waiting_.begin();
  if (sequence == next_sequence_ && !IsWhole(first)) {
    return absl::StrCat("event ", sequence, ", a TRUNCATE, is in ", first.partitions.size(), " of ",
                        options_.partitions, " partitions");
  }
  return absl::StrCat("event ", next_sequence_, " is missing, ", waiting_.size(),
                      " behind it are there, the first is ", sequence);
}

void KafkaFold::Apply(const std::vector<KafkaRecord>& records) {
  for (const KafkaRecord& record : records) Take(record);
  Advance();
}

void KafkaFold::Take(const KafkaRecord& record) {
  v1::Event event;
  if (!record.value || !event.ParseFromString(*record.value)) {
    return Violate(record, "it holds no event");
  }
  CheckHeaders(record, event);
  CheckTopic(record, event);
  CheckKey(record, event);
  CheckOrder(record, event);
  Keep(record, std::move(event));
}

void KafkaFold::CheckHeaders(const KafkaRecord& record, const v1::Event& event) {
  std::map<std::string, std::string> wanted = {{"source", options_.source},
                                               {"op", OpOf(event)},
                                               {"sequence", absl::StrCat(event.sequence())}};
  if (event.has_change()) {
    wanted["position"] = PositionText(event.change().position());
  }
  if (IsLogChange(event)) wanted["index"] = absl::StrCat(event.change().transaction_index());
  for (const auto& [name, value] : wanted) {
    const std::string found = Header(record, name).value_or("missing");
    if (found == value) continue;
    Violate(record, absl::StrCat("header ", name, " is ", found, ", the event has ", value));
  }
}

void KafkaFold::CheckTopic(const KafkaRecord& record, const v1::Event& event) {
  std::string wanted;
  if (event.has_schema()) wanted = options_.schema_topic;
  if (event.has_transaction_end() || event.has_snapshot()) wanted = options_.transaction_topic;
  if (event.has_message()) wanted = options_.message_topic;
  const bool of_a_table = record.topic != options_.schema_topic &&
                          record.topic != options_.transaction_topic &&
                          record.topic != options_.message_topic;
  if (event.has_change() ? of_a_table : record.topic == wanted) return;
  Violate(record, absl::StrCat("it has the op ", OpOf(event)));
}

void KafkaFold::CheckKey(const KafkaRecord& record, const v1::Event& event) {
  if (!event.has_change()) return;
  const bool keyed = event.change().has_key();
  if (keyed != record.key.has_value() ||
      (keyed && *record.key != event.change().key().SerializeAsString())) {
    return Violate(record, "its key is not its event's");
  }
  if (!keyed) return;
  const auto [known, is_new] =
      partition_of_key_.emplace(absl::StrCat(record.topic, "/", *record.key), record.partition);
  if (is_new || known->second == record.partition) return;
  Violate(record, absl::StrCat("its key was in partition ", known->second, " before"));
}

void KafkaFold::CheckOrder(const KafkaRecord& record, const v1::Event& event) {
  Newest& newest = newest_[{record.topic, record.partition}];
  if (event.sequence() <= newest.sequence) {
    Violate(record,
            absl::StrCat("event ", event.sequence(), " comes after event ", newest.sequence));
  }
  newest.sequence = event.sequence();
  if (!IsLogChange(event)) return;
  const Place place(LogPosition(event.change().position()), event.change().transaction_index());
  if (place <= newest.place) {
    Violate(record, absl::StrCat("the change at ", Show(place.first), ", index ", place.second,
                                 ", comes after that at ", Show(newest.place.first), ", index ",
                                 newest.place.second));
  }
  newest.place = place;
}

void KafkaFold::Keep(const KafkaRecord& record, v1::Event event) {
  const uint64_t sequence = event.sequence();
  if (sequence < next_sequence_) {
    return Violate(record, absl::StrCat("event ", sequence, " comes when event ",
                                        next_sequence_ - 1, " is there already"));
  }
  const auto [waiting, is_new] = waiting_.try_emplace(sequence);
  const bool copied = event.has_change() && event.change().op() == v1::OP_TRUNCATE;
  const bool elsewhere = waiting->second.partitions.emplace(record.topic, record.partition).second;
  if (!is_new && (!copied || !elsewhere)) {
    return Violate(record, absl::StrCat("event ", sequence, " is there twice"));
  }
  if (!is_new) return;
  waiting->second.event = std::move(event);
  waiting->second.table = Header(record, "table").value_or("");
}

bool KafkaFold::IsWhole(const Waiting& waiting) const {
  const bool copied = waiting.event.has_change() && waiting.event.change().op() == v1::OP_TRUNCATE;
  return !copied || static_cast<int>(waiting.partitions.size()) == options_.partitions;
}

void KafkaFold::Advance() {
  while (!waiting_.empty() && IsWhole(waiting_.begin()->second)) {
    const uint64_t sequence = waiting_.begin()->first;
    const uint64_t skipped = sequence - next_sequence_;
    if (skipped % kRestoreGap != 0) return;
    restore_count_ += skipped / kRestoreGap;
    next_sequence_ = sequence + 1;
    ApplyNext(std::move(waiting_.extract(waiting_.begin()).mapped()));
  }
}

void KafkaFold::ApplyNext(Waiting waiting) {
  v1::Event& event = waiting.event;
  const uint64_t sequence = event.sequence();
  std::string wrong;
  if (event.has_schema()) {
    const v1::TableSchema& schema = event.schema();
    tables_[schema.id()] = {absl::StrCat(schema.namespace_(), ".", schema.name()),
                            schema.table_id()};
  } else if (event.has_snapshot()) {
    wrong = snapshots_.OnMark(event.snapshot());
  } else if (event.has_change()) {
    const auto& [name, id] = tables_[event.change().schema_id()];
    if (event.change().op() == v1::OP_READ) wrong = snapshots_.OnRead(id, event.change());
    if (waiting.table != name) {
      wrong = absl::StrCat("header table is ", waiting.table, ", the schema's name is ", name);
    }
  }
  if (!wrong.empty()) Violate(absl::StrCat("event ", sequence, ": ", wrong));
  // As if nothing had been restored.
  event.set_sequence(sequence - restore_count_ * kRestoreGap);
  fold_.Apply(event);
}

}  // namespace tidemark::oracle
