#include "service/tls/access.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>

#include "absl/time/clock.h"
#include "service/tls/file_changes.h"
#include "tests/support/certificates.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_folder.h"

namespace tidemark::service {
namespace {

using ::testing::HasSubstr;

constexpr absl::Duration kPatience = absl::Seconds(30);

bool Becomes(const std::function<bool()>& condition) {
  const absl::Time deadline = absl::Now() + kPatience;
  while (!condition()) {
    if (absl::Now() > deadline) return false;
    absl::SleepFor(absl::Milliseconds(20));
  }
  return true;
}

class AccessTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK(testing::MakeAuthority(folder_.path(), "ca"));
    ASSERT_OK(testing::IssueCertificate(folder_.path(), "ca", "first"));
    ASSERT_OK(testing::IssueCertificate(folder_.path(), "ca", "second"));
    Put("first.pem", "now.pem");
    Put("first.key", "now.key");
    testing::WriteFile(folder_.File("tokens"), "first-token-of-all\n");
    options_ = {.tls = CertificateFiles{folder_.File("now.pem"), folder_.File("now.key"), ""},
                .token_file = folder_.File("tokens")};
  }

  void Put(const std::string& from, const std::string& to) {
    std::filesystem::copy_file(folder_.File(from), folder_.File(to),
                               std::filesystem::copy_options::overwrite_existing);
  }

  // Returns when all changes of before have been looked at: tokens are looked at last.
  void WaitForALook(const Access& access) {
    const std::string token = "token-number-" + std::to_string(++tokens_) + "-of-all";
    testing::WriteFile(folder_.File("tokens"), token + "\n");
    EXPECT_TRUE(Becomes([&] { return access.tokens()->Holds(token); }));
  }

  testing::TempFolder folder_;
  AccessOptions options_;
  int tokens_ = 0;
};

TEST_F(AccessTest, APairIsTakenWhenItIsWhole) {
  ASSERT_OK_AND_ASSIGN(const auto access, Access::Start(options_));
  EXPECT_EQ(access->certificates()->subject, "CN=first");
  ::testing::internal::CaptureStderr();
  Put("second.pem", "now.pem");
  WaitForALook(*access);
  EXPECT_EQ(access->certificates()->subject, "CN=first");
  EXPECT_THAT(::testing::internal::GetCapturedStderr(),
              HasSubstr(folder_.File("now.key") + " is not the key of the certificate in " +
                        folder_.File("now.pem")));
  Put("second.key", "now.key");
  EXPECT_TRUE(Becomes([&] { return access->certificates()->subject == "CN=second"; }));
  EXPECT_EQ(access->certificates()->key_pem, testing::ReadFile(folder_.File("second.key")));
}

TEST_F(AccessTest, ACertificateThatIsGoneStays) {
  ASSERT_OK_AND_ASSIGN(const auto access, Access::Start(options_));
  ::testing::internal::CaptureStderr();
  std::filesystem::remove(folder_.File("now.pem"));
  WaitForALook(*access);
  EXPECT_EQ(access->certificates()->subject, "CN=first");
  EXPECT_THAT(::testing::internal::GetCapturedStderr(),
              HasSubstr("cannot read " + folder_.File("now.pem")));
}

TEST_F(AccessTest, TokensAreTakenAsTheyChange) {
  ASSERT_OK_AND_ASSIGN(const auto access, Access::Start(options_));
  testing::WriteFile(folder_.File("tokens"), "first-token-of-all\nsecond-token-of-all\n");
  EXPECT_TRUE(Becomes([&] { return access->tokens()->Holds("second-token-of-all"); }));
  EXPECT_TRUE(access->tokens()->Holds("first-token-of-all"));
  testing::WriteFile(folder_.File("tokens"), "second-token-of-all\n");
  EXPECT_TRUE(Becomes([&] { return !access->tokens()->Holds("first-token-of-all"); }));
  // What is none is not taken, long after it was looked at too.
  std::filesystem::remove(folder_.File("tokens"));
  Put("second.pem", "now.pem");
  Put("second.key", "now.key");
  EXPECT_TRUE(Becomes([&] { return access->certificates()->subject == "CN=second"; }));
  EXPECT_TRUE(access->tokens()->Holds("second-token-of-all"));
}

TEST_F(AccessTest, BadFilesAreRefusedAtTheStart) {
  options_.tls->key = folder_.File("second.key");
  testing::WriteFile(folder_.File("tokens"), "");
  const absl::Status refused = Access::Start(options_).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(refused));
  EXPECT_THAT(std::string(refused.message()), HasSubstr("is not the key of"));
  EXPECT_THAT(std::string(refused.message()), HasSubstr("expected one token a line"));
}

// As Kubernetes does with secrets: the files stay, a link above them moves.
TEST_F(AccessTest, AFolderBehindALinkThatMovesIsAChange) {
  namespace fs = std::filesystem;
  for (const char* name : {"first", "second"}) {
    fs::create_directory(folder_.File(std::string("of-") + name));
    Put(std::string(name) + ".pem", std::string("of-") + name + "/tls.pem");
    Put(std::string(name) + ".key", std::string("of-") + name + "/tls.key");
  }
  fs::create_symlink("of-first", folder_.File("data"));
  options_.tls = CertificateFiles{folder_.File("data/tls.pem"), folder_.File("data/tls.key"), ""};
  ASSERT_OK_AND_ASSIGN(const auto access, Access::Start(options_));
  fs::create_symlink("of-second", folder_.File("data.new"));
  fs::rename(folder_.File("data.new"), folder_.File("data"));
  EXPECT_TRUE(Becomes([&] { return access->certificates()->subject == "CN=second"; }));
}

TEST_F(AccessTest, ChangesThatStillGoOnAreWaitedFor) {
  FileChanges changes({folder_.File("now.pem"), folder_.File("now.key"), ""});
  EXPECT_FALSE(changes.Settled());
  Put("second.pem", "now.pem");
  EXPECT_FALSE(changes.Settled());
  Put("second.key", "now.key");
  EXPECT_FALSE(changes.Settled());
  EXPECT_TRUE(changes.Settled());
  EXPECT_FALSE(changes.Settled());
}

}  // namespace
}  // namespace tidemark::service
