#include "storage/crc32c.h"

#include <cstring>

// rocksdb::crc32c::Extend(uint32_t, const char*, size_t), as the linker's --wrap names its two
// sides.
extern "C" {
uint32_t __real__ZN7rocksdb6crc32c6ExtendEjPKcm(uint32_t crc, const char* data, size_t size);
uint32_t __wrap__ZN7rocksdb6crc32c6ExtendEjPKcm(uint32_t crc, const char* data, size_t size);
}

namespace tidemark::storage {
namespace {

#if defined(__x86_64__)

bool HasInstruction() { return __builtin_cpu_supports("sse4.2"); }

__attribute__((target("sse4.2"))) uint32_t ExtendByInstruction(uint32_t crc, const char* data,
                                                               size_t size) {
  uint64_t state = ~crc;
  for (; size >= sizeof(uint64_t); size -= sizeof(uint64_t), data += sizeof(uint64_t)) {
    uint64_t word;
    std::memcpy(&word, data, sizeof(word));
    state = __builtin_ia32_crc32di(state, word);
  }
  for (; size > 0; --size, ++data) {
    state = __builtin_ia32_crc32qi(static_cast<uint32_t>(state), static_cast<uint8_t>(*data));
  }
  return ~static_cast<uint32_t>(state);
}

#else

bool HasInstruction() { return false; }

uint32_t ExtendByInstruction(uint32_t crc, const char*, size_t) { return crc; }

#endif

}  // namespace

uint32_t ExtendCrc32c(uint32_t crc, const char* data, size_t size) {
  if (HasInstruction()) return ExtendByInstruction(crc, data, size);
  return __real__ZN7rocksdb6crc32c6ExtendEjPKcm(crc, data, size);
}

}  // namespace tidemark::storage

uint32_t __wrap__ZN7rocksdb6crc32c6ExtendEjPKcm(uint32_t crc, const char* data, size_t size) {
  return tidemark::storage::ExtendCrc32c(crc, data, size);
}
