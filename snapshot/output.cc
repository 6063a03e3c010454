#include "snapshot/output.h"

#include <algorithm>
#include <memory>
#include <utility>

namespace tidemark::snapshot {
namespace {

void AddSchema(std::vector<model::SchemaId>* schemas, model::SchemaId id) {
  if (id == 0 || (!schemas->empty() && schemas->back() == id)) return;
  auto at = std::lower_bound(schemas->begin(), schemas->end(), id);
  if (at == schemas->end() || *at != id) schemas->insert(at, id);
}

}  // namespace

void Output::Append(model::Bytes bytes, const std::vector<Frame>& frames) {
  if (frames.empty()) return;
  bytes_ += bytes.size();
  if (bytes.size() * 4 >= block_bytes_) {
    FlushGathered();
    CutInPlace(std::move(bytes), frames);
    return;
  }
  for (const Frame& frame : frames) {
    Gather(bytes.view().substr(frame.at, frame.size), frame.schema);
  }
}

void Output::AppendOne(std::string_view frame, model::SchemaId schema) {
  bytes_ += frame.size();
  Gather(frame, schema);
}

void Output::Gather(std::string_view frame, model::SchemaId schema) {
  if (!gathered_.empty() && gathered_.size() + frame.size() > block_bytes_) FlushGathered();
  size_t at = gathered_.size();
  gathered_.Append(frame);
  model::SetSequence(gathered_.data() + at, next_++);
  ++gathered_count_;
  AddSchema(&gathered_schemas_, schema);
}

void Output::FlushGathered() {
  if (gathered_.empty()) return;
  storage::Block block;
  block.first = next_ - gathered_count_;
  block.count = gathered_count_;
  block.schemas = std::move(gathered_schemas_);
  auto owner = std::make_shared<model::Bytes>(std::move(gathered_));
  block.frames = owner->view();
  block.owner = std::move(owner);
  blocks_.push_back(std::move(block));
  gathered_ = model::Bytes();
  gathered_count_ = 0;
  gathered_schemas_.clear();
}

void Output::CutInPlace(model::Bytes bytes, const std::vector<Frame>& frames) {
  auto owner = std::make_shared<model::Bytes>(std::move(bytes));
  storage::Block block;
  size_t block_at = frames.front().at;
  auto finish = [&](size_t end) {
    block.frames = owner->view().substr(block_at, end - block_at);
    block.owner = owner;
    blocks_.push_back(std::move(block));
    block = storage::Block();
    block_at = end;
  };
  for (const Frame& frame : frames) {
    if (block.count > 0 && frame.at + frame.size - block_at > block_bytes_) finish(frame.at);
    if (block.count == 0) block.first = next_;
    model::SetSequence(owner->data() + frame.at, next_++);
    ++block.count;
    AddSchema(&block.schemas, frame.schema);
  }
  finish(frames.back().at + frames.back().size);
}

std::vector<storage::Block> Output::Take(uint64_t now_us) {
  FlushGathered();
  for (storage::Block& block : blocks_) block.time_us = now_us;
  bytes_ = 0;
  return std::exchange(blocks_, {});
}

}  // namespace tidemark::snapshot
