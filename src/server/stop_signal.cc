#include "server/stop_signal.h"

#include <semaphore.h>

#include <cerrno>
#include <csignal>
#include <ctime>

namespace inventory {
namespace {

sem_t g_requested;

// Calls only what a signal handler may.
extern "C" void OnStopSignal(int) {
  const int saved_errno = errno;
  signal(SIGTERM, SIG_DFL);
  signal(SIGINT, SIG_DFL);
  sem_post(&g_requested);
  errno = saved_errno;
}

}  // namespace

void StopSignal::Listen() {
  sem_init(&g_requested, /*pshared=*/0, 0);
  struct sigaction action = {};
  action.sa_handler = OnStopSignal;
  action.sa_flags = SA_RESTART;
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGINT, &action, nullptr);
}

bool StopSignal::WaitFor(std::chrono::milliseconds duration) {
  timespec until = {};
  clock_gettime(CLOCK_MONOTONIC, &until);
  const std::chrono::nanoseconds end =
      std::chrono::seconds(until.tv_sec) + std::chrono::nanoseconds(until.tv_nsec) + duration;
  until.tv_sec = static_cast<time_t>(end.count() / 1'000'000'000);
  until.tv_nsec = static_cast<long>(end.count() % 1'000'000'000);
  int result = 0;
  do {
    result = sem_clockwait(&g_requested, CLOCK_MONOTONIC, &until);
  } while (result != 0 && errno == EINTR);
  return result == 0;
}

}  // namespace inventory
