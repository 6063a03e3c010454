#ifndef TIDEMARK_SERVICE_FEED_H_
#define TIDEMARK_SERVICE_FEED_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "absl/status/statusor.h"
#include "model/bytes.h"
#include "model/event.h"
#include "service/event_filter.h"
#include "storage/journal.h"

namespace tidemark::service {

// Frames that go out as they are.
struct FeedPiece {
  std::string_view frames;
  // Keeps `frames` alive.
  std::shared_ptr<const void> owner;
};

// The pieces of one response: put together they are a SubscribeResponse.
struct FeedBatch {
  std::vector<FeedPiece> pieces;
  size_t bytes = 0;
  // More of the journal is at hand: ask again at once. False: everything durable so far has been
  // looked at.
  bool more = false;
};

// What one consumer is sent, in order: the journal's blocks uncopied, or what of them a filter lets
// through; before the first change under a schema that was announced before the stream's start,
// that schema. Holds one block at most. One thread at a time; may read the disk.
class Feed {
 public:
  // Starts at `from`; see Journal::Read for errors. No batch has more than `bytes_max` bytes but
  // for a single larger event. `journal` must outlive it.
  static absl::StatusOr<std::unique_ptr<Feed>> Open(storage::Journal* journal, model::Sequence from,
                                                    const FilterOptions& filter, size_t bytes_max);

  // What can be had without waiting; empty pieces: nothing yet. OutOfRange: retention has overtaken
  // the place.
  absl::StatusOr<FeedBatch> Next();

  // The next event to look at: every one before it was sent or filtered out.
  model::Sequence place() const { return place_; }

 private:
  Feed(storage::Journal* journal, std::unique_ptr<storage::Cursor> cursor, size_t bytes_max);

  absl::StatusOr<bool> LoadBlock();
  absl::StatusOr<bool> TakeWhole(FeedBatch* batch);
  absl::StatusOr<bool> TakeFiltered(FeedBatch* batch);
  absl::Status TakeFrames(size_t room, FeedBatch* batch);
  void TakeRest(FeedBatch* batch);
  absl::Status AddSchema(model::SchemaId id, FeedBatch* batch);
  absl::Status AddSchemasOfBlock(FeedBatch* batch);

  storage::Journal* const journal_;
  const std::unique_ptr<storage::Cursor> cursor_;
  const size_t bytes_max_;
  const model::Sequence start_;
  std::optional<EventFilter> filter_;
  std::unordered_set<model::SchemaId> sent_schemas_;

  model::Sequence place_;
  storage::Block block_;
  std::string_view rest_;  // of block_.frames
};

}  // namespace tidemark::service

#endif  // TIDEMARK_SERVICE_FEED_H_
