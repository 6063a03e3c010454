#ifndef TIDEMARK_SERVICE_OBSERVER_H_
#define TIDEMARK_SERVICE_OBSERVER_H_

#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>

#include "service/observation.h"
#include "service/sources.h"
#include "service/streams.h"
#include "service/tls/access.h"
#include "service/turn.h"
#include "storage/journal.h"

namespace tidemark::service {

// Where a certificate is that others are shown: what a listener has taken, or a file that a client
// reads at each of its sessions.
struct CertificatePlace {
  // CertificateObservation::use
  std::string use;
  const Access* access = nullptr;
  std::string file = "";
};

// Looks at the running service for metrics and health, from its start to its end. What takes the
// disk or a lock of the store is asked for every two seconds on a thread of its own and kept, so
// that Observe waits for neither. Thread-safe.
class Observer {
 public:
  ~Observer() { Release("stopping"); }

  // What the service is doing while its sources are not at work: "starting: ...", "stopping: ...".
  void SetPhase(const std::string& phase);
  // What `places` name must outlive it. Before anything is observed.
  void SetCertificates(std::vector<CertificatePlace> places);
  // All sources are at work. They must outlive the observer or Release.
  void Watch(const storage::Store* store, const Sources* sources, const Streams* streams);
  // After it returns nothing of what was watched is touched any more.
  void Release(const std::string& phase);

  Observation Observe() const;

 private:
  // What takes the disk or a lock of the store.
  struct Sampled {
    std::optional<storage::StoreStatus> store;
    // By source and consumer.
    std::map<std::pair<std::string, std::string>, storage::Backlog> backlogs;
    std::map<std::string, kafka::PublisherStatus> publishers;
    // Of files.
    std::vector<CertificateObservation> certificates;
    uint64_t time_us = 0;
  };
  struct Watched {
    const storage::Store* store;
    const Sources* sources;
    const Streams* streams;
  };

  void KeepSampling(const Watched& watched, std::stop_token stop);
  Sampled Sample(const Watched& watched) const;
  std::vector<CertificateObservation> ReadCertificates() const;
  // REQUIRES: mutex_ is held.
  std::vector<CertificateObservation> ObserveCertificates() const;
  // REQUIRES: mutex_ is held.
  SourceObservation ObserveSource(const CapturedSource& source) const;

  std::vector<CertificatePlace> certificates_;
  mutable std::mutex mutex_;
  std::string phase_ = "starting";
  std::optional<Watched> watched_;
  Sampled sampled_;
  Turn turn_;
  std::jthread thread_;
};

}  // namespace tidemark::service

#endif  // TIDEMARK_SERVICE_OBSERVER_H_
