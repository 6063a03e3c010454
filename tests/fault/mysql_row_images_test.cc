// Hazard H5 on MySQL and MariaDB: in each row image, what the binlog leaves out is completed from
// the chunk, under writers of the same rows; without folding it is lost.

#include "absl/strings/str_cat.h"
#include "absl/strings/substitute.h"
#include "tests/fault/hot_rows_test.h"

namespace tidemark::fault {
namespace {

constexpr int kImageWriters = 12;

// How the server logs an update, and what the updates leave out.
struct RowImage {
  std::string name;
  std::string setting;  // binlog_row_image
  bool json_diffs = false;
  // The columns of which updates lack something: "" none.
  std::vector<size_t> incomplete = {};
  // The log has neither the document nor the one before: rows under changes are not completed from
  // the chunk, but read again.
  bool read_again = false;
};

class MysqlRowImagesTest : public HotRowsTest {
 protected:
  static constexpr size_t kBody = 2;
  static constexpr size_t kDocument = 4;

  void SetUp() override {
    HotRowsTest::SetUp();
    Sql("ALTER TABLE hot ADD document json");
    Sql("UPDATE hot SET body = repeat(sha2(id, 256), 40), version = 2, "
        "document = JSON_OBJECT('n', 1, 'text', repeat('x', 300))");
  }

  std::string Update(int writer, uint64_t id) const override {
    return absl::Substitute(
        "UPDATE hot SET note = 'w$0', version = version + 1$2 WHERE id = $1", writer, id,
        json_diffs_ ? ", document = JSON_REPLACE(document, '$.n', version % 9)" : "");
  }

  std::vector<RowImage> Images() const {
    std::vector<RowImage> images = {{"FULL", "FULL"},
                                    {"MINIMAL", "MINIMAL", false, {kBody, kDocument}},
                                    {"NOBLOB", "NOBLOB", false, {kBody}}};
    // MySQL does not take a document for a BLOB here.
    if (mariadb()) images.back().incomplete.push_back(kDocument);
    if (mysql()) images.push_back({"PARTIAL_JSON", "FULL", true});
    if (mysql()) {
      images.push_back({"PARTIAL_JSON, MINIMAL", "MINIMAL", true, {kBody, kDocument}, true});
    }
    return images;
  }

  // Sessions that are opened from now on log so.
  void Use(const RowImage& image) {
    json_diffs_ = image.json_diffs;
    Sql(absl::StrCat("SET GLOBAL binlog_row_image = ", image.setting));
    if (!mysql()) return;
    Sql(absl::StrCat("SET GLOBAL binlog_row_value_options = '",
                     image.json_diffs ? "PARTIAL_JSON" : "", "'"));
  }

 private:
  bool json_diffs_ = false;
};

TEST_P(MysqlRowImagesTest, EachIsCompletedFromTheChunk) {
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  for (const RowImage& image : Images()) {
    SCOPED_TRACE(image.name);
    Use(image);
    StartWriters(kImageWriters);
    if (image.read_again) {
      const v1::Snapshot snapshot = Snapshot({Named("hot")});
      for (int i = 0; i < 5; ++i) Snapshot({Named("hot")});
      StopWriters();
      ExpectCompletedLater(snapshot, kBody);
      ExpectCompletedLater(snapshot, kDocument);
    } else {
      EXPECT_EQ(RowsLeftIncomplete(6, kBody), 0u);
      EXPECT_EQ(RowsLeftIncomplete(6, kDocument), 0u);
      StopWriters();
    }
    WaitUntilExact();
    if (HasFailure()) return;
  }
}

TEST_P(MysqlRowImagesTest, WithoutFoldingWhatTheyLeaveOutIsLost) {
  StartService(WithoutFolding());
  ASSERT_FALSE(HasFatalFailure());
  for (const RowImage& image : Images()) {
    SCOPED_TRACE(image.name);
    Use(image);
    StartWriters(kImageWriters);
    for (const size_t column : image.incomplete) EXPECT_GT(RowsLeftIncomplete(100, column), 0u);
    StopWriters();
  }
}

TIDEMARK_ON_EVERY_GTID_SERVER(MysqlRowImagesTest);

}  // namespace
}  // namespace tidemark::fault
