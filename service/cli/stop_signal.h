#ifndef TIDEMARK_SERVICE_CLI_STOP_SIGNAL_H_
#define TIDEMARK_SERVICE_CLI_STOP_SIGNAL_H_

#include <functional>

namespace tidemark::service {

// Blocks SIGINT and SIGTERM in this thread and all it starts later. Call it before any thread is
// started.
void BlockStopSignals();

// Calls `stop` on a thread of its own at the first SIGINT or SIGTERM; the second one ends the
// program. `stop` must stay callable until the program ends.
void OnStopSignal(std::function<void()> stop);

}  // namespace tidemark::service

#endif  // TIDEMARK_SERVICE_CLI_STOP_SIGNAL_H_
