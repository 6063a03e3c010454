#include "snapshot/reconcile.h"

#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"

namespace tidemark::snapshot {
namespace {

using model::Op;

// What the log says of one key after V.
struct KeyFate {
  bool superseded = false;
  // Indexes of partial images to overlay, in log order.
  std::vector<uint64_t> partials;
};

struct Fates {
  absl::flat_hash_map<std::string_view, KeyFate> keys;
  // A truncate after V: every row of the chunk is gone, but for keys in `keys` that a later known
  // touch restored.
  bool all_removed = false;
};

void Apply(const Touch& touch, uint64_t index, bool fold, KeyFate* fate) {
  if (touch.partial && !touch.read_again && touch.op == Op::kUpdate && fold) {
    if (!fate->superseded) fate->partials.push_back(index);
    return;
  }
  fate->superseded = true;
  fate->partials.clear();
}

absl::Status CheckLayout(const Touch& touch, const model::TableSchema& schema,
                         const capture::SchemaRegistry& registry) {
  if (touch.schema == schema.id) return absl::OkStatus();
  std::shared_ptr<const model::TableSchema> other = registry.Find(touch.schema);
  if (other != nullptr && model::SameLayout(*other, schema)) return absl::OkStatus();
  return absl::AbortedError(
      absl::StrCat("table ", model::QualifiedName(schema), " changed while its chunk was read"));
}

// Steps 1 and 2 for every touched key.
absl::StatusOr<Fates> Judge(const capture::Chunk& chunk, const TouchLog& touches, uint64_t first,
                            const capture::SchemaRegistry& registry, bool fold) {
  Fates fates;
  for (uint64_t i = first; i < touches.end(); ++i) {
    const Touch& touch = touches.at(i);
    bool known = chunk.view->Contains(touch.transaction);
    if (touch.op == Op::kTruncate) {
      // Nothing else writes to the table while it is truncated: what came before shares its fate.
      fates.keys.clear();
      fates.all_removed = !known;
      continue;
    }
    if (known) {
      fates.keys[touch.key] = KeyFate{};
      continue;
    }
    if (absl::Status status = CheckLayout(touch, *chunk.schema, registry); !status.ok()) {
      return status;
    }
    KeyFate& fate = fates.keys[touch.key];
    if (fates.all_removed) fate.superseded = true;
    Apply(touch, i, fold, &fate);
  }
  return fates;
}

absl::Status AppendFolded(const capture::Chunk& chunk, const model::FrameExtent& row,
                          const TouchLog& touches, const std::vector<uint64_t>& partials,
                          Reconciled* result) {
  std::string_view all = chunk.frames.view();
  model::Bytes folded, next;
  folded.Append(all.substr(row.after_at, row.after_size));
  for (uint64_t index : partials) {
    next.Clear();
    if (!model::OverlayRow(folded.view(), touches.at(index).after, &next)) {
      return absl::DataLossError(absl::StrCat("a row of ", model::QualifiedName(*chunk.schema),
                                              " does not fit the log's image of it"));
    }
    std::swap(folded, next);
  }
  result->rows.push_back(
      model::AppendReadWithAfter(result->frames, all.substr(row.at, row.size), row, folded.view()));
  ++result->rows_folded;
  return absl::OkStatus();
}

void AppendUnchanged(const capture::Chunk& chunk, const model::FrameExtent& row,
                     Reconciled* result) {
  model::FrameExtent moved = row;
  uint32_t shift = static_cast<uint32_t>(result->frames.size()) - row.at;  // modulo 2^32
  moved.at += shift;
  moved.key_at += shift;
  moved.after_at += shift;
  moved.position_at += shift;
  result->frames.Append(chunk.frames.view().substr(row.at, row.size));
  result->rows.push_back(moved);
}

}  // namespace

absl::StatusOr<Reconciled> Reconcile(capture::Chunk chunk, const TouchLog& touches, uint64_t first,
                                     const capture::SchemaRegistry& registry, bool fold) {
  absl::StatusOr<Fates> fates = Judge(chunk, touches, first, registry, fold);
  if (!fates.ok()) return fates.status();
  Reconciled result;
  if (fates->keys.empty() && !fates->all_removed) {
    result.frames = std::move(chunk.frames);
    result.rows = std::move(chunk.rows);
    return result;
  }
  result.frames.Reserve(chunk.frames.size());
  result.rows.reserve(chunk.rows.size());
  for (const model::FrameExtent& row : chunk.rows) {
    std::string_view key = chunk.frames.view().substr(row.key_at, row.key_size);
    auto fate = fates->keys.find(key);
    if (fate == fates->keys.end() ? fates->all_removed : fate->second.superseded) {
      ++result.rows_dropped;
    } else if (fate == fates->keys.end() || fate->second.partials.empty()) {
      AppendUnchanged(chunk, row, &result);
    } else if (absl::Status status =
                   AppendFolded(chunk, row, touches, fate->second.partials, &result);
               !status.ok()) {
      return status;
    }
  }
  return result;
}

}  // namespace tidemark::snapshot
