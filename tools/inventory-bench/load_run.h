// Sends a workload for a while and measures it.
#pragma once

#include <chrono>
#include <cstdint>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "tools/inventory-bench/histogram.h"
#include "tools/inventory-bench/tally.h"

namespace inventory {
class LoadClient;
}

namespace inventory::bench {

class Workload;

struct LoadPlan {
  int in_flight = 64;  // calls, at most
  // 0: a closed loop, each answer starts the next call. Else an open loop: this many calls a second
  // on a fixed timetable, and a call's latency counts from when it should have started, so that a
  // service that stalls cannot hide the calls it kept from starting.
  double rate = 0;
  std::chrono::milliseconds warm_up{1'000};  // not measured
  std::chrono::milliseconds duration{10'000};
  std::uint64_t calls = 0;  // not 0: measure this many instead of `duration`
};

struct LoadResult {
  // Of the measured time: calls that ended in it.
  Histogram latency;
  std::uint64_t calls = 0;
  std::uint64_t items = 0;
  std::chrono::nanoseconds time{0};
  std::chrono::microseconds client_cpu{0};  // user and system, of this process
  // Of the whole run, warm-up and the last calls' ends included.
  Tally tally;
};

// Seen while running, a few times a second.
struct LoadProgress {
  bool warming_up = false;
  std::chrono::nanoseconds time{0};  // measured so far
  double items_per_second = 0;       // lately
  Histogram::Duration p99{0};        // so far
};

// `client` has in_flight slots or more, all free. DEADLINE_EXCEEDED: no answer for 30 s.
absl::StatusOr<LoadResult> RunLoad(const LoadPlan& plan, LoadClient& client, Workload& workload,
                                   absl::FunctionRef<void(const LoadProgress&)> progress);

}  // namespace inventory::bench
