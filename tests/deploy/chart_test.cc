// The chart and the manifests of deploy/kubernetes.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "tests/deploy/deploy_files.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_folder.h"

namespace tidemark::testing {
namespace {

using ::testing::HasSubstr;

constexpr char kChart[] = "deploy/kubernetes/tidemark";
// The oldest that the chart allows, and the newest whose schemas are there.
constexpr const char* kVersions[] = {"1.25", "1.37"};

std::string Manifests(absl::string_view mode, absl::string_view file = "tidemark.yaml") {
  return absl::StrCat("deploy/kubernetes/manifests/", mode, "/", file);
}

// What the chart makes of these values.
absl::StatusOr<std::string> Render(absl::string_view values) {
  TempFolder folder;
  WriteFile(folder.File("values.yaml"), values);
  return RunChartTool({"render", SourcePath(kChart), folder.File("values.yaml")});
}

std::string WhyRefused(absl::string_view values) {
  return std::string(Render(values).status().message());
}

class ChartTest : public ::testing::TestWithParam<const char*> {};

TEST_P(ChartTest, ManifestsAreWhatTheChartRenders) {
  ASSERT_OK_AND_ASSIGN(const std::string rendered,
                       RunChartTool({"render", SourcePath(kChart),
                                     SourcePath(Manifests(GetParam(), "values.yaml"))}));
  // Helm tells on standard error that it has followed the link to the rules.
  EXPECT_TRUE(absl::StrContains(rendered, SourceText(Manifests(GetParam()))))
      << "the chart was changed, and the manifests were not: dev/manifests\n"
      << rendered;
}

TEST_P(ChartTest, ManifestsFollowTheSchemasOfKubernetes) {
  for (const char* version : kVersions) {
    EXPECT_OK(RunChartTool({"kubernetes", version, SourcePath(Manifests(GetParam()))}));
  }
}

TEST_P(ChartTest, AFieldThatKubernetesDoesNotKnowIsFound) {
  TempFolder folder;
  WriteFile(folder.File("wrong.yaml"),
            absl::StrReplaceAll(SourceText(Manifests(GetParam())),
                                {{"readOnlyRootFilesystem", "readOnlyRootFileSystem"}}));
  for (const char* version : kVersions) {
    EXPECT_THAT(RunChartTool({"kubernetes", version, folder.File("wrong.yaml")}).status().message(),
                HasSubstr("readOnlyRootFileSystem"));
  }
}

TEST_P(ChartTest, ThePodMayDoNothingThatItNeedsNot) {
  const std::string manifests = SourceText(Manifests(GetParam()));
  for (const char* line :
       {"runAsNonRoot: true", "allowPrivilegeEscalation: false", "readOnlyRootFilesystem: true",
        "drop: [ALL]", "type: RuntimeDefault", "automountServiceAccountToken: false",
        "type: Recreate", "replicas: 1"}) {
    EXPECT_THAT(manifests, HasSubstr(line));
  }
}

INSTANTIATE_TEST_SUITE_P(Modes, ChartTest, ::testing::Values("persistent", "kafka"),
                         [](const auto& mode) { return std::string(mode.param); });

TEST(ChartModesTest, TheJournalIsOnAVolumeOrOnThePodsOwnDisk) {
  const std::string persistent = SourceText(Manifests("persistent"));
  EXPECT_THAT(persistent, HasSubstr("kind: PersistentVolumeClaim"));
  EXPECT_THAT(persistent, HasSubstr("claimName: tidemark"));
  const std::string kafka = SourceText(Manifests("kafka"));
  EXPECT_FALSE(absl::StrContains(kafka, "ersistentVolumeClaim"));
  EXPECT_THAT(kafka, HasSubstr("sizeLimit: 80Gi"));
}

TEST(ChartValuesTest, UnknownValuesAreRefused) {
  EXPECT_THAT(WhyRefused("grpc: {insecure: true, prot: 7654}"), HasSubstr("'prot' not allowed"));
  EXPECT_THAT(WhyRefused("{mode: disk, grpc: {insecure: true}}"), HasSubstr("/mode"));
}

TEST(ChartValuesTest, WithoutTlsThePortIsOnlyOpenWhenTheValuesSaySo) {
  EXPECT_THAT(WhyRefused("{}"), HasSubstr("grpc.tlsSecret is missing"));
  ASSERT_OK_AND_ASSIGN(const std::string rendered, Render("grpc: {insecure: true}"));
  EXPECT_THAT(rendered, HasSubstr("listen: 0.0.0.0:7654\n    insecure: true"));
}

TEST(ChartValuesTest, ClientCertificatesAndTokensAreReadFromSecrets) {
  ASSERT_OK_AND_ASSIGN(
      const std::string rendered,
      Render("grpc: {tlsSecret: web, clientCertificates: true, tokensSecret: words}"));
  EXPECT_THAT(rendered, HasSubstr("client_ca: /run/secrets/tidemark-tls/ca.crt"));
  EXPECT_THAT(rendered, HasSubstr("file: /run/secrets/tidemark-tokens/tokens"));
  EXPECT_THAT(rendered, HasSubstr("secret: {secretName: words, defaultMode: 0440}"));
}

TEST(ChartValuesTest, MetricsOverTlsAreProbedAndScrapedSo) {
  ASSERT_OK_AND_ASSIGN(
      const std::string rendered,
      Render("{grpc: {insecure: true}, http: {tlsSecret: web, tokensSecret: words}, "
             "serviceMonitor: {enabled: true}}"));
  for (const char* expected :
       {"cert: /run/secrets/tidemark-http-tls/tls.crt", "secret: {secretName: web, defaultMode",
        "file: /run/secrets/tidemark-http-tokens/tokens", "secret: {secretName: words, defaultMode",
        "httpGet: {path: /readyz, port: http, scheme: HTTPS}", "scheme: https",
        "secret: {name: web, key: ca.crt}", "serverName: tidemark.tidemark.svc",
        "credentials: {name: words, key: token}"}) {
    EXPECT_THAT(rendered, HasSubstr(expected));
  }
  // That of gRPC alone.
  EXPECT_FALSE(absl::StrContains(rendered, "listen: 0.0.0.0:9090\n      insecure: true"));
  TempFolder folder;
  // Helm tells on standard error that it has followed the link to the rules.
  WriteFile(folder.File("rendered.yaml"), rendered.substr(rendered.find("# Rendered")));
  EXPECT_OK(RunChartTool({"kubernetes", kVersions[1], folder.File("rendered.yaml")}));
}

TEST(ChartValuesTest, WithoutAVolumeEverySourceHasToBePublished) {
  EXPECT_THAT(WhyRefused("{mode: kafka, grpc: {insecure: true}}"), HasSubstr("config.kafka"));
  EXPECT_THAT(
      WhyRefused("{mode: kafka, grpc: {insecure: true}, config: {kafka: {brokers: [k:1]}}}"),
      HasSubstr("`publish` of source shop"));
}

TEST(ChartValuesTest, WithoutAVolumeTheSourceKeepsItsLogUntilKafkaHasIt) {
  const std::string values = SourceText(Manifests("kafka", "values.yaml"));
  constexpr char kPublish[] = "publish: {format: debezium-json";
  ASSERT_THAT(values, HasSubstr(kPublish));
  const auto with = [&](absl::string_view choice) {
    return absl::StrReplaceAll(
        values, {{kPublish, absl::StrCat(kPublish, ", acknowledge_after_kafka: ", choice)}});
  };
  EXPECT_OK(Render(with("true")));
  EXPECT_THAT(WhyRefused(with("false")), HasSubstr("acknowledge_after_kafka of source shop"));
}

}  // namespace
}  // namespace tidemark::testing
