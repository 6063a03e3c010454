#include "capture/postgres/cancel_request.h"

#include <libpq-fe.h>

#include <memory>
#include <system_error>
#include <thread>
#include <utility>

namespace tidemark::capture::postgres {
namespace {

struct CancelDeleter {
  void operator()(PGcancel* cancel) const { PQfreeCancel(cancel); }
};
// What the request needs of the connection, which may be closed meanwhile.
using Cancel = std::unique_ptr<PGcancel, CancelDeleter>;

void Send(Cancel cancel, std::promise<void> taken) {
  char error[256];
  PQcancel(cancel.get(), error, sizeof error);
  cancel.reset();
  taken.set_value();
}

}  // namespace

std::future<void> SendCancelRequest(pg_conn* connection) {
  std::promise<void> taken;
  std::future<void> result = taken.get_future();
  try {
    std::thread(Send, Cancel(PQgetCancel(connection)), std::move(taken)).detach();
  } catch (const std::system_error&) {
    // No thread is left; the promise is broken, which makes the future ready too.
  }
  return result;
}

}  // namespace tidemark::capture::postgres
