#include "service/cli/stop_signal.h"

#include <pthread.h>
#include <unistd.h>

#include <csignal>
#include <thread>

namespace tidemark::service {
namespace {

sigset_t Signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  return signals;
}

void Wait() {
  sigset_t signals = Signals();
  int number = 0;
  sigwait(&signals, &number);
}

}  // namespace

void BlockStopSignals() {
  sigset_t signals = Signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

void OnStopSignal(std::function<void()> stop) {
  std::thread([stop = std::move(stop)] {
    Wait();
    stop();
    Wait();
    ::_exit(130);
  }).detach();
}

}  // namespace tidemark::service
