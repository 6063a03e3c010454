#include "service/tls/certificates.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "absl/time/clock.h"
#include "service/tls/tokens.h"
#include "tests/support/certificates.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_folder.h"

namespace tidemark::service {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

// Two authorities, "ours" and "theirs", and certificates of both.
class CertificatesTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new testing::TempFolder;
    for (const char* authority : {"ours", "theirs"}) {
      ASSERT_OK(testing::MakeAuthority(folder_->path(), authority));
    }
    ASSERT_OK(testing::IssueCertificate(folder_->path(), "ours", "good"));
    ASSERT_OK(testing::IssueCertificate(folder_->path(), "ours", "old", true));
    ASSERT_OK(testing::IssueCertificate(folder_->path(), "theirs", "strange"));
    ASSERT_OK(testing::IssueAuthority(folder_->path(), "ours", "branch"));
    ASSERT_OK(testing::IssueCertificate(folder_->path(), "branch", "clerk"));
    testing::WriteFile(File("empty"), "");
    testing::WriteFile(File("half"), Content("good.pem").substr(0, 200));
  }
  static void TearDownTestSuite() { delete folder_; }

  static std::string File(const std::string& name) { return folder_->File(name); }
  static std::string Content(const std::string& name) { return testing::ReadFile(File(name)); }

  std::optional<Certificates> Load(const std::string& cert, const std::string& key,
                                   const std::string& client_ca, absl::Time now = absl::Now()) {
    problems_.clear();
    return LoadCertificates({File(cert), File(key), client_ca.empty() ? "" : File(client_ca)}, now,
                            &problems_);
  }
  std::string Messages() const {
    std::string all;
    for (const FileProblem& problem : problems_) all += problem.key + ": " + problem.message + "\n";
    return all;
  }

  static testing::TempFolder* folder_;
  std::vector<FileProblem> problems_;
};

testing::TempFolder* CertificatesTest::folder_ = nullptr;

TEST_F(CertificatesTest, APairIsTakenWithItsAuthority) {
  const auto loaded = Load("good.pem", "good.key", "ours.pem", absl::Now() - absl::Seconds(0));
  ASSERT_TRUE(loaded) << Messages();
  EXPECT_EQ(loaded->subject, "CN=good");
  EXPECT_EQ(loaded->key_pem, Content("good.key"));
  EXPECT_NE(loaded->client_authority, nullptr);
  EXPECT_GT(loaded->expiry, absl::Now() + absl::Hours(47));
  // It ends within 14 days, which is told and no error.
  EXPECT_THAT(problems_, SizeIs(1));
  EXPECT_THAT(Messages(), HasSubstr("expires at"));
}

TEST_F(CertificatesTest, TheExpiryOfAFileIsThatOfItsFirstCertificate) {
  const auto loaded = Load("good.pem", "good.key", "");
  ASSERT_TRUE(loaded);
  EXPECT_EQ(CertificateExpiry(File("good.pem")), loaded->expiry);
  testing::WriteFile(File("with-old.pem"), Content("good.pem") + Content("old.pem"));
  EXPECT_EQ(CertificateExpiry(File("with-old.pem")), loaded->expiry);
  EXPECT_LT(CertificateExpiry(File("old.pem")), absl::Now());
  EXPECT_EQ(CertificateExpiry(File("empty")), std::nullopt);
  EXPECT_EQ(CertificateExpiry(File("nowhere")), std::nullopt);
}

TEST_F(CertificatesTest, EachBadFileIsNamedWithTheReason) {
  struct {
    const char *cert, *key, *client_ca, *expected;
  } cases[] = {
      {"none.pem", "good.key", "", "cert: expected a readable PEM file: cannot read"},
      {"half", "good.key", "", "holds none"},
      {"good.pem", "none.key", "", "key: expected a readable PEM file: cannot read"},
      {"good.pem", "strange.key", "", "strange.key is not the key of the certificate in"},
      {"good.pem", "good.pem", "", "key: expected a private key in PEM without passphrase"},
      {"old.pem", "old.key", "", "cert: the certificate in"},
      {"old.pem", "old.key", "", "expired at"},
      {"good.pem", "good.key", "empty", "client_ca: expected the certificates of authorities"},
      {"good.pem", "good.key", "none", "client_ca: expected a readable PEM file"},
  };
  for (const auto& one : cases) {
    EXPECT_FALSE(Load(one.cert, one.key, one.client_ca)) << one.expected;
    EXPECT_THAT(Messages(), HasSubstr(one.expected));
    EXPECT_THAT(Messages(), Not(HasSubstr("BEGIN"))) << one.expected;
  }
}

TEST_F(CertificatesTest, AllBadFilesAreNamedAtOnce) {
  EXPECT_FALSE(Load("none.pem", "none.key", "empty"));
  EXPECT_THAT(problems_, SizeIs(3));
}

TEST_F(CertificatesTest, OneThatIsNotYetValidIsRefused) {
  EXPECT_FALSE(Load("good.pem", "good.key", "", absl::Now() - absl::Hours(1)));
  EXPECT_THAT(Messages(), HasSubstr("is valid from"));
}

TEST_F(CertificatesTest, AKeyThatEveryUserMayReadIsWarnedOf) {
  std::filesystem::copy_file(File("good.key"), File("open.key"));
  std::filesystem::permissions(File("open.key"), std::filesystem::perms(0644));
  EXPECT_TRUE(Load("good.pem", "open.key", ""));
  EXPECT_THAT(Messages(), HasSubstr("every user of this machine may read " + File("open.key")));
  EXPECT_TRUE(Load("good.pem", "good.key", ""));
  EXPECT_THAT(Messages(), Not(HasSubstr("every user")));
}

TEST_F(CertificatesTest, ClientsAreCheckedAgainstTheirAuthority) {
  const auto authority = ClientAuthority::FromPem(Content("ours.pem"));
  ASSERT_NE(authority, nullptr);
  EXPECT_OK(authority->Check(Content("good.pem"), absl::Now()));
  const auto refusal = [&](const std::string& chain) {
    const absl::Status status = authority->Check(chain, absl::Now());
    EXPECT_TRUE(absl::IsUnauthenticated(status));
    return std::string(status.message());
  };
  EXPECT_THAT(refusal(""), HasSubstr("shows no certificate"));
  EXPECT_THAT(refusal(Content("old.pem")),
              HasSubstr("(CN=old) is refused: certificate has expired"));
  EXPECT_THAT(refusal(Content("strange.pem")), HasSubstr("(CN=strange) is refused: unable to get"));
  // An authority of theirs that comes with it makes it no better.
  EXPECT_THAT(refusal(Content("strange.pem") + Content("theirs.pem")), HasSubstr("is refused"));
  EXPECT_EQ(ClientAuthority::FromPem("nothing"), nullptr);
}

TEST_F(CertificatesTest, AClientOfAnAuthorityBetweenShowsThatToo) {
  const auto authority = ClientAuthority::FromPem(Content("ours.pem"));
  ASSERT_NE(authority, nullptr);
  EXPECT_OK(authority->Check(Content("clerk.pem") + Content("branch.pem"), absl::Now()));
  EXPECT_TRUE(absl::IsUnauthenticated(authority->Check(Content("clerk.pem"), absl::Now())));
  // A client is none: what it has signed is not good.
  ASSERT_OK(testing::IssueCertificate(folder_->path(), "good", "pretender"));
  EXPECT_THAT(
      authority->Check(Content("pretender.pem") + Content("good.pem"), absl::Now()).message(),
      HasSubstr("is refused"));
  // Where the one between is trusted itself, it need not be shown.
  const auto trusted = ClientAuthority::FromPem(Content("ours.pem") + Content("branch.pem"));
  ASSERT_NE(trusted, nullptr);
  EXPECT_OK(trusted->Check(Content("clerk.pem"), absl::Now()));
}

TEST_F(CertificatesTest, TokensAreReadOneALine) {
  const std::string first(32, 'a'), second = "0123456789abcdef";
  testing::WriteFile(File("tokens"), "# rotated\n" + first + "\r\n\n  " + second);
  std::filesystem::permissions(File("tokens"), std::filesystem::perms(0600));
  const auto tokens = Tokens::Load(File("tokens"), &problems_);
  ASSERT_TRUE(tokens) << Messages();
  EXPECT_THAT(problems_, IsEmpty());
  EXPECT_EQ(tokens->size(), 2u);
  EXPECT_TRUE(tokens->Holds(first));
  EXPECT_TRUE(tokens->Holds(second));
  for (const std::string& wrong :
       {std::string(), first + "a", first.substr(1), std::string("# rotated")}) {
    EXPECT_FALSE(tokens->Holds(wrong)) << wrong;
  }
}

TEST_F(CertificatesTest, FilesWithoutTokensAreRefusedAndNotShown) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "holds none"},
      {"# none\n", "holds none"},
      {"tooshort\n", "line 1 of"},
      {"0123456789abcdef\nwith a blank between\n", "line 2 of"}};
  for (const auto& [content, expected] : cases) {
    testing::WriteFile(File("bad"), content);
    problems_.clear();
    EXPECT_FALSE(Tokens::Load(File("bad"), &problems_)) << content;
    EXPECT_THAT(Messages(), HasSubstr(expected));
    EXPECT_THAT(Messages(), Not(HasSubstr("tooshort")));
    EXPECT_THAT(Messages(), Not(HasSubstr("with a blank")));
  }
  EXPECT_FALSE(Tokens::Load(File("nowhere"), &problems_));
  EXPECT_THAT(Messages(), HasSubstr("cannot read"));
}

}  // namespace
}  // namespace tidemark::service
