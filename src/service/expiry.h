// Ends reservations whose deadline has passed.
//
// The rules expire an order's due reservation before any command on that order; what nobody asks
// about is found here. A thread asks the store what is due and puts Expire commands into the
// ordinary queue, a chunk at a time and the next only when the last is answered: a hundred thousand
// due at once drain in seconds, and sales go on between the chunks. Whether a deadline has passed
// is decided by the store on its own clock, so a reservation never ends early.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "service/command_queue.h"
#include "stock/stock_store.h"

namespace inventory {

// Safe for concurrent use.
class Expiry {
 public:
  // Store and queue outlive the expiry. It looks every `interval`, and less and less often, down to
  // every kLongestPause, while the store fails.
  Expiry(StockStore& store, CommandQueue& queue, std::chrono::milliseconds interval);
  ~Expiry() { Stop(); }

  // Waits for the thread, not for commands that are on their way. Call it from one thread.
  void Stop();

  // Reservations it asked to expire and got the answer.
  std::uint64_t expired() const { return expired_.load(std::memory_order_relaxed); }

  static constexpr int kChunk = 1'000;
  static constexpr std::chrono::milliseconds kLongestPause{5'000};

 private:
  struct Signal;
  template <typename T>
  struct Answer;

  void Run();
  // One chunk. True: there may be more.
  absl::StatusOr<bool> ExpireChunk();
  // Starts a call and waits for its answer; CANCELLED where Stop came first.
  template <typename T, typename Start>
  absl::StatusOr<T> Await(Start start);
  bool stopping() const;
  void Pause(std::chrono::milliseconds time);

  StockStore& store_;
  CommandQueue& queue_;
  const std::chrono::milliseconds interval_;
  std::atomic<std::uint64_t> expired_ = 0;
  const std::shared_ptr<Signal> signal_;  // shared with answers that come after Stop
  std::thread thread_;
};

}  // namespace inventory
