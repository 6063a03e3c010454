#ifndef TIDEMARK_STORAGE_WRITE_STALLS_H_
#define TIDEMARK_STORAGE_WRITE_STALLS_H_

#include <rocksdb/listener.h>

#include <mutex>

#include "storage/journal.h"

namespace tidemark::storage {

// Counts how often RocksDB delays or stops writes, and what fails in its background. RocksDB calls
// it from its own threads: of a stop for a flush only once that is over, and maybe after it was
// told of the end, so that nothing here says what is the case now. Thread-safe.
class WriteStalls final : public rocksdb::EventListener {
 public:
  void OnStallConditionsChanged(const rocksdb::WriteStallInfo& info) override;
  void OnBackgroundError(rocksdb::BackgroundErrorReason reason, rocksdb::Status* status) override;

  // Sets what is counted here.
  void Fill(StoreStatus* status) const;

 private:
  mutable std::mutex mutex_;
  uint64_t delays_ = 0;
  uint64_t stops_ = 0;
  uint64_t background_errors_ = 0;
};

}  // namespace tidemark::storage

#endif  // TIDEMARK_STORAGE_WRITE_STALLS_H_
