#include "service/tls/access.h"

#include <chrono>
#include <condition_variable>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "service/log.h"
#include "service/tls/file_changes.h"

namespace tidemark::service {
namespace {

constexpr auto kInterval = std::chrono::milliseconds(500);

std::vector<std::string> FilesOf(const std::optional<CertificateFiles>& tls) {
  if (!tls) return {};
  return {tls->cert, tls->key, tls->client_ca};
}

void LogWarnings(const std::vector<FileProblem>& problems) {
  for (const FileProblem& problem : problems) {
    if (!problem.is_error) LogWarning("access", {{"problem", problem.message}});
  }
}

std::string ErrorsOf(const std::vector<FileProblem>& problems) {
  std::string text;
  for (const FileProblem& problem : problems) {
    if (problem.is_error) absl::StrAppend(&text, text.empty() ? "" : "; ", problem.message);
  }
  return text;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Access>> Access::Start(const AccessOptions& options) {
  std::unique_ptr<Access> access(new Access(options));
  // Before they are read, so that no change is missed.
  FileChanges tls(FilesOf(options.tls));
  FileChanges token_file({options.token_file});
  std::vector<FileProblem> problems;
  const bool certificates = access->LoadCertificatesNow(&problems);
  const bool tokens = access->LoadTokensNow(&problems);
  if (!certificates || !tokens) return absl::FailedPreconditionError(ErrorsOf(problems));
  if (options.tls || !options.token_file.empty()) {
    access->watch_ = std::jthread([self = access.get(), tls, token_file](std::stop_token stop) {
      self->Watch(tls, token_file, std::move(stop));
    });
  }
  return access;
}

std::shared_ptr<const Certificates> Access::certificates() const {
  std::lock_guard lock(mutex_);
  return certificates_;
}

std::shared_ptr<const Tokens> Access::tokens() const {
  std::lock_guard lock(mutex_);
  return tokens_;
}

bool Access::LoadCertificatesNow(std::vector<FileProblem>* problems) {
  if (!options_.tls) return true;
  auto loaded = LoadCertificates(*options_.tls, absl::Now(), problems);
  if (!loaded) return false;
  std::lock_guard lock(mutex_);
  certificates_ = std::make_shared<const Certificates>(*std::move(loaded));
  return true;
}

bool Access::LoadTokensNow(std::vector<FileProblem>* problems) {
  if (options_.token_file.empty()) return true;
  auto loaded = Tokens::Load(options_.token_file, problems);
  if (!loaded) return false;
  std::lock_guard lock(mutex_);
  tokens_ = std::make_shared<const Tokens>(*std::move(loaded));
  return true;
}

void Access::Watch(FileChanges tls, FileChanges token_file, std::stop_token stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  while (!stop.stop_requested()) {
    never.wait_for(lock, stop, kInterval, [] { return false; });
    if (tls.Settled()) ReloadCertificates();
    if (token_file.Settled()) ReloadTokens();
  }
}

void Access::ReloadCertificates() {
  std::vector<FileProblem> problems;
  if (!LoadCertificatesNow(&problems)) {
    LogError("certificates not reloaded: those of before stay",
             {{"listener", options_.listener}, {"error", ErrorsOf(problems)}});
    return;
  }
  LogWarnings(problems);
  const auto taken = certificates();
  LogInfo("certificates reloaded",
          {{"subject", taken->subject},
           {"listener", options_.listener},
           {"expiry", absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", taken->expiry, absl::UTCTimeZone())}});
}

void Access::ReloadTokens() {
  std::vector<FileProblem> problems;
  if (!LoadTokensNow(&problems)) {
    LogError("tokens not reloaded: those of before stay",
             {{"listener", options_.listener}, {"error", ErrorsOf(problems)}});
    return;
  }
  LogWarnings(problems);
  LogInfo("tokens reloaded", {{"tokens", tokens()->size()}, {"listener", options_.listener}});
}

}  // namespace tidemark::service
