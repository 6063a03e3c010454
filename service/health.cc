#include "service/health.h"

#include "absl/strings/str_cat.h"

namespace tidemark::service {
namespace {

void AddStuck(const std::string& what, uint64_t age_us, std::string* text) {
  if (age_us < kStuckUs) return;
  absl::StrAppend(text, what, " has made no turn for ", age_us / 1'000'000,
                  " s: it is stuck; restart the service\n");
}

void AddUnready(const SourceObservation& source, std::string* text) {
  const PipelineStatus& status = source.pipeline.status;
  const bool capturing = status.state == PipelineState::kCapturing && !source.pipeline.stalled;
  if (capturing) return;
  const char* state = status.state == PipelineState::kConnecting ? "is connecting"
                      : status.state == PipelineState::kStopped  ? "is stopped"
                                                                 : "waits for the disk";
  absl::StrAppend(text, "source ", source.name, " ", state, status.error.empty() ? "" : ": ",
                  status.error, "\n");
}

Verdict Of(const char* good, std::string text) {
  return text.empty() ? Verdict{true, absl::StrCat(good, "\n")} : Verdict{false, std::move(text)};
}

void AddKafka(const SourceObservation& source, std::string* text) {
  if (!source.publisher) return;
  const kafka::PublisherStatus& publisher = *source.publisher;
  const char* state = publisher.state == kafka::PublisherState::kConnecting   ? "is connecting"
                      : publisher.state == kafka::PublisherState::kPublishing ? "is publishing"
                                                                              : "is stopped";
  absl::StrAppend(text, "kafka for source ", source.name, " ", state, ", ");
  if (publisher.known) {
    absl::StrAppend(text, publisher.lag_events, " events behind the journal");
  } else {
    absl::StrAppend(text, "how far behind the journal is not known yet");
  }
  absl::StrAppend(text, publisher.error.empty() ? "" : ": ", publisher.error, "\n");
}

}  // namespace

Verdict JudgeAlive(const Observation& seen) {
  std::string text;
  for (const SourceObservation& source : seen.sources) {
    AddStuck(absl::StrCat("the log thread of source ", source.name),
             source.pipeline.log_turn_age_us, &text);
    AddStuck(absl::StrCat("the merge thread of source ", source.name),
             source.pipeline.merge_turn_age_us, &text);
  }
  AddStuck("the thread that asks the store", seen.store_turn_age_us, &text);
  return Of("alive", std::move(text));
}

Verdict JudgeReady(const Observation& seen) {
  if (!seen.phase.empty()) return {false, absl::StrCat(seen.phase, "\n")};
  std::string text;
  for (const SourceObservation& source : seen.sources) AddUnready(source, &text);
  Verdict verdict = Of("ready", std::move(text));
  for (const SourceObservation& source : seen.sources) AddKafka(source, &verdict.text);
  return verdict;
}

}  // namespace tidemark::service
