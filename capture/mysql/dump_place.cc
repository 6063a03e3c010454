#include "capture/mysql/dump_place.h"

#include <algorithm>
#include <tuple>

#include "capture/mysql/resume_token.h"

namespace tidemark::capture::mysql {

bool LogPlace::operator<(const LogPlace& other) const {
  return std::tuple(FileNumber(file), offset) < std::tuple(FileNumber(other.file), other.offset);
}

uint64_t WidenOffset(uint32_t low, uint64_t from) {
  uint64_t place = (from & ~uint64_t{0xffffffff}) | low;
  return place < from ? place + (uint64_t{1} << 32) : place;
}

void DumpPlace::Pass(const EventHeader& header) {
  start = end;
  if (header.artificial() || header.type == EventType::kHeartbeat ||
      header.type == EventType::kHeartbeatV2) {
    return;
  }
  if (header.end_position == 0) {
    end = start + header.size;
    return;
  }
  end = WidenOffset(header.end_position, start);
  start = end - std::min<uint64_t>(header.size, end);
}

}  // namespace tidemark::capture::mysql
