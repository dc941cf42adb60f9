#include "store/redis/ledger_waiters.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace inventory {
namespace {

using std::chrono::steady_clock;

absl::Status EpochEnded() {
  return absl::UnavailableError("the store was rebuilt meanwhile; retry");
}

absl::Status Away(const std::string& why) {
  return absl::UnavailableError(absl::StrCat(
      "what is asked for stands only in the ledger, whose database is away; nothing was "
      "done; retry after a pause: ",
      why));
}

}  // namespace

void LedgerWaiters::Wait(std::uint64_t epoch, std::uint64_t applied, Wake wake) {
  absl::Status now;
  {
    MutexLock lock(mutex_);
    Waiter waiter{epoch, applied, steady_clock::now() + kLimit, std::move(wake)};
    if (stopped_) {
      now = absl::UnavailableError("the store is closing");
    } else if (!Ready(waiter) && !away_.empty()) {
      now = Away(away_);
    } else if (!Ready(waiter)) {
      waiters_.push_back(std::move(waiter));
      return;
    }
    wake = std::move(waiter.wake);
  }
  wake(now);
}

void LedgerWaiters::Tell(const LedgerProgress& progress) {
  std::vector<Wake> ready;
  std::vector<Wake> ended;
  {
    MutexLock lock(mutex_);
    away_.clear();
    progress_ = progress;
    std::vector<Waiter> left;
    for (Waiter& waiter : waiters_) {
      if (Ready(waiter)) {
        ready.push_back(std::move(waiter.wake));
      } else if (waiter.epoch < progress.epoch) {
        ended.push_back(std::move(waiter.wake));
      } else {
        left.push_back(std::move(waiter));
      }
    }
    waiters_ = std::move(left);
  }
  for (Wake& wake : ready) wake(absl::OkStatus());
  for (Wake& wake : ended) wake(EpochEnded());
}

void LedgerWaiters::LookAtTime() {
  std::vector<Wake> late;
  std::uint64_t applied = 0;
  {
    MutexLock lock(mutex_);
    applied = progress_.applied;
    const auto now = steady_clock::now();
    std::vector<Waiter> left;
    for (Waiter& waiter : waiters_) {
      if (waiter.deadline <= now) {
        late.push_back(std::move(waiter.wake));
      } else {
        left.push_back(std::move(waiter));
      }
    }
    waiters_ = std::move(left);
  }
  for (Wake& wake : late) {
    wake(absl::UnavailableError(
        absl::StrCat("the ledger is behind (", applied,
                     " entries applied) or its database is away, and what is asked for stands only "
                     "there; nothing was done; retry after a pause")));
  }
}

void LedgerWaiters::GiveUp(const absl::Status& why) {
  std::vector<Waiter> waiters;
  {
    MutexLock lock(mutex_);
    away_ = std::string(why.message());
    waiters.swap(waiters_);
  }
  for (Waiter& waiter : waiters) waiter.wake(Away(std::string(why.message())));
}

void LedgerWaiters::Stop() {
  std::vector<Waiter> waiters;
  {
    MutexLock lock(mutex_);
    stopped_ = true;
    waiters.swap(waiters_);
  }
  for (Waiter& waiter : waiters) waiter.wake(absl::UnavailableError("the store is closing"));
}

bool LedgerWaiters::empty() const {
  MutexLock lock(mutex_);
  return waiters_.empty();
}

}  // namespace inventory
