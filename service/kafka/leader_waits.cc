#include "service/kafka/leader_waits.h"

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "model/wall_clock.h"
#include "service/log.h"

namespace tidemark::service::kafka {
namespace {

constexpr uint64_t kSaidAgainUs = 60'000'000;

std::string TimeText(uint64_t us) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", absl::FromUnixMicros(static_cast<int64_t>(us)),
                          absl::UTCTimeZone());
}

}  // namespace

absl::Status LeaderWaits::Waits(const std::string& topic, int32_t partition) {
  const auto [found, is_new] = waits_.try_emplace(topic, Wait{model::NowUs(), model::SteadyUs()});
  Wait& wait = found->second;
  const std::string since = TimeText(wait.since_us);
  if (is_new || model::SteadyUs() - wait.said_us >= kSaidAgainUs) {
    wait.said_us = model::SteadyUs();
    LogWarning("a topic waits for a leader",
               {{"source", source_}, {"topic", topic}, {"partition", partition}, {"since", since}});
  }
  return absl::UnavailableError(
      absl::StrCat("topic ", topic, " waits for a leader of partition ", partition, " since ",
                   since, "; start the brokers that have it (kafka-topics.sh --describe --topic ",
                   topic, " names its replicas)"));
}

void LeaderWaits::Ended(const std::string& topic) {
  if (waits_.erase(topic) == 0) return;
  LogInfo("a topic has its leaders again", {{"source", source_}, {"topic", topic}});
}

}  // namespace tidemark::service::kafka
