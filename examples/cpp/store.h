#ifndef TIDEMARK_EXAMPLES_CPP_STORE_H_
#define TIDEMARK_EXAMPLES_CPP_STORE_H_

#include <sqlite3.h>

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

// Rows of a source by their keys, in an SQLite file, and in the same transaction the place in the
// stream: a program killed at any moment goes on from exactly what it holds. Replace Put, Remove
// and Clear by what your own system needs. One thread at a time.
//
// Errors: FailedPrecondition: the file cannot be read or written, or is not one of this program;
// the message says why.
class Store {
 public:
  static absl::StatusOr<std::unique_ptr<Store>> Open(const std::string& file);

  // The first sequence that is not held; 1 at the beginning.
  uint64_t next() const { return next_; }
  // Stores the events, all or none. They are on disk when it returns: only then may they be
  // acknowledged.
  absl::Status Take(const v1::SubscribeResponse& response);
  // Calls `print` with all that is held, as events that would make it, the schemas first. A
  // heartbeat says how far it is.
  absl::Status Dump(const std::function<void(const v1::Event&)>& print) const;

 private:
  struct Close {
    void operator()(sqlite3* database) const { sqlite3_close(database); }
  };
  // A row that is held; `schema` names its columns.
  struct Held {
    const v1::TableSchema* schema = nullptr;
    v1::Row row;
  };

  Store() = default;
  absl::Status Load();
  // Within a transaction.
  absl::Status ApplyAll(const v1::SubscribeResponse& response, uint64_t* next);
  absl::Status Apply(const v1::Event& event);
  absl::Status AddSchema(const v1::TableSchema& schema);
  absl::Status ApplyChange(const v1::Change& change);
  // Sets the columns that the log did not carry to the values that are held.
  absl::Status Complete(const v1::TableSchema& schema, const v1::Row& key, v1::Row* row);
  // No schema: there is no such row.
  absl::StatusOr<Held> Find(const v1::TableSchema& schema, const v1::Row& key);
  absl::Status Put(const v1::TableSchema& schema, const v1::Row& key, const v1::Row& row);
  absl::Status Remove(const v1::TableSchema& schema, const v1::Row& key);
  absl::Status Clear(const v1::TableSchema& schema);

  std::unique_ptr<sqlite3, Close> database_;
  std::map<uint32_t, v1::TableSchema> schemas_;
  uint64_t next_ = 1;
};

}  // namespace tidemark::example

#endif  // TIDEMARK_EXAMPLES_CPP_STORE_H_
