#ifndef TIDEMARK_SERVICE_SLEEP_H_
#define TIDEMARK_SERVICE_SLEEP_H_

#include <chrono>
#include <stop_token>

namespace tidemark::service {

// Sleeps, but not past the stop. False: stopped.
bool SleepUnlessStopped(std::chrono::milliseconds duration, std::stop_token stop);

}  // namespace tidemark::service

#endif  // TIDEMARK_SERVICE_SLEEP_H_
