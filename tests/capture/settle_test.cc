#include "capture/settle.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"

namespace tidemark::capture {
namespace {

using View = std::shared_ptr<const model::ReadView>;

// Shows the transactions below a number.
class NumberView : public model::ReadView {
 public:
  explicit NumberView(uint64_t end) : end_(end) {}
  bool Contains(const model::TransactionRef& transaction) const override {
    return transaction.number < end_;
  }

 private:
  const uint64_t end_;
};

std::vector<model::TransactionRef> Transactions(const std::vector<uint64_t>& numbers) {
  std::vector<model::TransactionRef> transactions(numbers.size());
  for (size_t i = 0; i < numbers.size(); ++i) transactions[i].number = numbers[i];
  return transactions;
}

TEST(SettleTest, AsksUntilAllIsShownAndOnceAtLeast) {
  uint64_t asked = 0;
  auto view = [&](auto) -> absl::StatusOr<View> { return std::make_shared<NumberView>(++asked); };
  ASSERT_TRUE(SettleByPolling(Transactions({1, 3}), view, "nobody", nullptr, {}).ok());
  EXPECT_EQ(asked, 4u);
  asked = 0;
  ASSERT_TRUE(SettleByPolling({}, view, "nobody", nullptr, {}).ok());
  EXPECT_EQ(asked, 1u);
}

TEST(SettleTest, AViewThatTakesLongIsReported) {
  std::vector<std::string> reports;
  auto slow = [](absl::FunctionRef<void()> waiting) -> absl::StatusOr<View> {
    for (int i = 0; i < 8; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
      waiting();
    }
    return std::make_shared<NumberView>(100);
  };
  auto report = [&](const std::string& what) { reports.push_back(what); };
  for (const auto& waited : {Transactions({42}), Transactions({})}) {
    reports.clear();
    ASSERT_TRUE(SettleByPolling(waited, slow, "a missing replica", report, {}).ok());
    ASSERT_EQ(reports.size(), 2u);
    EXPECT_TRUE(absl::StrContains(reports[0], "a missing replica")) << reports[0];
    EXPECT_EQ(absl::StrContains(reports[0], "42"), !waited.empty()) << reports[0];
    EXPECT_EQ(reports[1], "");
  }
}

}  // namespace
}  // namespace tidemark::capture
