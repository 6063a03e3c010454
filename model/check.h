#ifndef TIDEMARK_MODEL_CHECK_H_
#define TIDEMARK_MODEL_CHECK_H_

#include <cstdio>
#include <cstdlib>

// Ends the process when our own code broke a promise that correctness rests on: better no event
// than a wrong one. Not for bad input and not for what a server or a disk does; those are statuses.
// Active in every build.
#define TIDEMARK_CHECK(condition)                                                        \
  do {                                                                                   \
    if (!(condition)) {                                                                  \
      std::fprintf(stderr, "%s:%d: check failed: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                      \
    }                                                                                    \
  } while (false)

#endif  // TIDEMARK_MODEL_CHECK_H_
