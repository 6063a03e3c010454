#ifndef TIDEMARK_CAPTURE_POSTGRES_CANCEL_REQUEST_H_
#define TIDEMARK_CAPTURE_POSTGRES_CANCEL_REQUEST_H_

#include <future>

// libpq's, which only private files include.
struct pg_conn;

namespace tidemark::capture::postgres {

// Asks the server to end the statement that runs on `connection`; ready once the server has taken
// the request, or it cannot be sent. Returns at once. Before its version 17 libpq can only ask with
// a call that waits for the server without limit: it runs on a thread of its own, which a server
// that does not answer keeps until it does or the process ends.
std::future<void> SendCancelRequest(pg_conn* connection);

}  // namespace tidemark::capture::postgres

#endif  // TIDEMARK_CAPTURE_POSTGRES_CANCEL_REQUEST_H_
