// The program `tidemark` itself, against a server over a real store.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <optional>

#include "service/grpc_server.h"
#include "tests/service/events.h"
#include "tests/support/process.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_folder.h"

namespace tidemark::service {
namespace {

using ::testing::HasSubstr;

// A server with one source, "shop", whose stream has events 1 to 5.
class CliProgramTest : public ::testing::Test {
 protected:
  void SetUp() override {
    storage::StoreOptions options;
    options.folder = folder_.File("data");
    ASSERT_OK_AND_ASSIGN(store_, storage::Store::Open(options));
    ASSERT_OK_AND_ASSIGN(journal_, store_->OpenJournal("shop"));
    ASSERT_OK(journal_->Append(BlockMaker(1)
                                   .Schema(MakeSchema(1, 10, "p", "a"))
                                   .Change(1, model::Op::kCreate, 1, "x")
                                   .Change(1, model::Op::kCreate, 2, "y")
                                   .Change(1, model::Op::kCreate, 3, "z")
                                   .End()
                                   .Batch()));
    sources_.emplace(std::vector<CapturedSource>{{"shop", "postgres", nullptr, journal_, nullptr}});
    ASSERT_OK_AND_ASSIGN(server_, GrpcServer::Start("127.0.0.1:0", &*sources_));
  }

  // Starts it with all its output in `file`.
  absl::StatusOr<std::unique_ptr<testing::Process>> Start(std::vector<std::string> arguments,
                                                          const std::string& file) {
    std::string program =
        std::filesystem::read_symlink("/proc/self/exe").parent_path() / "tidemark";
    arguments.insert(arguments.begin(), {program, "--server", server_->address()});
    return testing::Process::Start({.command = std::move(arguments), .output_file = file});
  }
  // Runs it to its end; the exit code.
  int Run(std::vector<std::string> arguments, const std::string& file) {
    auto process = Start(std::move(arguments), file);
    if (!process.ok()) return -1;
    output_ = *std::move(process);
    return output_->Wait(absl::Seconds(30)).value_or(-1);
  }
  int Run(std::vector<std::string> arguments) { return Run(std::move(arguments), NewFile()); }
  std::string NewFile() { return folder_.File("output" + std::to_string(runs_++)); }
  std::string Output() const { return output_->Output(); }

  testing::TempFolder folder_;
  std::unique_ptr<storage::Store> store_;
  storage::Journal* journal_ = nullptr;
  std::optional<Sources> sources_;
  std::unique_ptr<GrpcServer> server_;
  std::unique_ptr<testing::Process> output_;
  int runs_ = 0;
};

TEST_F(CliProgramTest, TailAcknowledgesNothingThatCouldNotBeWritten) {
  const std::vector<std::string> tail = {"tail", "shop", "--consumer", "c", "--no-follow"};
  EXPECT_EQ(Run(tail, "/dev/full"), 1);
  ASSERT_OK_AND_ASSIGN(auto places, journal_->Consumers());
  EXPECT_TRUE(places.empty());
  EXPECT_EQ(Run(tail), 0) << Output();
  ASSERT_OK_AND_ASSIGN(places, journal_->Consumers());
  ASSERT_EQ(places.size(), 1u);
  EXPECT_EQ(places[0].acknowledged, 5u);
}

TEST_F(CliProgramTest, TailLeavesAConsumerWhereItWasMovedTo) {
  ASSERT_OK_AND_ASSIGN(auto tail, Start({"tail", "shop", "--consumer", "c"}, NewFile()));
  ASSERT_OK(tail->WaitForLine("z", absl::Seconds(30)));
  EXPECT_EQ(Run({"consumer", "reset", "c", "--source", "shop", "--to", "beginning"}), 0)
      << Output();
  ASSERT_OK_AND_ASSIGN(const int code, tail->Wait(absl::Seconds(30)));
  EXPECT_EQ(code, 1);
  EXPECT_THAT(tail->Output(), HasSubstr("moved"));
  ASSERT_OK_AND_ASSIGN(const auto places, journal_->Consumers());
  ASSERT_EQ(places.size(), 1u);
  EXPECT_EQ(places[0].acknowledged, 0u);
}

TEST_F(CliProgramTest, OutputThatCouldNotBeWrittenIsAFailure) {
  EXPECT_EQ(Run({"consumer", "list", "shop"}), 0) << Output();
  EXPECT_EQ(Run({"consumer", "list", "shop"}, "/dev/full"), 1);
}

TEST_F(CliProgramTest, NumbersAreWholeAndNotNegative) {
  const std::vector<std::vector<std::string>> bad = {
      {"tail", "shop", "--limit", "-1"},
      {"tail", "shop", "--from-sequence", "0"},
      {"tail", "shop", "--from-sequence", "99999999999999999999"},
      {"snapshot", "create", "shop", "--all", "--rows-per-second", "-5"},
      {"snapshot", "set", "1", "--rows-per-second", "-5"},
      {"snapshot", "set", "1", "--readers", "1.5"},
      {"snapshot", "pause", "0x1"},
      {"consumer", "reset", "c", "--source", "shop", "--to-sequence", ""}};
  for (const std::vector<std::string>& arguments : bad) {
    EXPECT_EQ(Run(arguments), 2) << Output();
    EXPECT_THAT(Output(), HasSubstr("expected a whole number of at least"));
  }
}

TEST_F(CliProgramTest, LeadingZerosMakeNoOtherNumber) {
  EXPECT_EQ(Run({"tail", "shop", "--no-follow", "--from-sequence", "010"}), 1);
  EXPECT_THAT(Output(), HasSubstr("sequence 10 "));
}

TEST_F(CliProgramTest, OptionsThatAreGivenWithoutAValueAreRefused) {
  EXPECT_EQ(Run({"snapshot", "create", "shop", "--table", "p.a", "--where", ""}), 2);
  EXPECT_THAT(Output(), HasSubstr("--where: expected a condition"));
  EXPECT_EQ(Run({"--server", "", "status"}), 2);
  EXPECT_THAT(Output(), HasSubstr("--server: expected an address"));
}

}  // namespace
}  // namespace tidemark::service
