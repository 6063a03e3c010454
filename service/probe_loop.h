#ifndef TIDEMARK_SERVICE_PROBE_LOOP_H_
#define TIDEMARK_SERVICE_PROBE_LOOP_H_

#include <chrono>
#include <memory>
#include <stop_token>

#include "capture/source.h"
#include "service/inbox.h"
#include "service/log_loop.h"

namespace tidemark::service {

// Tells the merger, several times a second, which of the transactions that it merged have become
// visible to SELECTs: only then can they be acknowledged to the server. Has a connection of its
// own, so that nothing that readers wait for holds it up. One thread runs it.
class ProbeLoop {
 public:
  // All must outlive it.
  ProbeLoop(capture::Source* source, capture::SchemaRegistry* registry, Inbox* inbox, LogLoop* log)
      : source_(source), registry_(registry), inbox_(inbox), log_(log) {}

  void Run(std::stop_token stop);

 private:
  absl::Status Probe(std::stop_token stop);
  void NoteFailure();

  capture::Source* const source_;
  capture::SchemaRegistry* const registry_;
  Inbox* const inbox_;
  LogLoop* const log_;
  std::unique_ptr<capture::ChunkReader> reader_;
  // Since when probes have failed; unset: the last one did not.
  std::chrono::steady_clock::time_point failing_since_{};
};

}  // namespace tidemark::service

#endif  // TIDEMARK_SERVICE_PROBE_LOOP_H_
