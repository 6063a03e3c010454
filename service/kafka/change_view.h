#ifndef TIDEMARK_SERVICE_KAFKA_CHANGE_VIEW_H_
#define TIDEMARK_SERVICE_KAFKA_CHANGE_VIEW_H_

#include <bit>
#include <cstdint>
#include <optional>
#include <string_view>

#include "absl/status/status.h"
#include "model/event.h"
#include "model/value_writer.h"
#include "model/wire.h"

namespace tidemark::service::kafka {

// Serialized messages of tidemark.v1 seen in place: nothing is copied, and the views live as long
// as the bytes. Each reader returns false at bytes that are no such message.

// A tidemark.v1.Value.
struct ValueView {
  bool null = true;
  model::ValueKind kind = model::ValueKind::kBoolean;  // where not null
  uint64_t number = 0;                                 // varints, and the bits of floats
  std::string_view bytes;                              // strings, bytes, nested messages

  bool is(model::ValueKind wanted) const { return !null && kind == wanted; }
  bool flag() const { return number != 0; }
  int64_t integer() const { return model::UnZigZag(number); }
  float real() const { return std::bit_cast<float>(static_cast<uint32_t>(number)); }
  double double_precision() const { return std::bit_cast<double>(number); }
};
bool ReadValue(std::string_view message, ValueView* value);

// Walks the values of a Row, or of field `field` of another message of that form.
class ValuesReader {
 public:
  explicit ValuesReader(std::string_view message, uint32_t field = 1)
      : reader_(message), field_(field) {}
  // False at the end, or at malformed bytes.
  bool Next(ValueView* value);
  bool malformed() const { return malformed_; }

 private:
  model::WireReader reader_;
  uint32_t field_;
  bool malformed_ = false;
};

// A tidemark.v1.Change.
struct ChangeView {
  model::SchemaId schema = 0;
  model::Op op = model::Op::kNone;
  uint64_t position_file = 0;
  uint64_t position_offset = 0;
  uint64_t transaction_id = 0;
  uint64_t transaction_index = 0;
  uint64_t commit_time_us = 0;
  uint64_t capture_time_us = 0;
  std::optional<std::string_view> key;
  std::optional<std::string_view> before;
  std::optional<std::string_view> after;
};
bool ReadChange(std::string_view message, ChangeView* change);
// DataLoss: it is none; InvalidArgument: it is of another schema than `schema`.
absl::Status ReadChangeOf(model::SchemaId schema, std::string_view message, ChangeView* change);

// DataLoss: what the journal gave is no event.
absl::Status MalformedEvent();

}  // namespace tidemark::service::kafka

#endif  // TIDEMARK_SERVICE_KAFKA_CHANGE_VIEW_H_
