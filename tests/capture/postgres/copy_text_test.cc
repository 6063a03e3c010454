#include "capture/postgres/copy_text.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace tidemark::capture::postgres {
namespace {

const ColumnView kNull{};

ColumnView Text(std::string_view bytes) { return {ColumnView::Kind::kText, bytes}; }

TEST(CopyTextTest, SplitsColumnsAndTakesEscapesBack) {
  CopyTextParser parser;
  Tuple row;
  ASSERT_TRUE(parser.Parse("1\t\\N\t\ta b\n", 4, &row).ok());
  EXPECT_EQ(row.columns, (std::vector<ColumnView>{Text("1"), kNull, Text(""), Text("a b")}));
  ASSERT_TRUE(parser.Parse("\\\\N\tx\\ty\\nz\\b\\f\\r\\v\\\\\tplain", 3, &row).ok());
  EXPECT_EQ(row.columns,
            (std::vector<ColumnView>{Text("\\N"), Text("x\ty\nz\b\f\r\v\\"), Text("plain")}));
}

TEST(CopyTextTest, EmptyRows) {
  CopyTextParser parser;
  Tuple row;
  ASSERT_TRUE(parser.Parse("\n", 1, &row).ok());
  EXPECT_EQ(row.columns, (std::vector<ColumnView>{Text("")}));
  EXPECT_TRUE(parser.Parse("\n", 0, &row).ok());
  EXPECT_TRUE(row.columns.empty());
}

TEST(CopyTextTest, OtherRowsAreDataLoss) {
  CopyTextParser parser;
  Tuple row;
  for (const char* line : {"1", "1\t2\t3", "1\ta\\", "1\t\\x41", "1\t\\.", "1\t\\NN", ""}) {
    EXPECT_EQ(parser.Parse(line, 2, &row).code(), absl::StatusCode::kDataLoss) << line;
  }
  EXPECT_FALSE(parser.Parse("x", 0, &row).ok());
}

TEST(CopyTextTest, MutatedRowsNeverCrash) {
  const uint32_t seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  RecordProperty("seed", std::to_string(seed));
  std::mt19937 random(seed);
  CopyTextParser parser;
  Tuple row;
  for (int round = 0; round < 100'000; ++round) {
    std::vector<char> line(random() % 24);
    for (char& c : line) c = "\\\\\t\tNntab\n."[random() % 11];
    size_t columns = random() % 4;
    if (!parser.Parse({line.data(), line.size()}, columns, &row).ok()) continue;
    size_t size = 0;
    for (const ColumnView& column : row.columns) size += column.bytes.size();
    ASSERT_EQ(row.columns.size(), columns);
    ASSERT_LE(size, line.size());
  }
}

}  // namespace
}  // namespace tidemark::capture::postgres
