#include "capture/mysql/binlog_stream.h"

#include <chrono>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "capture/mysql/mysql_error.h"
#include "tests/capture/mysql/shared_server.h"

namespace tidemark::capture::mysql {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Clock = std::chrono::steady_clock;

constexpr int kFormatDescription = 15;
constexpr int kTypeAt = 4;  // of an event's header

int TypeOf(std::string_view event) { return static_cast<unsigned char>(event[kTypeAt]); }

class BinlogStreamTest : public ServerTest {
 protected:
  absl::StatusOr<std::unique_ptr<BinlogStream>> Start(BinlogStreamOptions options) {
    absl::StatusOr<std::unique_ptr<Connection>> sql = Open();
    if (!sql.ok()) return sql.status();
    if (options.server_id == 0) options.server_id = 1001;
    return BinlogStream::Open(*std::move(sql), options);
  }

  // From the beginning of the first file.
  static BinlogStart FromFirst() { return {.file = "binlog.000001"}; }

  // The first event that contains `text`; an error or DeadlineExceeded.
  static absl::StatusOr<std::string> Find(BinlogStream& stream, const std::string& text) {
    const Clock::time_point deadline = Clock::now() + seconds(20);
    while (Clock::now() < deadline) {
      absl::StatusOr<std::optional<std::string_view>> event = stream.Next(milliseconds(100));
      if (!event.ok()) return event.status();
      if (event->has_value() && (*event)->find(text) != std::string_view::npos) {
        return std::string(**event);
      }
    }
    return absl::DeadlineExceededError(text);
  }
};
TIDEMARK_ALL_PRODUCTS(BinlogStreamTest);

TEST_P(BinlogStreamTest, ReadsToTheEndAndThenSaysSo) {
  ASSERT_NO_FATAL_FAILURE(Share());
  ASSERT_OK(server().Exec("CREATE TABLE t (id int PRIMARY KEY, v text)"));
  ASSERT_OK(server().Exec("INSERT INTO t VALUES (1, 'a needle')"));
  ASSERT_OK_AND_ASSIGN(auto stream, Start({.start = FromFirst(), .stop_at_end = true}));
  bool described = false;
  bool found = false;
  while (true) {
    ASSERT_OK_AND_ASSIGN(const auto event, stream->Next(seconds(20)));
    ASSERT_TRUE(event.has_value());
    if (event->empty()) break;
    described |= TypeOf(*event) == kFormatDescription;
    found |= event->find("a needle") != std::string_view::npos;
  }
  EXPECT_TRUE(described);
  EXPECT_TRUE(found);
}

TEST_P(BinlogStreamTest, WaitsForNewEventsAndHeartbeats) {
  ASSERT_NO_FATAL_FAILURE(Share());
  ASSERT_OK(server().Exec("CREATE TABLE t (id int PRIMARY KEY, v text)"));
  ASSERT_OK_AND_ASSIGN(auto stream, Start({.start = FromFirst(), .heartbeat = milliseconds(500)}));
  ASSERT_OK(Find(*stream, "CREATE TABLE t"));
  // Nothing is at hand now, and the wait is short.
  const Clock::time_point start = Clock::now();
  while (true) {
    ASSERT_OK_AND_ASSIGN(const auto event, stream->Next(milliseconds(10)));
    if (!event.has_value()) break;
  }
  EXPECT_LT(Clock::now() - start, milliseconds(3000));
  ASSERT_OK(server().Exec("INSERT INTO t VALUES (1, 'live')"));
  ASSERT_OK(Find(*stream, "live"));
  // Heartbeats keep it alive for longer than the silence that ends it.
  const Clock::time_point end = Clock::now() + milliseconds(2500);
  while (Clock::now() < end) ASSERT_OK(stream->Next(milliseconds(50)));
}

TEST_P(BinlogStreamTest, StartsByGtid) {
  ASSERT_NO_FATAL_FAILURE(StartOwn());
  ASSERT_OK(server().Exec("CREATE TABLE t (id int PRIMARY KEY, v text)"));
  ASSERT_OK(server().Exec("INSERT INTO t VALUES (1, 'before')"));
  ASSERT_OK_AND_ASSIGN(
      const std::string position,
      server().QueryValue(mariadb() ? "SELECT @@gtid_binlog_pos" : "SELECT @@server_uuid"));
  BinlogStart start;
  if (mariadb()) {
    start.mariadb_position = position;
  } else {
    // The empty set: no uuid.
    start.gtid_set_encoded = std::string(8, '\0');
  }
  ASSERT_OK(server().Exec("INSERT INTO t VALUES (2, 'after')"));
  ASSERT_OK_AND_ASSIGN(auto stream, Start({.start = start, .stop_at_end = true}));
  bool before = false;
  bool after = false;
  while (true) {
    ASSERT_OK_AND_ASSIGN(const auto event, stream->Next(seconds(20)));
    ASSERT_TRUE(event.has_value());
    if (event->empty()) break;
    before |= event->find("before") != std::string_view::npos;
    after |= event->find("after") != std::string_view::npos;
  }
  EXPECT_EQ(before, !mariadb());
  EXPECT_TRUE(after);
}

TEST_P(BinlogStreamTest, EventsAbove16MibComeWhole) {
  ASSERT_NO_FATAL_FAILURE(StartOwn());
  ASSERT_OK(server().Exec("CREATE TABLE t (id int PRIMARY KEY, v longblob)"));
  constexpr size_t kBytes = 40'000'000;
  ASSERT_OK(server().Exec(
      absl::StrCat("INSERT INTO t VALUES (1, CONCAT('BEGIN', REPEAT('x', ", kBytes, "), 'END'))")));
  ASSERT_OK(server().Exec("INSERT INTO t VALUES (2, 'small')"));
  ASSERT_OK_AND_ASSIGN(auto stream, Start({.start = FromFirst()}));
  ASSERT_OK_AND_ASSIGN(const std::string event, Find(*stream, "BEGINxxx"));
  EXPECT_GT(event.size(), kBytes);
  EXPECT_NE(event.find("xEND"), std::string::npos);
  ASSERT_OK(Find(*stream, "small"));
}

TEST_P(BinlogStreamTest, FrozenServerIsNoticedByItsSilence) {
  ASSERT_NO_FATAL_FAILURE(Share());
  ASSERT_OK_AND_ASSIGN(auto stream, Start({.start = FromFirst(), .heartbeat = milliseconds(200)}));
  ASSERT_OK(stream->Next(seconds(5)));
  server().Freeze();
  const Clock::time_point start = Clock::now();
  absl::Status status;
  while (status.ok() && Clock::now() - start < seconds(20)) {
    status = stream->Next(milliseconds(50)).status();
  }
  stream.reset();
  const Clock::duration took = Clock::now() - start;
  server().Thaw();
  EXPECT_TRUE(absl::IsUnavailable(status)) << status;
  EXPECT_LT(took, seconds(5));
}

TEST_P(BinlogStreamTest, ClosingDoesNotWaitForTheServer) {
  ASSERT_NO_FATAL_FAILURE(Share());
  ASSERT_OK_AND_ASSIGN(auto stream, Start({.start = FromFirst(), .heartbeat = seconds(60)}));
  ASSERT_OK(stream->Next(seconds(5)));
  server().Freeze();
  const Clock::time_point start = Clock::now();
  stream.reset();
  const Clock::duration took = Clock::now() - start;
  server().Thaw();
  EXPECT_LT(took, seconds(1));
}

TEST_P(BinlogStreamTest, ServerThatDiesIsUnavailable) {
  ASSERT_NO_FATAL_FAILURE(StartOwn());
  ASSERT_OK_AND_ASSIGN(auto stream, Start({.start = FromFirst()}));
  ASSERT_OK(stream->Next(seconds(5)));
  server().Kill9();
  EXPECT_TRUE(absl::IsUnavailable(Find(*stream, "no such text").status()));
}

TEST_P(BinlogStreamTest, PurgedAndForeignPositionsFailClosed) {
  ASSERT_NO_FATAL_FAILURE(StartOwn());
  ASSERT_OK(server().Exec("CREATE TABLE t (id int PRIMARY KEY)"));
  ASSERT_OK(server().Exec("FLUSH BINARY LOGS"));
  ASSERT_OK(server().PurgeLogs());
  ASSERT_OK_AND_ASSIGN(auto purged, Start({.start = FromFirst()}));
  const absl::Status gone = Find(*purged, "never").status();
  EXPECT_TRUE(absl::IsDataLoss(gone)) << gone;
  EXPECT_TRUE(absl::StrContains(gone.message(), "purged")) << gone;
  ASSERT_OK_AND_ASSIGN(auto beyond, Start({.start = {.file = "binlog.000003", .offset = 99999}}));
  const absl::Status foreign = Find(*beyond, "never").status();
  EXPECT_TRUE(absl::IsDataLoss(foreign)) << foreign;
  EXPECT_TRUE(absl::StrContains(foreign.message(), "another server")) << foreign;
  BinlogStart start;
  if (mariadb()) {
    start.mariadb_position = "0-1-99999";
  } else {
    start.gtid_set_encoded = std::string(8, '\0');
  }
  ASSERT_OK_AND_ASSIGN(auto lost, Start({.start = start}));
  EXPECT_TRUE(absl::IsDataLoss(Find(*lost, "never").status()));
}

TEST_P(BinlogStreamTest, ReplicaOfTheSameServerIdIsNamed) {
  ASSERT_NO_FATAL_FAILURE(Share());
  ASSERT_OK_AND_ASSIGN(auto first, Start({.server_id = 77, .start = FromFirst()}));
  ASSERT_OK(first->Next(seconds(5)));
  ASSERT_OK_AND_ASSIGN(auto second, Start({.server_id = 77, .start = FromFirst()}));
  ASSERT_OK(second->Next(seconds(5)));
  const absl::Status ended = Find(*first, "never").status();
  EXPECT_TRUE(absl::IsFailedPrecondition(ended)) << ended;
  EXPECT_TRUE(absl::StrContains(ended.message(), "server_id")) << ended;
}

TEST_P(BinlogStreamTest, OffsetAboveFourGibIsRefused) {
  ASSERT_NO_FATAL_FAILURE(Share());
  const absl::Status refused =
      Start({.start = {.file = "binlog.000001", .offset = uint64_t{5} << 30}}).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(refused)) << refused;
}

}  // namespace
}  // namespace tidemark::capture::mysql
