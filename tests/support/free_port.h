#ifndef TIDEMARK_TESTS_SUPPORT_FREE_PORT_H_
#define TIDEMARK_TESTS_SUPPORT_FREE_PORT_H_

namespace tidemark::testing {

// A TCP port of 127.0.0.1 on which nothing listens now, below the range that outgoing connections
// use. Each call of one process returns another one. Another process may still take it first:
// whoever listens on it tries again with a new one.
int FreePort();

}  // namespace tidemark::testing

#endif  // TIDEMARK_TESTS_SUPPORT_FREE_PORT_H_
