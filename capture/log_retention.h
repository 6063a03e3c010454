#ifndef TIDEMARK_CAPTURE_LOG_RETENTION_H_
#define TIDEMARK_CAPTURE_LOG_RETENTION_H_

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace tidemark::capture {

// What a server keeps of its log, as it said when it was asked last. nullopt: there is no such
// bound, or the kind of server cannot tell.
struct LogRetention {
  // When it was asked, microseconds since 1970-01-01 UTC; 0: not yet.
  uint64_t examined_us = 0;
  // PostgreSQL: what the slot makes it keep. MySQL and MariaDB: all binlogs that there are.
  std::optional<uint64_t> retained_bytes = std::nullopt;
  // PostgreSQL: what may still be written before the slot may lose log.
  std::optional<uint64_t> safe_bytes = std::nullopt;
  // MySQL and MariaDB: the age at which binlogs are dropped.
  std::optional<uint64_t> expire_s = std::nullopt;
  // PostgreSQL: wal_status of the slot: "reserved", "extended", "unreserved", "lost".
  std::string slot_status = "";
};

// The newest answer. Thread-safe.
class NewestLogRetention {
 public:
  void Set(LogRetention retention) {
    std::lock_guard lock(mutex_);
    retention_ = std::move(retention);
  }
  LogRetention Get() const {
    std::lock_guard lock(mutex_);
    return retention_;
  }

 private:
  mutable std::mutex mutex_;
  LogRetention retention_;
};

}  // namespace tidemark::capture

#endif  // TIDEMARK_CAPTURE_LOG_RETENTION_H_
