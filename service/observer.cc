#include "service/observer.h"

#include <chrono>

#include "model/wall_clock.h"
#include "service/sleep.h"

namespace tidemark::service {
namespace {

constexpr std::chrono::milliseconds kSampleInterval{2000};

}  // namespace

void Observer::SetPhase(const std::string& phase) {
  std::lock_guard lock(mutex_);
  phase_ = phase;
}

void Observer::SetCertificates(std::vector<CertificatePlace> places) {
  certificates_ = std::move(places);
}

void Observer::Watch(const storage::Store* store, const Sources* sources, const Streams* streams) {
  const Watched watched{store, sources, streams};
  {
    std::lock_guard lock(mutex_);
    phase_.clear();
    watched_ = watched;
  }
  thread_ = std::jthread([this, watched](std::stop_token stop) { KeepSampling(watched, stop); });
}

void Observer::Release(const std::string& phase) {
  {
    std::lock_guard lock(mutex_);
    phase_ = phase;
    watched_.reset();
  }
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
  turn_.Rest();
}

void Observer::KeepSampling(const Watched& watched, std::stop_token stop) {
  do {
    turn_.Make();
    Sampled sampled = Sample(watched);
    std::lock_guard lock(mutex_);
    sampled_ = std::move(sampled);
  } while (SleepUnlessStopped(kSampleInterval, stop));
}

Observer::Sampled Observer::Sample(const Watched& watched) const {
  Sampled sampled;
  sampled.store = watched.store->status();
  for (const CapturedSource& source : watched.sources->all()) {
    if (source.publisher != nullptr) sampled.publishers[source.name] = source.publisher->status();
    auto consumers = source.journal->Consumers();
    if (!consumers.ok()) continue;
    for (const storage::ConsumerPlace& place : *consumers) {
      // What cannot be read is left out; whoever reads the journal says why.
      auto backlog = source.journal->Behind(place.acknowledged);
      if (backlog.ok()) sampled.backlogs[{source.name, place.name}] = *backlog;
    }
  }
  sampled.certificates = ReadCertificates();
  sampled.time_us = model::NowUs();
  return sampled;
}

std::vector<CertificateObservation> Observer::ReadCertificates() const {
  std::vector<CertificateObservation> seen;
  for (const CertificatePlace& place : certificates_) {
    if (place.file.empty()) continue;
    const std::optional<absl::Time> expiry = CertificateExpiry(place.file);
    if (expiry) seen.push_back({place.use, absl::ToUnixSeconds(*expiry)});
  }
  return seen;
}

std::vector<CertificateObservation> Observer::ObserveCertificates() const {
  std::vector<CertificateObservation> seen;
  for (const CertificatePlace& place : certificates_) {
    const auto shown = place.access == nullptr ? nullptr : place.access->certificates();
    if (shown != nullptr) seen.push_back({place.use, absl::ToUnixSeconds(shown->expiry)});
  }
  seen.insert(seen.end(), sampled_.certificates.begin(), sampled_.certificates.end());
  return seen;
}

Observation Observer::Observe() const {
  std::lock_guard lock(mutex_);
  Observation seen;
  seen.time_us = model::NowUs();
  seen.phase = phase_;
  seen.certificates = ObserveCertificates();
  seen.store = sampled_.store;
  seen.store_examined_us = sampled_.time_us;
  seen.store_turn_age_us = turn_.age_us();
  if (!watched_) return seen;
  for (const CapturedSource& source : watched_->sources->all()) {
    seen.sources.push_back(ObserveSource(source));
  }
  return seen;
}

SourceObservation Observer::ObserveSource(const CapturedSource& source) const {
  SourceObservation seen;
  seen.name = source.name;
  seen.kind = source.kind;
  seen.pipeline = source.pipeline->metrics();
  seen.bounds = source.journal->bounds();
  seen.snapshots = source.pipeline->jobs().List();
  seen.streams = watched_->streams->CountsOf(source.name);
  const auto published = sampled_.publishers.find(source.name);
  if (published != sampled_.publishers.end()) seen.publisher = published->second;
  for (auto at = sampled_.backlogs.lower_bound({source.name, ""});
       at != sampled_.backlogs.end() && at->first.first == source.name; ++at) {
    const std::string& consumer = at->first.second;
    seen.consumers.push_back(
        {consumer, watched_->streams->IsConnected(source.name, consumer), at->second});
  }
  return seen;
}

}  // namespace tidemark::service
