// Logical messages (pg_logical_emit_message): where they stand among the changes.

#include <grpcpp/grpcpp.h>

#include <functional>
#include <map>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "tests/contract/capture_test.h"

namespace tidemark::contract {
namespace {

class MessagesTest : public CaptureTest {
 protected:
  void SetUp() override {
    CaptureTest::SetUp();
    Sql("CREATE TABLE t (id int PRIMARY KEY)");
    StartService();
  }

  // All events up to the last one that was folded.
  void ForEachEvent(const std::function<void(const v1::Event& event)>& visit) {
    grpc::ClientContext context;
    v1::SubscribeRequest request;
    request.set_source(testing::ServiceProcess::kSource);
    request.set_beginning(true);
    const auto reader = service().change_stream().Subscribe(&context, request);
    v1::SubscribeResponse response;
    bool more = true;
    while (more && reader->Read(&response)) {
      for (const v1::Event& event : response.events()) {
        visit(event);
        more = more && event.sequence() < fold().sequence();
      }
    }
    context.TryCancel();
  }

  // What came, in order: changes by their key, messages with their bytes in hexadecimal, ends with
  // what they count.
  std::vector<std::string> Told() {
    std::vector<std::string> told;
    ForEachEvent([&](const v1::Event& event) {
      const v1::Change& change = event.change();
      const v1::LogicalMessage& message = event.message();
      if (event.has_change()) {
        told.push_back(absl::StrCat(change.transaction_index(), " row ",
                                    change.key().values(0).integer()));
      } else if (event.has_message() && message.transaction_id() != 0) {
        told.push_back(absl::StrCat(message.transaction_index(), " ", message.prefix(), " ",
                                    absl::BytesToHexString(message.content())));
      } else if (event.has_message()) {
        told.push_back(absl::StrCat("alone ", message.prefix(), " ",
                                    absl::BytesToHexString(message.content())));
      } else if (event.transaction_end().change_count() > 0) {
        told.push_back(absl::StrCat("end of ", event.transaction_end().change_count()));
      }
    });
    return told;
  }

  // Of row 3 and the messages of its session: one is of its transaction, the other where it stands.
  void ExpectPlaces() {
    v1::Change row;
    std::map<std::string, v1::LogicalMessage> messages;
    ForEachEvent([&](const v1::Event& event) {
      const v1::LogicalMessage& message = event.message();
      const v1::Change& change = event.change();
      if (event.has_change() && change.key().values(0).integer() == 3) row = change;
      if (event.has_message()) messages[message.content()] = message;
    });
    const v1::LogicalMessage& out = messages["out"];
    EXPECT_GT(out.position().offset(), 0u);
    EXPECT_LE(out.position().offset(), row.position().offset());
    EXPECT_EQ(out.commit_time_us(), 0u);
    const v1::LogicalMessage& last = messages["last"];
    EXPECT_GT(row.position().offset(), 0u);
    EXPECT_EQ(last.position().offset(), row.position().offset());
    EXPECT_EQ(last.transaction_id(), row.transaction_id());
    EXPECT_GT(last.commit_time_us(), 0u);
    EXPECT_EQ(last.commit_time_us(), row.commit_time_us());
  }
  void ExpectTold(const std::vector<std::string>& expected) {
    CatchUp();
    EXPECT_EQ(Told(), expected);
    EXPECT_TRUE(fold().violations().empty()) << fold().violations().front();
  }
};

TEST_P(MessagesTest, ComeInTheirTransactionOrWhereTheyWereWritten) {
  ASSERT_FALSE(HasFatalFailure());
  Sql("BEGIN; INSERT INTO t VALUES (1);"
      "SELECT pg_logical_emit_message(true, 'app', 'in'); INSERT INTO t VALUES (2); COMMIT");
  // Not of a transaction: it comes before what was written before it and commits after it.
  Sql("BEGIN; INSERT INTO t VALUES (3); SELECT pg_logical_emit_message(false, 'app', 'out');"
      "SELECT pg_logical_emit_message(true, 'app', 'last'); COMMIT");
  Sql("BEGIN; INSERT INTO t VALUES (4); SELECT pg_logical_emit_message(true, 'app', 'never');"
      "SELECT pg_logical_emit_message(false, 'other', 'kept'); ROLLBACK");
  Sql("SELECT pg_logical_emit_message(true, 'app', '\\x00ff'::bytea)");
  std::vector<std::string> expected = {"0 row 1",
                                       "1 app 696e",
                                       "2 row 2",
                                       "end of 3",
                                       "alone app 6f7574",
                                       "0 row 3",
                                       "1 app 6c617374",
                                       "end of 2",
                                       "alone other 6b657074",
                                       "0 app 00ff",
                                       "end of 1"};
  ExpectTold(expected);
  ExpectPlaces();

  service().Kill9();
  Sql("SELECT pg_logical_emit_message(false, 'down', 'a');"
      "BEGIN; SELECT pg_logical_emit_message(true, 'down', 'b'); INSERT INTO t VALUES (5); COMMIT");
  StartServiceAgain();
  ASSERT_FALSE(HasFatalFailure());
  expected.insert(expected.end(), {"alone down 61", "0 down 62", "1 row 5", "end of 2"});
  ExpectTold(expected);
}

TIDEMARK_ON_EVERY_POSTGRES(MessagesTest);

}  // namespace
}  // namespace tidemark::contract
