#ifndef TIDEMARK_EXAMPLES_CPP_STORE_H_
#define TIDEMARK_EXAMPLES_CPP_STORE_H_

#include <rocksdb/db.h>
#include <rocksdb/utilities/write_batch_with_index.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tidemark/v1/change_stream.pb.h"
#include "tidemark/v1/event.pb.h"

namespace tidemark::example {

// Rows of a source by their keys, in a RocksDB folder, and in the same write the place in the
// stream: a program killed at any moment goes on from exactly what it holds. Replace Put, Remove
// and Clear by what your own system needs. One thread at a time.
//
// Errors: FailedPrecondition: the folder cannot be read or written, or is not one of this program;
// the message says why.
class Store {
 public:
  static absl::StatusOr<std::unique_ptr<Store>> Open(const std::string& folder);

  // The first sequence that is not held; 1 at the beginning.
  uint64_t next() const { return next_; }
  // Stores the events, all or none. They are on disk when it returns: only then may they be
  // acknowledged.
  absl::Status Take(const v1::SubscribeResponse& response);
  // Calls `print` with all that is held, as events that would make it, the schemas first. A
  // heartbeat says how far it is.
  absl::Status Dump(const std::function<void(const v1::Event&)>& print) const;

 private:
  Store() = default;
  absl::Status Load();
  absl::Status Apply(const v1::Event& event);
  absl::Status AddSchema(const v1::TableSchema& schema);
  absl::Status ApplyChange(const v1::Change& change);
  // Sets the columns that the log did not carry to the values that are held.
  absl::Status Complete(const std::string& key, const v1::TableSchema& schema, v1::Row* row);
  // What is held, with the events that are being taken; empty: nothing.
  absl::StatusOr<std::string> Find(const std::string& key);
  absl::Status Put(const std::string& key, const v1::TableSchema& schema, const v1::Row& row);
  absl::Status Remove(const std::string& key);
  absl::Status Clear(const v1::TableSchema& schema);

  std::unique_ptr<rocksdb::DB> database_;
  std::map<uint32_t, v1::TableSchema> schemas_;
  uint64_t next_ = 1;
  // Of the events that are being taken.
  rocksdb::WriteBatchWithIndex batch_;
};

}  // namespace tidemark::example

#endif  // TIDEMARK_EXAMPLES_CPP_STORE_H_
