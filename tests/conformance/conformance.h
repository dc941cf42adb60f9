// The contract of the port, held against every store.
//
// One suite, written once in the words of the design's tables; a store joins by a line in
// stores_under_test.cc. Nothing here knows a store's type. The clock is injected and moved by hand.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "base/status_matchers.h"
#include "tests/support/movable_clock.h"
#include "tests/support/print.h"
#include "tests/support/store_calls.h"
#include "tests/support/temp_folder.h"

namespace inventory {

struct StoreUnderTest {
  std::string name;
  // Makes an empty store on `clock`, which outlives it. `folder` is new and empty.
  std::function<absl::StatusOr<std::unique_ptr<StockStore>>(const Clock& clock,
                                                            const std::string& folder)>
      make;
  bool imports = true;  // it can be filled by an import
};

inline void PrintTo(const StoreUnderTest& store, std::ostream* out) { *out << store.name; }

// Every store there is to test.
std::vector<StoreUnderTest> StoresUnderTest();
// Those of them that can, or can not, be filled by an import.
std::vector<StoreUnderTest> StoresUnderTest(bool imports);

// All a reader of the store can see, as text: every book, every log, the orders used by the tests.
std::string Everything(StockStore& store);

// Keeps what it is told.
class RecordingObserver : public StockObserver {
 public:
  void OnChanges(const std::vector<StockChanged>& changes) override;
  std::vector<StockChanged> Take();  // what came since the last call

 private:
  Mutex mutex_;
  std::vector<StockChanged> changes_ ABSL_GUARDED_BY(mutex_);
};

class ConformanceTest : public testing::TestWithParam<StoreUnderTest> {
 public:
  // Book 1 has 100 available in most tests.
  static constexpr TimeMs kTtl = 60'000;

 protected:
  void SetUp() override { Fresh(); }
  void TearDown() override;

  // Starts again with an empty store.
  void Fresh();

  // One command in a batch of its own.
  template <typename Verb>
  Reply Run(Verb verb) {
    return RunAll({Command{std::move(verb), nullptr}}).front();
  }
  std::vector<Reply> RunAll(std::vector<Command> batch);
  // Runs it and expects the outcome, and that nothing a reader can see changed.
  template <typename Verb>
  Reply RunRefused(Verb verb, Outcome expected) {
    const std::string before = Everything();
    Reply reply = Run(std::move(verb));
    EXPECT_EQ(reply.outcome, expected);
    EXPECT_EQ(Everything(), before) << "a refused or repeated command left a trace";
    return reply;
  }

  void Stock(BookId book, Quantity quantity) { Run(Restock{book, quantity, {}, {}}); }
  // Reserves and expects it to be granted.
  void Hold(OrderId order, std::vector<ReservedLine> lines);
  // Reserves, and moves the clock to the deadline.
  void HoldAndPass(OrderId order, std::vector<ReservedLine> lines);

  Balance ReadBook(BookId book);
  OrderFacts Order(OrderId order, bool want_movements = true);
  std::optional<LineState> LineOf(OrderId order, BookId book);
  std::optional<ReservationState> ReservationOf(OrderId order);
  MovementPage Log(const MovementQuery& query);
  // All of a book's movements, oldest first.
  std::vector<Movement> WholeLog(BookId book);
  std::string Everything() { return inventory::Everything(store()); }

  StockStore& store() { return *store_; }

  MovableClock clock_;
  RecordingObserver observer_;

 private:
  std::unique_ptr<TempFolder> folder_;
  std::unique_ptr<StockStore> store_;
};

// A line command's or a restock's reply.
MATCHER_P2(Is, outcome, available, "") {
  return arg.outcome == outcome && arg.available == available;
}

// The reply of a command on a reservation has this outcome and exactly these lines.
template <typename... Lines>
auto IsWith(Outcome outcome, Lines... lines) {
  return testing::AllOf(testing::Field(&Reply::outcome, outcome),
                        testing::Field(&Reply::lines, testing::ElementsAre(lines...)));
}

inline std::string StoreName(const testing::TestParamInfo<StoreUnderTest>& info) {
  return info.param.name;
}

// At the end of each file of tests.
#define FOR_EACH_STORE(Suite) \
  INSTANTIATE_TEST_SUITE_P(Stores, Suite, testing::ValuesIn(StoresUnderTest()), StoreName)

}  // namespace inventory
