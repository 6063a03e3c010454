#include "capture/mysql/watermark_rows.h"

namespace tidemark::capture::mysql {

uint32_t WatermarkRows::Take() {
  std::lock_guard lock(mutex_);
  uint32_t number = 0;
  while (taken_.count(number) != 0) ++number;
  taken_.insert(number);
  return number;
}

void WatermarkRows::Return(uint32_t number) {
  std::lock_guard lock(mutex_);
  taken_.erase(number);
}

}  // namespace tidemark::capture::mysql
