#include "service/expiry.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "base/mutex.h"
#include "base/status_macros.h"
#include "telemetry/log.h"

namespace inventory {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// What the thread waits for: an answer or the end.
struct Expiry::Signal {
  Mutex mutex;
  CondVar changed;
  bool stopping ABSL_GUARDED_BY(mutex) = false;
};

template <typename T>
struct Expiry::Answer {
  std::optional<absl::StatusOr<T>> value;  // guarded by the signal's mutex
};

Expiry::Expiry(StockStore& store, CommandQueue& queue, milliseconds interval)
    : store_(store), queue_(queue), interval_(interval), signal_(std::make_shared<Signal>()) {
  thread_ = std::thread([this] { Run(); });
}

void Expiry::Stop() {
  {
    MutexLock lock(signal_->mutex);
    signal_->stopping = true;
    signal_->changed.NotifyAll();
  }
  if (thread_.joinable()) thread_.join();
}

bool Expiry::stopping() const {
  MutexLock lock(signal_->mutex);
  return signal_->stopping;
}

void Expiry::Pause(milliseconds time) {
  const steady_clock::time_point end = steady_clock::now() + time;
  MutexLock lock(signal_->mutex);
  while (!signal_->stopping) {
    const auto left = std::chrono::ceil<milliseconds>(end - steady_clock::now());
    if (left.count() <= 0) return;
    signal_->changed.WaitFor(signal_->mutex, left);
  }
}

void Expiry::Run() {
  milliseconds pause = interval_;
  bool told = false;  // that it fails; where the store does not serve at all, others tell that
  while (!stopping()) {
    const absl::StatusOr<bool> more = ExpireChunk();
    if (stopping()) return;
    if (more.ok()) {
      if (told) LogInfo("reservations expire again");
      told = false;
      pause = interval_;
      if (*more) continue;
    } else {
      if (!told && store_.Status().health.ok()) {
        told = true;
        LogWarn("due reservations cannot be expired now; their units stay locked, trying again",
                {{"error", more.status().ToString()}});
      }
      pause = std::min(2 * pause, kLongestPause);
    }
    Pause(pause);
  }
}

absl::StatusOr<bool> Expiry::ExpireChunk() {
  using Orders = std::vector<OrderId>;
  ASSIGN_OR_RETURN(const Orders due, Await<Orders>([this](Done<Orders> done) {
                     store_.ReadDue(kChunk, std::move(done));
                   }));
  if (due.empty()) return false;
  std::vector<Command> commands(due.size());
  for (std::size_t i = 0; i < due.size(); ++i) commands[i].verb = Expire{due[i]};
  using Replies = std::vector<Reply>;
  RETURN_IF_ERROR(Await<Replies>([&](Done<Replies> done) {
                    queue_.SubmitPastLimit(std::move(commands), std::move(done));
                  }).status());
  expired_.fetch_add(due.size(), std::memory_order_relaxed);
  return due.size() == static_cast<std::size_t>(kChunk);
}

template <typename T, typename Start>
absl::StatusOr<T> Expiry::Await(Start start) {
  const auto answer = std::make_shared<Answer<T>>();
  start([signal = signal_, answer](absl::StatusOr<T> value) {
    MutexLock lock(signal->mutex);
    answer->value = std::move(value);
    signal->changed.NotifyAll();
  });
  MutexLock lock(signal_->mutex);
  while (!answer->value && !signal_->stopping) signal_->changed.Wait(signal_->mutex);
  if (!answer->value) return absl::CancelledError("stopping");
  return *std::move(answer->value);
}

}  // namespace inventory
