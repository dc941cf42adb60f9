// One store, one random life, one auditor.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "stock/stock_store.h"
#include "tests/simulation/auditor.h"
#include "tests/simulation/workload.h"
#include "tests/support/movable_clock.h"
#include "tests/support/store_calls.h"
#include "tests/support/unsynced_file_system.h"

namespace inventory {

// Where the store runs. Opening a home again finds what the disk kept; a new number is a new,
// empty store.
struct Machine {
  std::function<absl::StatusOr<std::unique_ptr<StockStore>>(const Clock& clock, int home)> open;
  UnsyncedFileSystem* disk = nullptr;  // null: nothing survives, so it is never crashed or closed
  // Something that happens beneath the store, after which it must come back by itself; returns when
  // what was broken works again. May be null.
  std::function<absl::Status(std::minstd_rand& dice)> disturb;
  int instances = 1;  // stores over the same stock, used in turn
  // Batches in flight, at most. 1 where batches that name nothing in common may be decided in any
  // order: the auditor knows only the order of the calls.
  std::size_t in_flight = 4;
  bool whole_batches = true;  // no reader sees a part of one; else none sees a part of a command
  bool imports = true;        // an export of it can be imported into another home
};

// What a run went through, added up over worlds.
struct Experience {
  std::map<std::string, std::uint64_t> rows;  // of the design's tables
  std::uint64_t commands = 0;
  std::uint64_t batches = 0;
  std::uint64_t reads = 0;
  std::uint64_t crashes = 0;
  std::uint64_t crashes_while_opening = 0;
  std::uint64_t reopened = 0;  // closed in good order and opened again
  std::uint64_t disturbed = 0;
  std::uint64_t asked_again = 0;      // batches that were answered with "nothing was done"
  std::uint64_t moved = 0;            // exported, and imported into a new store
  std::uint64_t unanswered_kept = 0;  // commands without an answer that had been done, or …
  std::uint64_t unanswered_lost = 0;  // … had not

  void Add(const Experience& other);
};

// Every reply and every read is compared with what the auditor says. Batches are in flight several
// at a time; a crash comes at any change of the disk. After it the store must hold all it answered
// for (I5) and, of the rest, the effects of the first few commands in order and nothing else (I6).
class World {
 public:
  World(Machine machine, std::uint64_t seed);
  ~World();

  // Runs until `commands` have been issued. The error tells what was expected and what was found.
  absl::Status Run(std::uint64_t commands);

  Experience experience() const;

 private:
  struct Flight {
    std::vector<Command> batch;
    TimeMs time = 0;
    StoreAnswer<std::vector<Reply>> answer;
  };
  class Listener;

  absl::Status Step();
  absl::Status Survive(const absl::Status& status);
  void Issue(std::vector<Command> batch);
  absl::Status Land();   // waits for the oldest flight and checks its replies
  absl::Status Drain();  // lands all
  absl::Status CheckReplies(const Flight& flight, const std::vector<Reply>& replies);
  absl::Status CheckReply(const Flight& flight, std::size_t at, const std::vector<Reply>& replies,
                          std::vector<std::pair<Command, TimeMs>>& unanswered);
  absl::Status CheckReadInFlight();
  absl::Status CheckReads();
  absl::Status CheckBooks();
  absl::Status CheckOrder(OrderId order);
  absl::Status CheckLog(MovementQuery query);
  absl::Status CheckDue();
  absl::Status CheckListener();
  absl::Status CheckHistory();  // whole logs and the invariants, at the end

  absl::Status Disturb();
  absl::Status AwaitServing();
  StockStore& store() { return *stores_[in_use_]; }

  absl::Status Open();
  absl::Status CloseAndReopen();
  absl::Status MoveOut();
  absl::Status Recover();
  absl::Status LandAfterCrash();
  absl::Status Settle(const std::vector<std::pair<Command, TimeMs>>& unanswered);
  absl::StatusOr<bool> Matches(const Auditor& auditor, const std::vector<OrderId>& orders);
  absl::StatusOr<bool> MatchesOnceServing(const Auditor& auditor,
                                          const std::vector<OrderId>& orders);

  Machine machine_;
  MovableClock clock_;
  Workload workload_;
  Auditor auditor_;
  std::unique_ptr<Listener> listener_;
  int home_ = 0;
  std::vector<std::unique_ptr<StockStore>> stores_;  // one an instance
  std::size_t in_use_ = 0;
  std::deque<Flight> flights_;
  Experience experience_;
};

}  // namespace inventory
