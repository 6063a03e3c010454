#include "storage/consumer_places.h"

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "storage/layout.h"

namespace tidemark::storage {
namespace {

absl::Status CheckName(const std::string& consumer) {
  if (!consumer.empty() && consumer.find('\0') == std::string::npos) return absl::OkStatus();
  return absl::InvalidArgumentError("a consumer's name must not be empty nor hold a zero byte");
}

}  // namespace

ConsumerPlaces::ConsumerPlaces(Database* database, const std::string& source)
    : database_(database), prefix_(ConsumerPrefix(source)) {}

absl::Status ConsumerPlaces::Load() {
  auto rows = database_->List(kCheckpointFamily, prefix_);
  if (!rows.ok()) return rows.status();
  std::lock_guard lock(mutex_);
  for (const auto& [name, value] : *rows) {
    ConsumerPlace& place = places_[name];
    place.name = name;
    if (!ParseConsumer(value, &place)) {
      return absl::DataLossError(
          absl::StrCat("the stored place of consumer ", name, " cannot be read; ", kDamageRemedy));
    }
  }
  return absl::OkStatus();
}

absl::Status ConsumerPlaces::Acknowledge(const std::string& consumer, model::Sequence sequence,
                                         model::Sequence newest) {
  if (absl::Status status = CheckName(consumer); !status.ok()) return status;
  if (sequence > newest) {
    return absl::OutOfRangeError(absl::StrCat("sequence ", sequence, " is not in the stream yet: ",
                                              newest, " is the newest; acknowledge that or less"));
  }
  std::lock_guard lock(mutex_);
  auto place = places_.find(consumer);
  if (place != places_.end() && sequence <= place->second.acknowledged) return absl::OkStatus();
  return Store(consumer, sequence);
}

absl::Status ConsumerPlaces::Reset(const std::string& consumer, model::Sequence next,
                                   const Bounds& bounds) {
  if (absl::Status status = CheckName(consumer); !status.ok()) return status;
  if (next < bounds.oldest || next > bounds.newest + 1) {
    return absl::OutOfRangeError(absl::StrCat("sequence ", next,
                                              " is not retained; choose one from ", bounds.oldest,
                                              " to ", bounds.newest + 1));
  }
  std::lock_guard lock(mutex_);
  return Store(consumer, next - 1);
}

absl::Status ConsumerPlaces::Store(const std::string& consumer, model::Sequence acknowledged) {
  ConsumerPlace place{consumer, acknowledged, absl::ToUnixMicros(absl::Now())};
  absl::Status status = database_->Put(kCheckpointFamily, prefix_ + consumer, ConsumerValue(place));
  if (status.ok()) places_[consumer] = place;
  return status;
}

absl::Status ConsumerPlaces::Delete(const std::string& consumer) {
  std::lock_guard lock(mutex_);
  if (places_.count(consumer) == 0) {
    return absl::NotFoundError(absl::StrCat("there is no consumer ", consumer));
  }
  rocksdb::WriteBatch batch;
  rocksdb::Status built = batch.Delete(database_->family(kCheckpointFamily), prefix_ + consumer);
  absl::Status status = built.ok() ? database_->Write(&batch) : ToStatus(built, "cannot delete");
  if (status.ok()) places_.erase(consumer);
  return status;
}

std::vector<ConsumerPlace> ConsumerPlaces::All() const {
  std::lock_guard lock(mutex_);
  std::vector<ConsumerPlace> all;
  for (const auto& [name, place] : places_) all.push_back(place);
  return all;
}

}  // namespace tidemark::storage
