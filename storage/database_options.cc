#include "storage/database_options.h"

#include <rocksdb/cache.h>
#include <rocksdb/table.h>

#include <algorithm>
#include <memory>

namespace tidemark::storage {
namespace {

constexpr size_t kMiB = 1 << 20;
constexpr size_t kCacheBytes = 8 * kMiB;

rocksdb::BlockBasedTableOptions MakeTableOptions() {
  // One cache for all families and databases of the process: its bound is the bound.
  static const std::shared_ptr<rocksdb::Cache> cache = rocksdb::NewLRUCache(kCacheBytes, 1);
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.cache_index_and_filter_blocks = true;
  table.format_version = 5;
  return table;
}

}  // namespace

rocksdb::DBOptions MakeDatabaseOptions(size_t write_buffer_bytes) {
  rocksdb::DBOptions options;
  options.db_write_buffer_size = write_buffer_bytes;
  // An idle family would pin the write-ahead log for ever.
  options.max_total_wal_size = 64 * kMiB;
  options.max_open_files = 256;
  // One flush and one compaction: 2 cores are shared with the database, and more flushes meet a
  // reordering bug of 7.8.
  options.max_background_jobs = 2;
  // A torn last write is normal after a kill. Damage further back is told from it by DurableMark.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  // 7.8: both have bugs that make a good log unreadable.
  options.track_and_verify_wals_in_manifest = false;
  options.wal_compression = rocksdb::kNoCompression;
  options.bytes_per_sync = kMiB;
  options.max_manifest_file_size = 16 * kMiB;
  options.info_log_level = rocksdb::WARN_LEVEL;
  options.keep_log_file_num = 3;
  options.max_log_file_size = kMiB;
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  return options;
}

rocksdb::ColumnFamilyOptions MakeStateOptions() {
  rocksdb::ColumnFamilyOptions options;
  options.write_buffer_size = 2 * kMiB;
  options.arena_block_size = 64 << 10;
  options.target_file_size_base = 4 * kMiB;
  options.compression = rocksdb::kLZ4Compression;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(MakeTableOptions()));
  return options;
}

// Keys only grow and are never overwritten or deleted one by one, so files never overlap and move
// from level 0 to level 1 (the last) without being rewritten. Range tombstones would break that:
// there are none (see Trim).
rocksdb::ColumnFamilyOptions MakeJournalOptions(size_t write_buffer_bytes) {
  rocksdb::BlockBasedTableOptions table = MakeTableOptions();
  table.block_size = 64 << 10;
  rocksdb::ColumnFamilyOptions options;
  options.write_buffer_size = std::max(write_buffer_bytes / 2, kMiB);
  options.max_write_buffer_number = 2;
  options.arena_block_size = std::min(options.write_buffer_size / 8, kMiB);
  options.num_levels = 2;
  // Files in level 0 cannot be dropped by retention: let them not stay there.
  options.level0_file_num_compaction_trigger = 2;
  options.target_file_size_base = 64 * kMiB;
  options.compression = rocksdb::kNoCompression;
  options.ttl = 0;
  options.periodic_compaction_seconds = 0;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

}  // namespace tidemark::storage
