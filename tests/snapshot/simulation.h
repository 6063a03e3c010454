#ifndef TIDEMARK_TESTS_SNAPSHOT_SIMULATION_H_
#define TIDEMARK_TESTS_SNAPSHOT_SIMULATION_H_

#include <cstdint>
#include <string>

namespace tidemark::snapshot {

// Guards of the exact-window rule that a run leaves out, to prove that it then goes wrong.
struct WithoutGuards {
  bool settle = false;
  bool folding = false;
  bool rereads = false;
  bool marks = false;
  bool rewritten = false;  // LogBatch.rewritten
};

// One run of merger and coordinator against a model server, decided by `seed`: random interleavings
// of commits, visibility, log delivery in pieces, chunk reads by several readers, appends, and
// crashes that lose all that was not appended. Checks the stream: sequences without gap, no key
// goes back in time, the fold equals the server's rows. Returns "" or what went wrong.
std::string Simulate(uint64_t seed, const WithoutGuards& without);

}  // namespace tidemark::snapshot

#endif  // TIDEMARK_TESTS_SNAPSHOT_SIMULATION_H_
