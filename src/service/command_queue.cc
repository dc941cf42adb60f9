#include "service/command_queue.h"

#include <algorithm>
#include <cassert>
#include <iterator>
#include <limits>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace inventory {
namespace {

using std::chrono::steady_clock;

absl::Status Stopping() {
  return absl::UnavailableError(
      "the service is stopping and nothing was done; retry on another instance, or here after the "
      "restart");
}

absl::Status TooLate() {
  return absl::DeadlineExceededError(
      "the deadline passed before the request reached the store; nothing was done");
}

absl::Status Full(std::size_t queued, std::size_t limit) {
  return absl::ResourceExhaustedError(
      absl::StrCat("the queue is full (", queued, " commands wait, the limit is ", limit,
                   ") and nothing was done; retry after a pause that grows"));
}

// Some of a call's commands were answered and others not, so no text about all of them holds.
absl::Status PartlyDone(const absl::Status& status) {
  return absl::Status(status.code(),
                      absl::StrCat("part of the call was done; retry it with the same ids. ",
                                   "The other part: ", status.message()));
}

// What a call whose commands were answered so comes to: OK, or the fault of some of them.
template <typename Iterator>
absl::Status FaultOf(Iterator first, Iterator last) {
  const auto fails = [](const Reply& reply) { return !reply.fault.ok(); };
  const Iterator failed = std::find_if(first, last, fails);
  if (failed == last) return absl::OkStatus();
  return std::all_of(first, last, fails) ? failed->fault : PartlyDone(failed->fault);
}

}  // namespace

// One Submit.
struct CommandQueue::Call {
  Call(std::vector<Command> the_commands, Deadline the_deadline, Done<Replies> the_done)
      : commands(std::move(the_commands)),
        size(commands.size()),
        deadline(the_deadline),
        done(std::move(the_done)) {}

  std::vector<Command> commands;
  const std::size_t size;
  const Deadline deadline;
  Done<Replies> done;
  std::size_t taken = 0;  // how many stand in batches; guarded by the queue's mutex

  // Of a call larger than a batch, guarded by the queue's mutex. The replies are not: each batch
  // writes its own part.
  Replies replies;
  std::size_t answered = 0;
  bool partly_done = false;
  absl::Status status;
};

// The part of a batch that belongs to one call.
struct CommandQueue::Piece {
  std::shared_ptr<Call> call;
  std::size_t first;
  std::size_t count;

  bool whole() const { return count == call->size; }
  auto begin() const { return call->commands.begin() + static_cast<std::ptrdiff_t>(first); }
};

// What the store has, and since when.
struct CommandQueue::HandedOver {
  Batch batch;
  std::int64_t began;  // MeasuredNow()
};

CommandQueue::CommandQueue(StockStore& store, const ServiceSettings& settings)
    : store_(store),
      queue_limit_(settings.queue_limit),
      batch_limit_(settings.batch_limit),
      batches_in_flight_(settings.batches_in_flight) {}

CommandQueue::~CommandQueue() {
  Stop(std::chrono::milliseconds(0));
  MutexLock lock(mutex_);
  while (undelivered_ > 0) became_idle_.Wait(mutex_);
}

void CommandQueue::Submit(std::vector<Command> commands, Deadline deadline, Done<Replies> done) {
  if (deadline != Deadline::max() && steady_clock::now() >= deadline) return done(TooLate());
  Enqueue(std::make_shared<Call>(std::move(commands), deadline, std::move(done)), queue_limit_);
}

void CommandQueue::SubmitPastLimit(std::vector<Command> commands, Done<Replies> done) {
  Enqueue(std::make_shared<Call>(std::move(commands), Deadline::max(), std::move(done)),
          std::numeric_limits<std::size_t>::max());
}

void CommandQueue::Enqueue(std::shared_ptr<Call> call, std::size_t limit) {
  assert(call->size > 0);
  if (call->size > batch_limit_) call->replies.resize(call->size);
  absl::Status refusal;
  bool pump = false;
  {
    MutexLock lock(mutex_);
    if (stopping_) {
      refusal = Stopping();
    } else if (call->size > limit - std::min(limit, figures_.queued)) {
      figures_.refused_full += call->size;
      refusal = Full(figures_.queued, limit);
    } else {
      figures_.queued += call->size;
      figures_.commands += call->size;
      calls_.push_back(std::exchange(call, nullptr));
      pump = ClaimPump();
    }
  }
  if (call) return call->done(std::move(refusal));
  if (pump) Pump();
}

bool CommandQueue::ClaimPump() {
  if (pumping_ || calls_.empty() || in_flight_ == batches_in_flight_) return false;
  pumping_ = true;
  return true;
}

// Hands batches over until there is no room or nothing left. Needs the claim, and gives it back.
void CommandQueue::Pump() {
  for (;;) {
    std::vector<std::shared_ptr<Call>> late;
    Batch batch;
    {
      MutexLock lock(mutex_);
      if (in_flight_ < batches_in_flight_) batch = TakeBatch(late);
      if (batch.empty() && late.empty()) {
        pumping_ = false;
        if (idle()) became_idle_.NotifyAll();
        return;
      }
      if (!batch.empty()) {
        ++in_flight_;
        ++undelivered_;
        ++figures_.batches;
      }
    }
    if (!batch.empty()) HandOver(std::move(batch));
    for (const auto& call : late) call->done(TooLate());
  }
}

CommandQueue::Batch CommandQueue::TakeBatch(std::vector<std::shared_ptr<Call>>& late) {
  const steady_clock::time_point now = steady_clock::now();
  Batch batch;
  std::size_t total = 0;
  while (!calls_.empty()) {
    std::shared_ptr<Call>& call = calls_.front();
    const std::size_t rest = call->size - call->taken;
    if (call->taken == 0 && call->deadline <= now) {
      figures_.queued -= rest;
      late.push_back(std::move(call));
      calls_.pop_front();
      continue;
    }
    if (total > 0 && total + rest > batch_limit_) break;
    const std::size_t count = std::min(rest, batch_limit_);
    batch.push_back({call, call->taken, count});
    call->taken += count;
    total += count;
    figures_.queued -= count;
    if (count == rest) calls_.pop_front();
  }
  return batch;
}

void CommandQueue::HandOver(Batch batch) {
  std::vector<Command> commands;
  if (batch.size() == 1 && batch.front().whole()) {
    commands = std::move(batch.front().call->commands);
  } else {
    std::size_t total = 0;
    for (const Piece& piece : batch) total += piece.count;
    commands.reserve(total);
    for (const Piece& piece : batch) {
      const auto first = std::make_move_iterator(piece.begin());
      commands.insert(commands.end(), first, first + static_cast<std::ptrdiff_t>(piece.count));
    }
  }
  batch_size_.Observe(static_cast<std::int64_t>(commands.size()));
  // Two pointers: what a Done holds without an allocation of its own.
  store_.Apply(std::move(commands),
               [this, handed_over = std::make_unique<HandedOver>(HandedOver{
                          std::move(batch), MeasuredNow()})](absl::StatusOr<Replies> replies) {
                 OnAnswer(*handed_over, std::move(replies));
               });
}

void CommandQueue::OnAnswer(HandedOver& handed_over, absl::StatusOr<Replies> replies) {
  apply_.ObserveSince(handed_over.began);
  bool pump;
  {
    MutexLock lock(mutex_);
    --in_flight_;
    pump = ClaimPump();
  }
  // The store gets its next batch before the callers get their answers: both can go on.
  if (pump) Pump();
  const std::int64_t began = MeasuredNow();
  Deliver(handed_over.batch, std::move(replies));
  reply_.ObserveSince(began);
  MutexLock lock(mutex_);
  --undelivered_;
  if (idle()) became_idle_.NotifyAll();
}

void CommandQueue::Deliver(Batch& batch, absl::StatusOr<Replies> replies) {
  if (replies.ok() && batch.size() == 1 && batch.front().whole()) {
    if (absl::Status fault = FaultOf(replies->begin(), replies->end()); !fault.ok()) {
      replies = std::move(fault);
    }
    return batch.front().call->done(std::move(replies));
  }
  Replies::iterator next = replies.ok() ? replies->begin() : Replies::iterator();
  for (Piece& piece : batch) {
    Call& call = *piece.call;
    const auto first = std::make_move_iterator(next);
    const auto count = static_cast<std::ptrdiff_t>(piece.count);
    absl::Status status = replies.ok() ? FaultOf(next, next + count) : replies.status();
    if (replies.ok()) next += count;
    if (!piece.whole()) {
      if (status.ok()) {
        std::copy(first, first + count,
                  call.replies.begin() + static_cast<std::ptrdiff_t>(piece.first));
      }
      DeliverPart(call, piece.count, status);
    } else if (status.ok()) {
      call.done(Replies(first, first + count));
    } else {
      call.done(std::move(status));
    }
  }
}

// Counts an answer to `count` commands of a call larger than a batch; the last answers the call.
void CommandQueue::DeliverPart(Call& call, std::size_t count, const absl::Status& status) {
  {
    MutexLock lock(mutex_);
    call.answered += count;
    call.status.Update(status);
    if (status.ok()) call.partly_done = true;
    if (call.answered < call.size) return;
  }
  if (call.status.ok()) return call.done(std::move(call.replies));
  call.done(call.partly_done ? PartlyDone(call.status) : call.status);
}

void CommandQueue::Stop(std::chrono::milliseconds limit) {
  const steady_clock::time_point deadline = steady_clock::now() + limit;
  Batch left;
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    while (!idle()) {
      const auto remaining =
          std::chrono::ceil<std::chrono::milliseconds>(deadline - steady_clock::now());
      if (remaining.count() <= 0) break;
      became_idle_.WaitFor(mutex_, remaining);
    }
    for (std::shared_ptr<Call>& call : calls_) {
      const std::size_t rest = call->size - call->taken;
      left.push_back({call, call->taken, rest});
      call->taken = call->size;
    }
    calls_.clear();
    figures_.queued = 0;
  }
  Deliver(left, Stopping());
}

CommandQueue::Figures CommandQueue::figures() const {
  MutexLock lock(mutex_);
  return figures_;
}

std::vector<Distribution> CommandQueue::distributions() const {
  return {batch_size_.Snapshot("batch_size", "commands of a batch that the store was handed"),
          apply_.Snapshot("apply_seconds", "from handing a batch to the store to its answer"),
          reply_.Snapshot("reply_seconds",
                          "from the store's answer until a batch's callers have theirs")};
}

}  // namespace inventory
