// What the binlog of MySQL and MariaDB leaves out or packs: partial row images, JSON diffs,
// compressed transactions and events.

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/contract/capture_test.h"
#include "tests/support/random_seed.h"
#include "tests/workload/workload.h"

namespace tidemark::contract {
namespace {

class MysqlImagesTest : public CaptureTest {
 protected:
  std::vector<std::string> Images() const {
    std::vector<std::string> images = {"FULL", "MINIMAL", "NOBLOB"};
    if (mariadb() && GetParam().version >= 11) images.push_back("FULL_NODUP");
    return images;
  }

  void CreateTable(const std::string& name) {
    Sql(absl::StrCat("CREATE TABLE ", name,
                     " (id int PRIMARY KEY, note varchar(50), body text, n int DEFAULT 7, "
                     "doc json, version bigint)"));
    Sql(absl::StrCat("INSERT INTO ", name, " SELECT i, 'n', repeat(sha2(i, 256), 200), i, ",
                     "'{\"a\": 1, \"b\": [1, 2, 3]}', 1 FROM ", Rows(1, 300)));
  }

  void Write(const std::string& table) {
    Sql(absl::StrCat("UPDATE ", table, " SET note = 'changed', version = 2 WHERE id <= 30"));
    Sql(absl::StrCat("UPDATE ", table, " SET body = repeat('y', 9000), version = 3 WHERE id <= 9"));
    Sql(absl::StrCat("UPDATE ", table, " SET n = NULL, version = 4 WHERE id BETWEEN 5 AND 20"));
    Sql(absl::StrCat("INSERT INTO ", table, " (id, version) VALUES (1000, 1)"));
    Sql(absl::StrCat("UPDATE ", table, " SET note = 'x', version = 2 WHERE id = 1000"));
    Sql(absl::StrCat("UPDATE ", table, " SET id = id + 2000, version = 5 WHERE id > 290"));
    Sql(absl::StrCat("UPDATE ", table, " SET note = 'moved', version = 6 WHERE id > 2295"));
    Sql(absl::StrCat("DELETE FROM ", table, " WHERE id BETWEEN 40 AND 60"));
  }
};

TEST_P(MysqlImagesTest, EveryRowImageIsExact) {
  for (const std::string& image : Images()) CreateTable(image);
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  Snapshot();
  for (const std::string& image : Images()) {
    Sql(absl::StrCat("SET SESSION binlog_row_image = ", image));
    Write(image);
  }
  ExpectExact();
  const auto updates = Changes(v1::OP_UPDATE, Named("MINIMAL"));
  ASSERT_FALSE(updates.empty());
  EXPECT_TRUE(updates[0].after().values(2).unavailable());
}

TEST_P(MysqlImagesTest, WhatOnlyTheSnapshotCanKnowIsNotLost) {
  for (const std::string& image : Images()) CreateTable(image);
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  for (const std::string& image : Images()) {
    Sql(absl::StrCat("SET SESSION binlog_row_image = ", image));
    Sql(absl::StrCat("UPDATE ", image, " SET note = 'before', version = 2"));
  }
  auto snapshot = service().CreateSnapshot();
  ASSERT_OK(snapshot);
  for (int round = 0; round < 10; ++round) {
    for (const std::string& image : Images()) {
      Sql(absl::StrCat("SET SESSION binlog_row_image = ", image));
      Sql(absl::StrCat("UPDATE ", image,
                       " SET note = note || '.', version = version + 1 WHERE id % 3 = 0"));
    }
  }
  ASSERT_OK(service().WaitForSnapshot(snapshot->id()));
  ExpectExact();
}

TEST_P(MysqlImagesTest, WorkloadWithMinimalImagesIsExact) {
  auto session = NewSession();
  ASSERT_OK(workload::CreateTables(*session));
  ASSERT_OK(workload::Load(*session, 10'000));
  ASSERT_OK(session->Exec("SET GLOBAL binlog_row_image = MINIMAL"));
  StartService();
  if (!HasFatalFailure()) {
    workload::Writers writers({.connection = ConnectionString(),
                               .writers = 3,
                               .seed = testing::RandomSeed(),
                               .transactions_per_second = 200});
    Snapshot();
    absl::SleepFor(absl::Seconds(1));
    EXPECT_OK(writers.Stop());
    Snapshot();
    ExpectExact();
  }
  EXPECT_OK(session->Exec("SET GLOBAL binlog_row_image = FULL"));
}

TIDEMARK_ON_EVERY_MYSQL(MysqlImagesTest);

class MysqlPackedTest : public CaptureTest {
 protected:
  // Runs once with what `on` switches on, and switches it `off` again.
  void WriteWith(const std::string& on, const std::string& off) {
    auto session = NewSession();
    ASSERT_OK(workload::CreateTables(*session));
    ASSERT_OK(workload::Load(*session, 10'000));
    Sql("CREATE TABLE big (id int PRIMARY KEY, body mediumtext)");
    ASSERT_OK(session->Exec(on));
    StartService();
    if (!HasFatalFailure()) {
      workload::Writers writers({.connection = ConnectionString(),
                                 .writers = 3,
                                 .seed = testing::RandomSeed(),
                                 .transactions_per_second = 100});
      auto other = NewSession();
      EXPECT_OK(
          other->Exec("INSERT INTO big SELECT i, repeat(sha2(i, 256), 2000) FROM " + Rows(1, 500)));
      EXPECT_OK(other->Exec("UPDATE big SET body = repeat('x', 70000) WHERE id % 7 = 0"));
      Snapshot();
      EXPECT_OK(writers.Stop());
      ExpectExact();
    }
    EXPECT_OK(session->Exec(off));
  }
};

TEST_P(MysqlPackedTest, CompressedBinlogIsExact) {
  if (mysql()) {
    WriteWith("SET GLOBAL binlog_transaction_compression = ON",
              "SET GLOBAL binlog_transaction_compression = OFF");
  } else {
    WriteWith("SET GLOBAL log_bin_compress = ON, GLOBAL log_bin_compress_min_len = 10",
              "SET GLOBAL log_bin_compress = OFF, GLOBAL log_bin_compress_min_len = 256");
  }
}

TEST_P(MysqlPackedTest, BinlogWithoutChecksumsIsExact) {
  WriteWith("SET GLOBAL binlog_checksum = NONE", "SET GLOBAL binlog_checksum = CRC32");
}

TIDEMARK_ON_EVERY_MYSQL(MysqlPackedTest);

class MysqlJsonDiffsTest : public CaptureTest {
 protected:
  // Documents of which the log has differences only are read again, at their own pace.
  void WaitUntilReadAgain() {
    for (int attempt = 0; attempt < 50; ++attempt) {
      CatchUp();
      if (HasFatalFailure()) return;
      const auto found = oracle::CompareWithSource(fold(), *NewSession(), {});
      if (found.ok() && oracle::IsExact(fold(), *found)) return;
      absl::SleepFor(absl::Milliseconds(200));
    }
  }
};

TEST_P(MysqlJsonDiffsTest, PartialUpdatesOfDocumentsAreExact) {
  Sql("CREATE TABLE t (id int PRIMARY KEY, doc json, other json, version bigint)");
  Sql("INSERT INTO t SELECT i, JSON_OBJECT('name', repeat('n', 50), 'list', "
      "JSON_ARRAY(1, 2, i), 'deep', JSON_OBJECT('x', i, 'y', 'text')), '[1, 2]', 1 FROM " +
      Rows(1, 200));
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  Snapshot();
  for (const char* image : {"FULL", "MINIMAL", "NOBLOB"}) {
    Sql(absl::StrCat("SET SESSION binlog_row_image = ", image,
                     ", SESSION binlog_row_value_options = PARTIAL_JSON"));
    Sql("UPDATE t SET doc = JSON_REPLACE(doc, '$.name', 'short ' || version), "
        "version = version + 1");
    Sql("UPDATE t SET doc = JSON_SET(doc, '$.list[1]', version, '$.deep.x', -version), "
        "version = version + 1 WHERE id % 3 = 0");
    Sql("UPDATE t SET doc = JSON_REMOVE(doc, '$.deep.y'), "
        "other = JSON_ARRAY_APPEND(other, '$', 9), version = version + 1 WHERE id % 5 = 0");
    Sql("UPDATE t SET doc = JSON_SET(doc, '$.new', repeat('z', 100)), version = version + 1 "
        "WHERE id % 7 = 0");
    Sql("UPDATE t SET id = id + 1000, doc = JSON_SET(doc, '$.list[0]', 0), "
        "version = version + 1 WHERE id % 50 = 0");
    WaitUntilReadAgain();
    ExpectExact();
    if (HasFailure()) return;
  }
  Snapshot();
  ExpectExact();
}

INSTANTIATE_TEST_SUITE_P(MySql, MysqlJsonDiffsTest,
                         ::testing::Values(testing::MysqlKinds().front()), KindName);

}  // namespace
}  // namespace tidemark::contract
