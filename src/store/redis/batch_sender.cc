#include "store/redis/batch_sender.h"

#include <utility>

#include "store/redis/batch_run.h"
#include "store/redis/script_attempt.h"
#include "store/redis/script_call.h"

namespace inventory {
namespace {

constexpr std::size_t kCommandsAnAttempt = 8'192;
constexpr int kMostAttempts = 2;
// Waiting commands that are worth an attempt beside another: they fill a call of a script.
constexpr std::size_t kMuch = kLinesACall;

}  // namespace

void BatchSender::Send(std::shared_ptr<BatchRun> run, bool first) {
  {
    MutexLock lock(mutex_);
    commands_ += run->size();
    if (first) {
      waiting_.push_front(std::move(run));
    } else {
      waiting_.push_back(std::move(run));
    }
  }
  Pump();
}

// What the ledger has told counts from when it was asked, so a run with facts goes alone.
std::vector<std::shared_ptr<BatchRun>> BatchSender::Take() {
  std::vector<std::shared_ptr<BatchRun>> runs;
  std::size_t commands = 0;
  while (!waiting_.empty()) {
    const std::shared_ptr<BatchRun>& next = waiting_.front();
    const bool has_facts = next->facts().told_at != 0;
    if (!runs.empty() && (has_facts || commands + next->size() > kCommandsAnAttempt)) break;
    commands += next->size();
    commands_ -= next->size();
    runs.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
    if (has_facts) break;
  }
  return runs;
}

void BatchSender::Pump() {
  for (;;) {
    std::vector<std::shared_ptr<BatchRun>> runs;
    {
      MutexLock lock(mutex_);
      if (pumping_ || waiting_.empty()) return;
      if (under_way_ > 0 && (under_way_ == kMostAttempts || commands_ < kMuch)) return;
      runs = Take();
      ++under_way_;
      pumping_ = true;
    }
    ScriptAttempt::Start(parts_, std::move(runs), [this] {
      {
        MutexLock lock(mutex_);
        --under_way_;
      }
      Pump();
    });
    MutexLock lock(mutex_);
    pumping_ = false;
  }
}

}  // namespace inventory
