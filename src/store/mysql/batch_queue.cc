#include "store/mysql/batch_queue.h"

#include <algorithm>
#include <utility>
#include <variant>

namespace inventory {
namespace {

template <typename Set>
bool Intersects(const Set& a, const Set& b) {
  const Set& small = a.size() < b.size() ? a : b;
  const Set& large = a.size() < b.size() ? b : a;
  return std::any_of(small.begin(), small.end(), [&](auto key) { return large.contains(key); });
}

}  // namespace

void BatchKeys::Add(const Command& command) {
  std::visit(
      [this](const auto& verb) {
        if constexpr (requires { verb.book; }) books.insert(verb.book);
        if constexpr (requires { verb.order; }) orders.insert(verb.order);
        if constexpr (requires { verb.lines; }) {
          for (const ReservedLine& line : verb.lines) books.insert(line.book);
        }
      },
      command.verb);
}

void BatchKeys::Add(const BatchKeys& other) {
  books.insert(other.books.begin(), other.books.end());
  orders.insert(other.orders.begin(), other.orders.end());
}

void BatchKeys::Remove(const BatchKeys& other) {
  for (const BookId book : other.books) books.erase(book);
  for (const OrderId order : other.orders) orders.erase(order);
}

bool BatchKeys::Meets(const BatchKeys& other) const {
  return Intersects(books, other.books) || Intersects(orders, other.orders);
}

void BatchQueue::Push(PendingBatch batch) {
  for (const Command& command : batch.commands) batch.keys.Add(command);
  if (absl::Status refused = Enqueue(batch); !refused.ok()) batch.done(refused);
}

absl::Status BatchQueue::Enqueue(PendingBatch& batch) {
  MutexLock lock(mutex_);
  if (stopping_) return absl::UnavailableError("the store is closed; nothing was done");
  if (waiting_.size() >= limit_) {
    return absl::ResourceExhaustedError("the store has too much to do; nothing was done");
  }
  waiting_.push_back(std::move(batch));
  changed_.NotifyOne();
  return absl::OkStatus();
}

BatchGroup BatchQueue::Take() {
  MutexLock lock(mutex_);
  for (;;) {
    BatchGroup group = Gather();
    if (!group.batches.empty()) {
      taken_.Add(group.keys);
      return group;
    }
    if (stopping_ && waiting_.empty()) return group;
    changed_.Wait(mutex_);
  }
}

// The first batch that is free, and all after it that are. One that must wait makes those wait that
// share something with it: nobody overtakes.
BatchGroup BatchQueue::Gather() {
  BatchGroup group;
  BatchKeys blocked;
  for (auto next = waiting_.begin(); next != waiting_.end();) {
    const bool full = group.commands > 0 && group.commands + next->commands.size() > kGroupCommands;
    if (full || next->keys.Meets(taken_) || next->keys.Meets(blocked)) {
      blocked.Add(next->keys);
      ++next;
      continue;
    }
    group.commands += next->commands.size();
    group.keys.Add(next->keys);
    group.batches.push_back(std::move(*next));
    next = waiting_.erase(next);
  }
  return group;
}

void BatchQueue::Finish(const BatchKeys& keys) {
  MutexLock lock(mutex_);
  taken_.Remove(keys);
  changed_.NotifyAll();
}

void BatchQueue::Stop() {
  MutexLock lock(mutex_);
  stopping_ = true;
  changed_.NotifyAll();
}

}  // namespace inventory
