#include "storage/write_stalls.h"

namespace tidemark::storage {

void WriteStalls::OnStallConditionsChanged(const rocksdb::WriteStallInfo& info) {
  std::lock_guard lock(mutex_);
  if (info.condition.cur == rocksdb::WriteStallCondition::kDelayed) ++delays_;
  if (info.condition.cur == rocksdb::WriteStallCondition::kStopped) ++stops_;
}

void WriteStalls::OnBackgroundError(rocksdb::BackgroundErrorReason, rocksdb::Status*) {
  std::lock_guard lock(mutex_);
  ++background_errors_;
}

void WriteStalls::Fill(StoreStatus* status) const {
  std::lock_guard lock(mutex_);
  status->write_delays = delays_;
  status->write_stops = stops_;
  status->background_errors = background_errors_;
}

}  // namespace tidemark::storage
