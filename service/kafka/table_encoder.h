#ifndef TIDEMARK_SERVICE_KAFKA_TABLE_ENCODER_H_
#define TIDEMARK_SERVICE_KAFKA_TABLE_ENCODER_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "model/event.h"
#include "tidemark/v1/event.pb.h"

namespace tidemark::service::kafka {

// Writes the changes of one version of one table as records of one format. Prepared once; what
// does not change from event to event is done then. Immutable, so thread-safe.
class TableEncoder {
 public:
  virtual ~TableEncoder() = default;

  // False: the format has no record for it.
  virtual bool Writes(model::Op op) const = 0;
  // False: the record's key is null.
  virtual bool HasKey(model::Op op) const = 0;

  // Append the bytes of the record. `change`: a serialized tidemark.v1.Change, as model::EventView
  // has it in `body`. AppendKey REQUIRES HasKey. InvalidArgument: a change of another schema.
  // DataLoss: malformed, or with a value that the format cannot hold. After an error `out` has a
  // part of the record.
  virtual absl::Status AppendKey(std::string& out, std::string_view change) const = 0;
  virtual absl::Status AppendValue(std::string& out, std::string_view change) const = 0;

  // The event's place, behind AppendValue: for formats whose values have it. It is in the header of
  // every record.
  virtual void AppendSequence(std::string& /*out*/, model::Sequence /*sequence*/) const {}

  // Columns that the records do not have, since the format has no form for them.
  virtual const std::vector<std::string>& left_out() const = 0;
};

// Makes the encoders of one source. One thread at a time.
class EncoderFactory {
 public:
  virtual ~EncoderFactory() = default;

  // `topic`: where the records go. Unavailable: a schema registry does not answer; ask again later.
  // FailedPrecondition: an operator must act (a schema that the registry refuses, a key that the
  // format cannot hold, ...); the message names the table, the cause and the remedy.
  virtual absl::StatusOr<std::unique_ptr<TableEncoder>> Prepare(const v1::TableSchema& schema,
                                                                const std::string& topic) = 0;
};

}  // namespace tidemark::service::kafka

#endif  // TIDEMARK_SERVICE_KAFKA_TABLE_ENCODER_H_
