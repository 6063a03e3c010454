#ifndef TIDEMARK_STORAGE_CONSUMER_PLACES_H_
#define TIDEMARK_STORAGE_CONSUMER_PLACES_H_

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "storage/database.h"
#include "storage/journal.h"

namespace tidemark::storage {

// The named consumers of one journal. Thread-safe: writes go one after the other, so that a place
// never goes back.
class ConsumerPlaces {
 public:
  ConsumerPlaces(Database* database, const std::string& source);
  absl::Status Load();

  // See Journal. `newest`: of the journal.
  absl::Status Acknowledge(const std::string& consumer, model::Sequence sequence,
                           model::Sequence newest);
  absl::Status Reset(const std::string& consumer, model::Sequence next, const Bounds& bounds);
  absl::Status Delete(const std::string& consumer);
  std::vector<ConsumerPlace> All() const;

 private:
  absl::Status Store(const std::string& consumer, model::Sequence acknowledged);

  Database* database_;
  const std::string prefix_;
  mutable std::mutex mutex_;
  std::map<std::string, ConsumerPlace> places_;
};

}  // namespace tidemark::storage

#endif  // TIDEMARK_STORAGE_CONSUMER_PLACES_H_
