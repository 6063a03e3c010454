#ifndef TIDEMARK_STORAGE_CRC32C_H_
#define TIDEMARK_STORAGE_CRC32C_H_

#include <cstddef>
#include <cstdint>

namespace tidemark::storage {

// CRC-32C (Castagnoli) of what `crc` is the checksum of, followed by `data`; 0 is that of nothing.
// Thread-safe.
//
// RocksDB sums every byte of its write-ahead log with it. Distributions build RocksDB for the
// oldest processors, where that is a table look-up for each byte: a third of what the capture of a
// log costs. CMakeLists.txt has the linker put this function in its place, which uses the
// processor's instruction where there is one, and RocksDB's own where not. The sums are the same.
uint32_t ExtendCrc32c(uint32_t crc, const char* data, size_t size);

}  // namespace tidemark::storage

#endif  // TIDEMARK_STORAGE_CRC32C_H_
