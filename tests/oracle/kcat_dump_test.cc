#include "tests/oracle/kcat_dump.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <sstream>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "tests/support/kafka_cluster.h"
#include "tests/support/kafka_topic.h"
#include "tests/support/process.h"
#include "tests/support/status_matchers.h"

namespace tidemark::oracle {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::KafkaRecord;
using ::testing::Pair;

absl::StatusOr<std::vector<KafkaRecord>> Read(const std::string& dump) {
  std::istringstream stream(dump);
  return ReadKcatDump(stream);
}

// As kcat 1.7.1 printed it; the value is "v\n x 0 0".
constexpr char kRecord[] = "x.y 2 17 1795871299555 1 8\nkv\n x 0 0source=shop,op=create\n";

TEST(KcatDumpTest, EveryPartOfARecordIsThere) {
  const auto records = Read(kRecord);
  ASSERT_OK(records);
  ASSERT_EQ(records->size(), 1u);
  const KafkaRecord& record = records->front();
  EXPECT_EQ(record.topic, "x.y");
  EXPECT_EQ(record.partition, 2);
  EXPECT_EQ(record.offset, 17);
  EXPECT_EQ(record.timestamp_ms, 1795871299555);
  EXPECT_EQ(record.key, "k");
  EXPECT_EQ(record.value, "v\n x 0 0");
  EXPECT_THAT(record.headers, ElementsAre(Pair("source", "shop"), Pair("op", "create")));
}

TEST(KcatDumpTest, BytesOfAllKindsAreKept) {
  const std::string bytes("\0\n\xff=,", 5);
  const auto records = Read("t 0 0 -1 5 5\n" + bytes + bytes + "\n" + kRecord);
  ASSERT_OK(records);
  ASSERT_EQ(records->size(), 2u);
  EXPECT_EQ(records->front().key, bytes);
  EXPECT_EQ(records->front().value, bytes);
  EXPECT_THAT(records->front().headers, IsEmpty());
}

TEST(KcatDumpTest, NullIsToldFromEmpty) {
  const auto records = Read("t 0 0 1 -1 0\n\nt 0 1 1 0 -1\na=,b=c=d\n");
  ASSERT_OK(records);
  ASSERT_EQ(records->size(), 2u);
  EXPECT_EQ((*records)[0].key, std::nullopt);
  EXPECT_EQ((*records)[0].value, "");
  EXPECT_EQ((*records)[1].key, "");
  EXPECT_EQ((*records)[1].value, std::nullopt);
  EXPECT_THAT((*records)[1].headers, ElementsAre(Pair("a", ""), Pair("b", "c=d")));
}

TEST(KcatDumpTest, NothingIsNoRecord) {
  const auto records = Read("");
  ASSERT_OK(records);
  EXPECT_THAT(*records, IsEmpty());
}

TEST(KcatDumpTest, WhatIsCutOffIsDataLoss) {
  const std::string whole = kRecord;
  for (size_t bytes = 1; bytes < whole.size(); ++bytes) {
    const auto records = Read(kRecord + whole.substr(0, bytes));
    EXPECT_EQ(records.status().code(), absl::StatusCode::kDataLoss) << bytes;
    EXPECT_THAT(std::string(records.status().message()), HasSubstr("record 2 "));
  }
}

TEST(KcatDumpTest, WhatKcatDoesNotPrintIsDataLoss) {
  for (const char* dump :
       {"\n", "t 0 0 0 0\n\n", "t 0 0 0 0 0 0\n\n", " 0 0 0 0 0\n\n", "t x 0 0 0 0\n\n",
        "t 0 0 0 -2 0\n\n", "t 0 0 0 0 99999999999\n\n", "t 0 0 0 0 0\na\n", "t 0 0 0 0 0\n=a\n",
        "t 0 0 0 0 0\na=b,c\n", "t 0 0 0 0 0\na=b,\n"}) {
    EXPECT_EQ(Read(dump).status().code(), absl::StatusCode::kDataLoss) << dump;
  }
}

using Fields = std::tuple<std::string, int32_t, int64_t, std::optional<std::string>,
                          std::optional<std::string>, size_t, int64_t>;

std::vector<Fields> Sorted(const std::vector<KafkaRecord>& records) {
  std::vector<Fields> all;
  for (const KafkaRecord& record : records) {
    all.emplace_back(record.topic, record.partition, record.offset, record.key, record.value,
                     record.headers.size(), record.timestamp_ms);
  }
  std::sort(all.begin(), all.end());
  return all;
}

TEST(KcatDumpTest, KcatSeesWhatAnotherConsumerSees) {
  ASSERT_OK_AND_ASSIGN(auto kafka, testing::KafkaCluster::Start({}));
  ASSERT_OK(testing::CreateKafkaTopic(kafka->bootstrap(), {.name = "seen", .partitions = 2}));
  const std::string kcat = absl::StrCat("kcat -b ", kafka->bootstrap(), " -t seen ");
  const auto run = [](const std::string& command) {
    return testing::RunProgram({"/bin/sh", "-c", command}, absl::Seconds(60));
  };
  ASSERT_OK(run("printf 'a\\nb\\000\\377' | " + kcat + "-P -D '|' -p 0 -k key -H a=b -H c=d"));
  ASSERT_OK(run("printf 'k:' | " + kcat + "-P -Z -K: -p 1"));
  ASSERT_OK(run("printf 'v' | " + kcat + "-P -p 1"));

  ASSERT_OK_AND_ASSIGN(
      const std::string dump,
      run(kcat + "-C -e -q -X isolation.level=read_committed -f '%t %p %o %T %K %S\\n%k%s%h\\n'"));
  const auto seen = Read(dump);
  ASSERT_OK(seen);
  ASSERT_OK_AND_ASSIGN(const auto records, testing::ReadCommitted(kafka->bootstrap(), "seen"));
  ASSERT_EQ(records.size(), 3u);
  EXPECT_EQ(Sorted(*seen), Sorted(records));
}

}  // namespace
}  // namespace tidemark::oracle
