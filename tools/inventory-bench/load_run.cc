#include "tools/inventory-bench/load_run.h"

#include <sys/prctl.h>
#include <sys/resource.h>

#include <algorithm>
#include <thread>
#include <vector>

#include "base/status_macros.h"
#include "client/load_client.h"
#include "tools/inventory-bench/workload.h"

namespace inventory::bench {
namespace {

using Clock = LoadClient::Clock;
using std::chrono::microseconds;
using std::chrono::nanoseconds;

constexpr auto kPatience = std::chrono::seconds(30);
constexpr auto kProgressEvery = std::chrono::milliseconds(200);
// In an open loop the poller looks for answers and due calls this often. gRPC's own waits are whole
// milliseconds, too coarse for a timetable; spinning would take a core from what is measured.
constexpr auto kLookEvery = microseconds(50);

microseconds ProcessCpu() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto micros = [](const timeval& t) {
    return microseconds(t.tv_sec * 1'000'000 + t.tv_usec);
  };
  return micros(usage.ru_utime) + micros(usage.ru_stime);
}

// One run: the state of RunLoad.
class LoadLoop {
 public:
  LoadLoop(const LoadPlan& plan, LoadClient& client, Workload& workload,
           absl::FunctionRef<void(const LoadProgress&)> progress)
      : plan_(plan),
        client_(client),
        workload_(workload),
        progress_(progress),
        started_(plan.in_flight),
        begin_(Clock::now()),
        measure_from_(begin_ + plan.warm_up),
        end_(plan.calls != 0 ? Clock::time_point::max() : measure_from_ + plan.duration),
        quiet_since_(begin_),
        last_progress_(begin_) {
    for (int slot = plan.in_flight - 1; slot >= 0; --slot) free_.push_back(slot);
  }

  absl::StatusOr<LoadResult> Run() {
    // The timetable's sleeps end when they should: the kernel's default is 50 µs of slack.
    if (plan_.rate > 0) prctl(PR_SET_TIMERSLACK, 1UL);
    while (!Finished()) RETURN_IF_ERROR(Step());
    StopMeasuring();
    while (client_.in_flight() > 0) RETURN_IF_ERROR(Step());
    result_.calls = result_.latency.count();
    return std::move(result_);
  }

 private:
  bool Finished() const {
    if (plan_.calls != 0) return result_.latency.count() >= plan_.calls;
    return now_ >= end_;
  }

  absl::Status Step() {
    now_ = Clock::now();
    if (!measuring_ && !stopped_ && now_ >= measure_from_) StartMeasuring();
    StartDueCalls();
    Clock::time_point until = now_ + kProgressEvery;
    if (plan_.rate > 0) {
      until = now_;
    } else if (!stopped_) {
      until = std::min(until, measuring_ ? end_ : measure_from_);
    }
    if (const auto completion = client_.Next(until)) {
      Take(*completion);
    } else if (plan_.rate > 0) {
      std::this_thread::sleep_for(kLookEvery);
    }
    if (client_.in_flight() > 0 && now_ - quiet_since_ > kPatience) {
      return absl::DeadlineExceededError("no answer for 30 s: is the service stuck or frozen?");
    }
    ShowProgress();
    return absl::OkStatus();
  }

  // As many as may start now: in a closed loop one for each free slot, else what the timetable
  // says.
  void StartDueCalls() {
    while (!stopped_ && !free_.empty() && now_ < end_) {
      if (plan_.calls != 0 && measuring_ &&
          result_.latency.count() + client_.in_flight() >= plan_.calls) {
        return;
      }
      Clock::time_point due = now_;
      if (plan_.rate > 0) {
        due = begin_ + nanoseconds(static_cast<std::int64_t>(static_cast<double>(timetable_) * 1e9 /
                                                             plan_.rate));
        if (due > now_) return;
        ++timetable_;
      }
      const int slot = free_.back();
      free_.pop_back();
      started_[slot] = due;
      if (client_.in_flight() == 0) quiet_since_ = now_;
      const Workload::Call call = workload_.Next(slot);
      client_.Start(*call.method, call.request, std::nullopt, slot);
    }
  }

  void Take(const LoadClient::Completion& completion) {
    now_ = Clock::now();
    quiet_since_ = now_;
    const int slot = static_cast<int>(completion.tag);
    const std::uint64_t items_before = result_.tally.items();
    result_.tally.Ended(completion.status, completion.error);
    if (completion.status == grpc::StatusCode::OK) {
      workload_.Read(slot, completion.response, result_.tally);
    } else {
      workload_.Failed(slot);
    }
    if (measuring_ && now_ < end_) {
      result_.latency.Record(now_ - started_[slot]);
      result_.items += result_.tally.items() - items_before;
    }
    free_.push_back(slot);
  }

  void StartMeasuring() {
    measuring_ = true;
    measured_from_ = now_;
    cpu_before_ = ProcessCpu();
    last_progress_ = now_;
  }

  void StopMeasuring() {
    stopped_ = true;
    measuring_ = false;
    result_.time = std::min(now_, end_) - measured_from_;
    result_.client_cpu = ProcessCpu() - cpu_before_;
  }

  void ShowProgress() {
    if (now_ - last_progress_ < kProgressEvery) return;
    LoadProgress progress;
    progress.warming_up = !measuring_;
    if (measuring_) progress.time = now_ - measured_from_;
    const std::chrono::duration<double> passed = now_ - last_progress_;
    progress.items_per_second =
        static_cast<double>(result_.tally.items() - last_items_) / passed.count();
    progress.p99 = result_.latency.Percentile(0.99);
    progress_(progress);
    last_progress_ = now_;
    last_items_ = result_.tally.items();
  }

  const LoadPlan& plan_;
  LoadClient& client_;
  Workload& workload_;
  const absl::FunctionRef<void(const LoadProgress&)> progress_;

  std::vector<Clock::time_point> started_;  // by slot: when its call started, or should have
  std::vector<int> free_;
  const Clock::time_point begin_;
  const Clock::time_point measure_from_;
  const Clock::time_point end_;
  Clock::time_point now_ = begin_;
  Clock::time_point quiet_since_;  // no answer since then, though calls are in flight
  std::uint64_t timetable_ = 0;    // calls of the timetable that have been started

  bool measuring_ = false;
  bool stopped_ = false;  // no more calls
  Clock::time_point measured_from_;
  microseconds cpu_before_{0};
  LoadResult result_;

  Clock::time_point last_progress_;
  std::uint64_t last_items_ = 0;
};

}  // namespace

absl::StatusOr<LoadResult> RunLoad(const LoadPlan& plan, LoadClient& client, Workload& workload,
                                   absl::FunctionRef<void(const LoadProgress&)> progress) {
  return LoadLoop(plan, client, workload, progress).Run();
}

}  // namespace inventory::bench
