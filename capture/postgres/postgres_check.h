#ifndef TIDEMARK_CAPTURE_POSTGRES_POSTGRES_CHECK_H_
#define TIDEMARK_CAPTURE_POSTGRES_POSTGRES_CHECK_H_

#include <stop_token>

#include "capture/postgres/session.h"
#include "capture/source.h"

namespace tidemark::capture::postgres {

// Examines server, role, publication, slot and tables, and lists everything that is wrong with its
// remedy. What stops capture or makes it inexact is an error; what may hurt later is a warning. See
// Source::Check.
CheckResult CheckPostgres(SessionFactory& sessions, std::stop_token stop);

}  // namespace tidemark::capture::postgres

#endif  // TIDEMARK_CAPTURE_POSTGRES_POSTGRES_CHECK_H_
