#include "service/log_loop.h"

#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "model/wall_clock.h"

namespace tidemark::service {
namespace {

using std::chrono::milliseconds;

// Its first read takes long, comes further after a while, and says whether that was noted.
class LongReader final : public capture::LogReader {
 public:
  explicit LongReader(std::function<bool(std::function<void()> progressed)> first)
      : first_(std::move(first)) {}

  absl::StatusOr<capture::LogBatch> Read(size_t, milliseconds wait) override {
    if (first_) noted_.set_value(std::exchange(first_, nullptr)(progressed_));
    std::this_thread::sleep_for(wait);
    return capture::LogBatch{};
  }
  absl::Status KeepAlive() override { return absl::OkStatus(); }
  void Acknowledge(const model::Position&) override {}
  void RequestFrontier(const model::Position&) override {}
  model::Position ServerPosition() const override { return {}; }
  capture::LogRetention Retention() const override { return {}; }
  void OnProgress(std::function<void()> progressed) override {
    progressed_ = std::move(progressed);
  }

  std::future<bool> noted() { return noted_.get_future(); }

 private:
  std::function<bool(std::function<void()>)> first_;
  std::function<void()> progressed_ = [] {};
  std::promise<bool> noted_;
};

// Of one log.
class LongSource final : public capture::Source {
 public:
  explicit LongSource(std::unique_ptr<capture::LogReader> log) : log_(std::move(log)) {}

  capture::CheckResult Check(std::stop_token) override { return {}; }
  absl::StatusOr<std::unique_ptr<capture::LogReader>> OpenLog(const capture::LogResume&,
                                                              capture::SchemaRegistry*,
                                                              std::stop_token) override {
    if (log_ == nullptr) return absl::UnavailableError("it was opened before");
    return std::move(log_);
  }
  absl::StatusOr<std::unique_ptr<capture::ChunkReader>> OpenChunkReader(capture::SchemaRegistry*,
                                                                        std::stop_token) override {
    return absl::UnimplementedError("no chunks");
  }
  absl::StatusOr<std::vector<capture::TableInfo>> ListTables(std::stop_token) override {
    return std::vector<capture::TableInfo>{};
  }
  absl::Status Validate(const capture::ChunkRequest&, std::stop_token) override {
    return absl::OkStatus();
  }
  std::string Server() const override { return "test"; }
  capture::ServerNames Names() const override { return {}; }
  std::string CaptureRemedy() const override { return ""; }

 private:
  std::unique_ptr<capture::LogReader> log_;
};

// Else whoever looks at its turns takes the thread for stuck, and starts the service again.
TEST(LogLoopTest, AReadThatTakesLongAndComesFurtherIsATurn) {
  LogLoop* loop_seen = nullptr;
  auto reader = std::make_unique<LongReader>([&](const std::function<void()>& progressed) {
    while (loop_seen->turn().age_us() < 20'000) std::this_thread::sleep_for(milliseconds(1));
    const uint64_t progressed_us = model::SteadyUs();
    progressed();
    const uint64_t age_us = loop_seen->turn().age_us();
    return age_us <= model::SteadyUs() - progressed_us;
  });
  std::future<bool> noted = reader->noted();
  LongSource source(std::move(reader));
  capture::SchemaRegistry registry({});
  Inbox inbox(1 << 20);
  LogLoop loop(
      &source, &registry, &inbox, 1 << 20, [] { return capture::LogResume{}; },
      [](const absl::Status&) {});
  loop_seen = &loop;
  std::jthread thread([&](std::stop_token stop) { loop.Run(std::move(stop)); });
  EXPECT_TRUE(noted.get());
}

}  // namespace
}  // namespace tidemark::service
