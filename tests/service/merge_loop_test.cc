#include "service/merge_loop.h"

#include <gtest/gtest.h>

#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "storage/journal.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_folder.h"

namespace tidemark::service {
namespace {

using std::chrono::milliseconds;

// A merge thread over a journal on disk; no snapshots.
class MergeLoopTest : public ::testing::Test {
 protected:
  void SetUp() override {
    storage::StoreOptions options;
    options.folder = folder_.File("data");
    ASSERT_OK_AND_ASSIGN(store_, storage::Store::Open(options));
    ASSERT_OK_AND_ASSIGN(journal_, store_->OpenJournal("shop"));
    snapshot::CoordinatorEnvironment environment;
    environment.now_us = [] { return uint64_t{0}; };
    environment.wake_readers = [] {};
    environment.load_rereads = [](size_t, model::Sequence) {
      return std::vector<storage::PendingReread>{};
    };
    coordinator_ = std::make_unique<snapshot::Coordinator>(
        "shop", nullptr, std::move(environment), snapshot::ChunkTuning{},
        std::vector<snapshot::Job>{});
    loop_ = std::make_unique<MergeLoop>(
        &inbox_, snapshot::Merger({}, &registry_, journal_->checkpoint()), journal_,
        coordinator_.get(), Events(), /*acknowledge_published=*/false);
    thread_ = std::jthread([this](std::stop_token stop) { EXPECT_OK(loop_->Run(stop)); });
  }

  void TearDown() override {
    inbox_.Close();
    thread_ = {};
  }

  MergeEvents Events() {
    return {.durable =
                [this](const model::Position& position, uint64_t, const snapshot::MergeCounts&) {
                  std::lock_guard lock(mutex_);
                  acknowledged_ = position;
                  ahead_ = ahead_ || position > journal_->checkpoint().frontier;
                },
            .wanted = [](const model::Position&) {},
            .stalled = [](const absl::Status&) {}};
  }

  void PushFrontier(uint64_t offset) {
    capture::LogBatch batch;
    batch.frontier = {0, offset};
    ASSERT_TRUE(inbox_.Push(batch, milliseconds(1000)));
  }

  // Until that is acknowledged.
  void Await(uint64_t offset) {
    for (int attempt = 0; attempt < 5000 && acknowledged().offset < offset; ++attempt) {
      std::this_thread::sleep_for(milliseconds(1));
    }
    ASSERT_EQ(acknowledged().offset, offset);
  }

  model::Position acknowledged() {
    std::lock_guard lock(mutex_);
    return acknowledged_;
  }

  bool ahead() {
    std::lock_guard lock(mutex_);
    return ahead_;
  }

  tidemark::testing::TempFolder folder_;
  std::unique_ptr<storage::Store> store_;
  storage::Journal* journal_ = nullptr;
  capture::SchemaRegistry registry_{{}};
  Inbox inbox_{1 << 20};
  std::unique_ptr<snapshot::Coordinator> coordinator_;
  std::unique_ptr<MergeLoop> loop_;
  std::mutex mutex_;
  model::Position acknowledged_;
  // Something was acknowledged that the journal did not have.
  bool ahead_ = false;
  std::jthread thread_;
};

// The source may forget what is acknowledged. A frontier alone is stored a few times a second: it
// is merged for a while before it is durable.
TEST_F(MergeLoopTest, WhatIsNotDurableIsNotAcknowledged) {
  for (uint64_t offset = 100; offset <= 500; offset += 100) {
    PushFrontier(offset);
    Await(offset);
  }
  EXPECT_FALSE(ahead());
}

}  // namespace
}  // namespace tidemark::service
