// What the server says that the slot keeps.

#include <gmock/gmock.h>

#include <chrono>
#include <functional>

#include "tests/capture/postgres/source_fixture.h"

namespace tidemark::capture::postgres {
namespace {

using std::chrono::milliseconds;

class LogRetentionTest : public SourceTest {
 protected:
  void Set(const std::string& setting) {
    ASSERT_OK(Server().Exec("ALTER SYSTEM " + setting));
    ASSERT_OK(Server().Exec("SELECT pg_reload_conf()"));
  }
  // Reads until the retention is as wanted, at most 20 s; that retention.
  LogRetention Await(const std::function<bool(const LogRetention&)>& wanted) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (std::chrono::steady_clock::now() < deadline) {
      EXPECT_OK(log_->Read(1 << 20, milliseconds(50)).status());
      if (log_->Retention().examined_us != 0 && wanted(log_->Retention())) break;
    }
    return log_->Retention();
  }
};

TEST_F(LogRetentionTest, IsWhatTheSlotKeepsAndWhatIsStillSafe) {
  OpenLog();
  EXPECT_EQ(log_->Retention().examined_us, 0u);
  LogRetention unbounded = Await([](const LogRetention&) { return true; });
  EXPECT_EQ(unbounded.slot_status, "reserved");
  EXPECT_TRUE(unbounded.retained_bytes.has_value());
  EXPECT_EQ(unbounded.safe_bytes, std::nullopt);
  EXPECT_EQ(unbounded.expire_s, std::nullopt);
  Set("SET max_slot_wal_keep_size = '64MB'");
  LogRetention bounded = Await([](const LogRetention& now) { return now.safe_bytes.has_value(); });
  ASSERT_TRUE(bounded.safe_bytes.has_value());
  EXPECT_GT(*bounded.safe_bytes, 16u << 20);
  EXPECT_LT(*bounded.safe_bytes, 128u << 20);
  // Nothing is acknowledged: what is written stays.
  const uint64_t before = *bounded.retained_bytes;
  Exec("CREATE TABLE t (v text)");
  Exec("INSERT INTO t SELECT repeat('x', 1000) FROM generate_series(1, 5000)");
  LogRetention grown =
      Await([&](const LogRetention& now) { return *now.retained_bytes > before + (4u << 20); });
  EXPECT_GT(*grown.retained_bytes, before + (4u << 20));
  EXPECT_LT(*grown.safe_bytes, *bounded.safe_bytes);
}

// The server's own number is below 0 then.
TEST_F(LogRetentionTest, NothingIsSafeOnceTheSlotIsPastItsBound) {
  OpenLog();
  Set("SET max_slot_wal_keep_size = '1MB'");
  Exec("CREATE TABLE t (v text)");
  for (int i = 0; i < 5; ++i) {
    Exec("INSERT INTO t VALUES ('x')");
    Exec("SELECT pg_switch_wal()");
  }
  const LogRetention past =
      Await([](const LogRetention& now) { return now.slot_status == "unreserved"; });
  EXPECT_EQ(past.slot_status, "unreserved");
  EXPECT_EQ(past.safe_bytes, 0u);
}

}  // namespace
}  // namespace tidemark::capture::postgres
