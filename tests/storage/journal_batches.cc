#include "tests/storage/journal_batches.h"

#include <utility>

#include "model/value_writer.h"

namespace tidemark::storage {

void AppendTestFrame(model::Bytes* out, model::Sequence sequence, size_t payload) {
  size_t at = out->size();
  model::ChangeEncoder encoder(out);
  encoder.SetTransaction({});
  encoder.Begin(1, model::Op::kCreate, 0, payload + 100);
  encoder.OpenRow(model::ChangeEncoder::kAfter, payload + 60);
  model::AppendInteger(*out, 1, static_cast<int64_t>(sequence));
  model::AppendBytesValue(*out, 1, model::ValueKind::kText, std::string(payload, 'x'));
  encoder.CloseRow();
  encoder.End();
  model::SetSequence(out->data() + at, sequence);
}

Block MakeBlock(model::Sequence first, uint32_t count, uint64_t time_us, size_t payload) {
  auto bytes = std::make_shared<model::Bytes>();
  for (uint32_t i = 0; i < count; ++i) AppendTestFrame(bytes.get(), first + i, payload);
  Block block;
  block.first = first;
  block.count = count;
  block.time_us = time_us;
  block.schemas = {1};
  block.frames = bytes->view();
  block.owner = std::move(bytes);
  return block;
}

AppendBatch MakeBatch(model::Sequence first, uint32_t blocks, uint32_t count, uint64_t time_us,
                      size_t payload) {
  AppendBatch batch;
  for (uint32_t i = 0; i < blocks; ++i) {
    batch.blocks.push_back(MakeBlock(first + i * count, count, time_us, payload));
  }
  batch.checkpoint.next_sequence = first + blocks * count;
  batch.checkpoint.frontier.offset = batch.checkpoint.next_sequence * 10;
  batch.checkpoint.resume = "token";
  return batch;
}

absl::StatusOr<std::vector<model::Sequence>> ReadSequences(Journal* journal, model::Sequence from) {
  std::vector<model::Sequence> sequences;
  auto cursor = journal->Read(from);
  if (!cursor.ok()) return cursor.status();
  while (true) {
    auto block = (*cursor)->Next();
    if (!block.ok()) return block.status();
    if (!block->has_value()) return sequences;
    model::FrameScanner scanner((*block)->frames);
    model::EventView event;
    uint32_t count = 0;
    for (; scanner.Next(&event); ++count) sequences.push_back(event.sequence);
    if (scanner.malformed() || count != (*block)->count) return absl::DataLossError("bad frames");
  }
}

void StoreTest::Open() {
  if (options_.folder.empty()) options_.folder = folder_.File("data");
  auto store = Store::Open(options_);
  ASSERT_TRUE(store.ok()) << store.status();
  store_ = *std::move(store);
  auto journal = store_->OpenJournal("shop");
  ASSERT_TRUE(journal.ok()) << journal.status();
  journal_ = *journal;
}

void StoreTest::Reopen() {
  Close();
  Open();
}

}  // namespace tidemark::storage
