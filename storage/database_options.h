#ifndef TIDEMARK_STORAGE_DATABASE_OPTIONS_H_
#define TIDEMARK_STORAGE_DATABASE_OPTIONS_H_

#include <rocksdb/options.h>

namespace tidemark::storage {

// How we run RocksDB 7.8: bounded memory, nothing that its release has wrong (see the comments),
// journal files that are written once and never rewritten.
rocksdb::DBOptions MakeDatabaseOptions(size_t write_buffer_bytes);
rocksdb::ColumnFamilyOptions MakeStateOptions();
rocksdb::ColumnFamilyOptions MakeJournalOptions(size_t write_buffer_bytes);

}  // namespace tidemark::storage

#endif  // TIDEMARK_STORAGE_DATABASE_OPTIONS_H_
