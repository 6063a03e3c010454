// Records that a broker does not take.

#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "tests/service/kafka/publisher_fixture.h"

namespace tidemark::service::kafka {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

void AppendTruncate(DataFolder& data) {
  BlockMaker maker(data.journal()->bounds().newest + 1);
  maker.Change(1, model::Op::kTruncate, 0, "").End();
  data.Append(maker);
}

TEST_F(PublisherTest, RecordWithoutAKeyInACompactedTopicStopsWithTopicAndRemedy) {
  options_.topic_settings = {{"cleanup.policy", "compact"}};
  data_->AppendSchema(1, "lines", /*with_key=*/false);
  data_->Append(1, {1});
  EXPECT_THAT(WhyStopped(Start(*data_)),
              AllOf(HasSubstr(absl::StrCat("cannot write to topic ", source_, ".lines: ")),
                    HasSubstr("INVALID_RECORD"), HasSubstr("set its cleanup.policy to delete")));
}

TEST_F(PublisherTest, TruncateInACompactedTopicStopsUntilItIsLeftOut) {
  options_.topic_settings = {{"cleanup.policy", "compact"}};
  data_->AppendSchema(1, "orders");
  data_->Append(1, {1});
  AppendTruncate(*data_);
  data_->Append(1, {2});
  Publisher* publisher = Start(*data_);
  EXPECT_THAT(WhyStopped(publisher), AllOf(HasSubstr(absl::StrCat(source_, ".orders")),
                                           HasSubstr("publish.truncates: false")));
  EXPECT_EQ(publisher->status().errors.by_cause[static_cast<size_t>(FailureCause::kOperator)], 1u);
  publishers_.clear();
  options_.truncates = false;
  WaitUntilPublished(Start(*data_), *data_);
  EXPECT_EQ(Sequences("orders").size(), 2u);
}

// It is found out while records are still written.
TEST_F(PublisherTest, RefusalIsSaidInALargeTransactionToo) {
  options_.topic_settings = {{"cleanup.policy", "compact"}};
  data_->AppendSchema(1, "orders");
  BlockMaker maker(data_->journal()->bounds().newest + 1);
  maker.Change(1, model::Op::kTruncate, 0, "");
  for (int i = 0; i < 50'000; ++i) maker.Change(1, model::Op::kCreate, i, "n");
  maker.End();
  data_->Append(maker);
  EXPECT_THAT(WhyStopped(Start(*data_)), HasSubstr(absl::StrCat("topic ", source_, ".orders: ")));
}

}  // namespace
}  // namespace tidemark::service::kafka
