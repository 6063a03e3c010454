#ifndef TIDEMARK_MODEL_EVENT_H_
#define TIDEMARK_MODEL_EVENT_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/bytes.h"
#include "model/position.h"
#include "model/schema.h"
#include "model/wire.h"

namespace tidemark::model {

// Place of an event in its source's stream. 0 is before the first event.
using Sequence = uint64_t;

enum class Op : uint8_t {
  kNone = 0,
  kCreate = 1,
  kUpdate = 2,
  kDelete = 3,
  kTruncate = 4,
  kRead = 5
};

// The member of tidemark.v1.Event.body, by its field number.
enum class EventKind : uint8_t {
  kNone = 0,
  kChange = 2,
  kSchema = 3,
  kTransactionEnd = 4,
  kSnapshotMark = 5,
  kMessage = 6,
  kHeartbeat = 7,
};

// A frame is one event as it stands in a SubscribeResponse: tag, length, then tidemark.v1.Event
// whose first field is the sequence. Concatenated frames are a SubscribeResponse: the journal
// stores them and gRPC sends them as they are. The sequence of an event is not known when it is
// encoded; it is a fixed64 so that it can be set in place later.

// Where an encoded change lies in its buffer. Offsets are from the buffer's start.
struct FrameExtent {
  uint32_t at = 0;
  uint32_t size = 0;
  // The serialized tidemark.v1.Row of the key and of the new row; size 0: absent.
  uint32_t key_at = 0;
  uint32_t key_size = 0;
  uint32_t after_at = 0;
  uint32_t after_size = 0;
  // The value of Change.position's first fixed64.
  uint32_t position_at = 0;

  // The frame now starts `bytes` earlier in its buffer.
  void MoveDown(uint32_t bytes) {
    for (uint32_t* offset : {&at, &key_at, &after_at, &position_at}) {
      if (*offset >= bytes) *offset -= bytes;  // else: absent
    }
  }
};

// What the changes of one transaction share.
struct TransactionHeader {
  Position position;
  uint64_t transaction_id = 0;
  uint64_t commit_time_us = 0;
  uint64_t capture_time_us = 0;
};

// Encodes changes as frames, each row once, straight into its wire form.
//
//   encoder.SetTransaction(header);
//   encoder.Begin(schema_id, Op::kCreate, index, bound);
//   encoder.OpenRow(ChangeEncoder::kKey, bound);   AppendInteger(encoder.out(), 1, 42);
//   encoder.CloseRow(); encoder.OpenRow(ChangeEncoder::kAfter, bound); ... encoder.CloseRow();
//   FrameExtent extent = encoder.End();
//
// Rows are written in the order key, before, after. Not thread-safe; `out` must outlive the
// encoder.
class ChangeEncoder {
 public:
  enum RowField : uint32_t { kKey = 9, kBefore = 10, kAfter = 11 };

  explicit ChangeEncoder(Bytes* out) : out_(out) {}

  // The header of the changes that follow.
  void SetTransaction(const TransactionHeader& header);
  // As SetTransaction, for rows that a snapshot reads: their position is set later, with
  // SetReadPosition. `position_has_file`: Position.file will not be 0.
  void SetSnapshot(uint64_t snapshot_id, uint64_t capture_time_us, bool position_has_file);

  // `rows_bound`: at most so many bytes will be written between Begin and End.
  void Begin(SchemaId schema, Op op, uint64_t transaction_index, size_t rows_bound);
  void OpenRow(RowField field, size_t bound);
  void CloseRow();
  FrameExtent End();

  // Sets last_in_transaction on the change that Begin opened last. REQUIRES: `out` still holds it.
  void MarkLast();
  // That change now starts `bytes` earlier in `out`.
  void MoveDown(size_t bytes) { last_at_ -= bytes; }

  Bytes& out() { return *out_; }

 private:
  Bytes* out_;
  std::string header_;          // encoded fields that every change shares
  size_t header_position_ = 0;  // of the position's first fixed64 in header_
  uint64_t snapshot_id_ = 0;
  bool is_snapshot_ = false;
  LengthMark event_, body_, row_;
  RowField row_field_ = kKey;
  size_t row_at_ = 0;
  size_t last_at_ = 0;  // of last_in_transaction's value
  FrameExtent extent_;
};

// Frames of the other kinds. `sequence` may be set later.
void AppendSchemaFrame(Bytes& out, const TableSchema& schema);
void AppendTransactionEndFrame(Bytes& out, const TransactionHeader& header, uint64_t change_count);
struct LogicalMessage {
  std::string_view prefix;
  std::string_view content;
  Position position;
  // 0: not transactional.
  uint64_t transaction_id = 0;
  uint64_t transaction_index = 0;
  uint64_t commit_time_us = 0;
};
void AppendMessageFrame(Bytes& out, const LogicalMessage& message);
struct SnapshotMark {
  enum Kind : uint8_t { kStarted = 1, kChunkDone, kTableDone, kCompleted, kCancelled, kFailed };
  uint64_t snapshot_id = 0;
  Kind kind = kStarted;
  TableId table_id = 0;
  std::vector<std::string> lower_key;
  std::vector<std::string> upper_key;
  uint64_t rows = 0;
  Position position;
  std::string reason;
};
void AppendSnapshotMarkFrame(Bytes& out, const SnapshotMark& mark);
// `sequence`: of the newest event before it.
void AppendHeartbeatFrame(Bytes& out, Sequence sequence, const Position& frontier,
                          uint64_t time_us);

// Serialized tidemark.v1.TableSchema.
std::string EncodeSchema(const TableSchema& schema);

// Sets the sequence of the frame that starts at `frame`.
void SetSequence(char* frame, Sequence sequence);
// Sets the position of a READ at `position` (FrameExtent.position_at in its buffer).
void SetReadPosition(char* position_at, const Position& position);

// One event seen through its frame; the views live as long as the scanned bytes.
struct EventView {
  std::string_view frame;
  std::string_view body;
  Sequence sequence = 0;
  EventKind kind = EventKind::kNone;
  // kChange: both; kSchema: schema id; kSnapshotMark: table_id (0: none); else 0.
  SchemaId schema = 0;
  Op op = Op::kNone;
  TableId table = 0;
};

// Walks frames without decoding rows.
class FrameScanner {
 public:
  explicit FrameScanner(std::string_view frames) : reader_(frames) {}
  // False at the end, or at bytes that are no frame: then malformed() is true.
  bool Next(EventView* event);
  bool malformed() const { return malformed_; }

 private:
  WireReader reader_;
  bool malformed_ = false;
};

// Where `row` (a serialized tidemark.v1.Row) has a value for each column, appends to `out` the row
// in which each unavailable value of `partial` is taken from `base`. False: malformed, or a
// different number of columns.
bool OverlayRow(std::string_view base, std::string_view partial, Bytes* out);

// Appends a READ frame like `read` whose new row is `after`. REQUIRES: `read` is a frame of
// ChangeEncoder.
FrameExtent AppendReadWithAfter(Bytes& out, std::string_view frame, const FrameExtent& extent,
                                std::string_view after);

}  // namespace tidemark::model

#endif  // TIDEMARK_MODEL_EVENT_H_
