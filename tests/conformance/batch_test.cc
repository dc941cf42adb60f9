// Batches, the log they leave, and what observers are told.
#include <set>
#include <thread>

#include "tests/conformance/conformance.h"

namespace inventory {
namespace {

using testing::ElementsAre;

class BatchConformance : public ConformanceTest {};

std::vector<Outcome> Outcomes(const std::vector<Reply>& replies) {
  std::vector<Outcome> outcomes;
  for (const Reply& reply : replies) outcomes.push_back(reply.outcome);
  return outcomes;
}

TEST_P(BatchConformance, AnEmptyBatchIsAnswered) {
  const auto replies = Apply(store(), {});
  ASSERT_OK(replies);
  EXPECT_TRUE(replies->empty());
}

TEST_P(BatchConformance, CommandsAreDecidedInOrderEachSeeingTheOnesBefore) {
  const std::vector<Reply> replies = RunAll({
      {Deduct{1, 1001, 1}},
      {Restock{1, 3, {}, {}}},
      {Deduct{1, 1001, 2}},
      {Deduct{1, 1002, 2}},
      {Deduct{1, 1001, 2}},
      {Release{1, 1001, 0, {}}},
      {Deduct{1, 1002, 2}},
      {Deduct{1, 1001, 2}},
  });
  EXPECT_THAT(Outcomes(replies),
              ElementsAre(Outcome::kInsufficientStock, Outcome::kRestocked, Outcome::kDeducted,
                          Outcome::kInsufficientStock, Outcome::kDuplicateOrder, Outcome::kReleased,
                          Outcome::kDeducted, Outcome::kOrderReleased));
  EXPECT_EQ(ReadBook(1), (Balance{1, 0, 4}));
}

TEST_P(BatchConformance, OneOrdersReservationThroughItsWholeLifeInOneBatch) {
  Stock(1, 100);
  const std::vector<Reply> replies = RunAll({
      {Reserve{1001, {{1, 5}}, kTtl}},
      {Reserve{1001, {{1, 5}}, kTtl}},
      {Confirm{1001}},
      {Confirm{1001}},
      {Release{1, 1001, 5, {}}},
      {Confirm{1001}},
      {Release{1, 1001, 5, {}}},
  });
  EXPECT_THAT(Outcomes(replies),
              ElementsAre(Outcome::kReserved, Outcome::kDuplicateOrder, Outcome::kConfirmed,
                          Outcome::kDuplicateOrder, Outcome::kReleased, Outcome::kOrderReleased,
                          Outcome::kDuplicateRelease));
  EXPECT_EQ(ReadBook(1), (Balance{100, 0, 4}));
}

TEST_P(BatchConformance, TombstonesAndRememberedCancelsCountWithinTheBatch) {
  Stock(1, 100);
  EXPECT_THAT(Outcomes(RunAll({
                  {Release{1, 1001, 0, {}}},
                  {Deduct{1, 1001, 1}},
                  {Cancel{1002, {}}},
                  {Reserve{1002, {{1, 1}}, kTtl}},
                  {Cancel{1002, {}}},
              })),
              ElementsAre(Outcome::kNothingToRelease, Outcome::kOrderReleased,
                          Outcome::kReservationNotFound, Outcome::kOrderReleased,
                          Outcome::kReservationNotFound));
}

TEST_P(BatchConformance, ADueExpiryHappensOnceInABatch) {
  Stock(1, 10);
  HoldAndPass(1001, {{1, 10}});
  EXPECT_THAT(Outcomes(RunAll({
                  {Deduct{1, 1002, 1}},
                  {Expire{1001}},
                  {Deduct{1, 1002, 1}},
                  {Confirm{1001}},
                  {Expire{1001}},
              })),
              ElementsAre(Outcome::kInsufficientStock, Outcome::kOk, Outcome::kDeducted,
                          Outcome::kReservationExpired, Outcome::kOk));
  EXPECT_EQ(ReadBook(1), (Balance{9, 0, 4}));
}

TEST_P(BatchConformance, RequestIdsCountWithinTheBatch) {
  EXPECT_THAT(
      Outcomes(RunAll({
          {Restock{1, 5, "r1", {}}},
          {Restock{1, 5, "r1", {}}},
          {Restock{1, 6, "r1", {}}},
      })),
      ElementsAre(Outcome::kRestocked, Outcome::kDuplicateRequest, Outcome::kRequestIdReused));
}

TEST_P(BatchConformance, ALargeBatchIsAnsweredInOrder) {
  Stock(1, 1'000);
  std::vector<Command> batch;
  for (OrderId order = 1; order <= 1'100; ++order) batch.push_back({Deduct{1, order, 1}});
  const std::vector<Reply> replies = RunAll(std::move(batch));
  for (std::size_t i = 0; i < replies.size(); ++i) {
    if (i < 1'000) {
      ASSERT_THAT(replies[i], Is(Outcome::kDeducted, static_cast<Quantity>(999 - i)));
    } else {
      ASSERT_THAT(replies[i], Is(Outcome::kInsufficientStock, 0));
    }
  }
}

TEST_P(BatchConformance, BatchesAreDecidedInTheOrderOfTheCalls) {
  Stock(1, 1);
  StoreAnswer<std::vector<Reply>> first;
  StoreAnswer<std::vector<Reply>> second;
  store().Apply({{Deduct{1, 1001, 1}}}, first.callback());
  store().Apply({{Deduct{1, 1002, 1}}}, second.callback());
  const auto second_replies = second.Wait();
  const auto first_replies = first.Wait();
  ASSERT_OK(first_replies);
  ASSERT_OK(second_replies);
  EXPECT_EQ(first_replies->front().outcome, Outcome::kDeducted);
  EXPECT_EQ(second_replies->front().outcome, Outcome::kInsufficientStock);
}

// So many commands that a store may have several of these batches under way.
TEST_P(BatchConformance, LargeBatchesAtOnceSellEachUnitOnceAndEachOfThemInOrder) {
  constexpr int kBatches = 8;
  constexpr int kEach = 300;
  Stock(1, 2'000);
  std::vector<StoreAnswer<std::vector<Reply>>> answers(kBatches);
  OrderId order = 0;
  for (auto& answer : answers) {
    std::vector<Command> batch;
    for (int i = 0; i < kEach; ++i) batch.push_back({Deduct{1, ++order, 1}});
    store().Apply(std::move(batch), answer.callback());
  }
  std::set<Quantity> left;
  for (auto& answer : answers) {
    const auto replies = answer.Wait();
    ASSERT_OK(replies);
    Quantity before = 2'000;
    for (const Reply& reply : *replies) {
      if (reply.outcome != Outcome::kDeducted) {
        ASSERT_THAT(reply, Is(Outcome::kInsufficientStock, 0));
        continue;
      }
      ASSERT_LT(reply.available, before);
      before = reply.available;
      ASSERT_TRUE(left.insert(before).second) << "twice: " << before;
    }
  }
  EXPECT_EQ(left.size(), 2'000u);
  EXPECT_EQ(ReadBook(1), (Balance{0, 0, 2'001}));
}

TEST_P(BatchConformance, ConcurrentCallersNeverOversell) {
  constexpr int kThreads = 4;
  constexpr int kEach = 50;
  Stock(1, 100);
  std::atomic<int> sold = 0;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < kEach; ++i) {
        const auto order = static_cast<OrderId>(1 + thread * kEach + i);
        const auto replies = Apply(store(), {{Deduct{1, order, 1}}});
        if (replies.ok() && replies->front().outcome == Outcome::kDeducted) ++sold;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(sold, 100);
  EXPECT_EQ(ReadBook(1), (Balance{0, 0, 101}));
}

// ---- the log ------------------------------------------------------------------------------------

TEST_P(BatchConformance, EachMovementTellsWhatItDid) {
  const auto clerk = std::make_shared<const std::string>("仓库甲");
  const TimeMs start = clock_.Now();
  RunAll({{Restock{1, 100, "r1", "到货"}, clerk}});
  clock_.Advance(10);
  RunAll({{Reserve{1001, {{1, 5}}, kTtl}}, {Deduct{1, 1002, 3}, clerk}});
  clock_.Advance(10);
  RunAll({{Confirm{1001}}, {Adjust{1, false, -2, {}, "a1", "破损"}}});

  std::vector<Movement> log = WholeLog(1);
  for (std::size_t i = 1; i < log.size(); ++i) EXPECT_GT(log[i].id, log[i - 1].id);
  for (Movement& movement : log) movement.id = 0;
  EXPECT_THAT(
      log,
      ElementsAre(
          Movement{0, 1, 1, ChangeType::kRestock, 100, 0, 100, 0, 0, start, "r1", "到货", "仓库甲"},
          Movement{0, 1, 2, ChangeType::kReserve, 5, 100, 95, 5, 1001, start + 10, {}, {}, {}},
          Movement{0, 1, 3, ChangeType::kDeduct, 3, 95, 92, 5, 1002, start + 10, {}, {}, "仓库甲"},
          Movement{0, 1, 4, ChangeType::kConfirm, 5, 92, 92, 0, 1001, start + 20, {}, {}, {}},
          Movement{0, 1, 5, ChangeType::kAdjust, 2, 92, 90, 0, 0, start + 20, "a1", "破损", {}}));
}

TEST_P(BatchConformance, EveryBooksLogIsAChainWithoutAGap) {
  Stock(1, 100);
  Stock(2, 100);
  RunAll({{Deduct{1, 1001, 1}}, {Deduct{2, 1001, 2}}, {Deduct{1, 1002, 200}}});
  RunAll({{Reserve{1003, {{2, 3}, {1, 4}}, kTtl}}, {Release{1, 1001, 0, {}}}, {Cancel{1003, {}}}});
  for (const BookId book : {1, 2}) {
    Quantity available = 0;
    std::uint64_t sequence = 0;
    for (const Movement& movement : WholeLog(book)) {
      EXPECT_EQ(movement.book, book);
      EXPECT_EQ(movement.sequence, ++sequence);
      EXPECT_EQ(movement.before, available);
      available = movement.after;
    }
    const Balance now = ReadBook(book);
    EXPECT_EQ(now.available, available);
    EXPECT_EQ(now.sequence, sequence);
  }
}

// ---- observers ----------------------------------------------------------------------------------

MATCHER_P5(Changed, book, before, available, locked, sequence, "") {
  return arg.book == static_cast<BookId>(book) && arg.available_before == before &&
         arg.balance == Balance{available, locked, static_cast<std::uint64_t>(sequence)};
}

TEST_P(BatchConformance, TheObserverIsToldOfEveryMovementInOrder) {
  Stock(1, 100);
  Stock(2, 50);
  EXPECT_THAT(observer_.Take(), ElementsAre(Changed(1, 0, 100, 0, 1), Changed(2, 0, 50, 0, 1)));
  RunAll({{Deduct{1, 1001, 1}}, {Reserve{1002, {{2, 10}, {1, 5}}, kTtl}}, {Confirm{1002}}});
  EXPECT_THAT(observer_.Take(), ElementsAre(Changed(1, 100, 99, 0, 2), Changed(2, 50, 40, 10, 2),
                                            Changed(1, 99, 94, 5, 3), Changed(2, 40, 40, 0, 3),
                                            Changed(1, 94, 94, 0, 4)));
}

TEST_P(BatchConformance, TheObserverHearsNothingOfRefusalsAndDuplicates) {
  Stock(1, 100);
  Run(Deduct{1, 1001, 1});
  observer_.Take();
  Run(Deduct{1, 1001, 1});
  Run(Deduct{1, 1002, 100});
  Run(Release{1, 1003, 0, {}});
  Run(Cancel{1004, {}});
  EXPECT_TRUE(observer_.Take().empty());
}

TEST_P(BatchConformance, TheObserverIsToldOfADueExpiry) {
  Stock(1, 100);
  HoldAndPass(1001, {{1, 5}});
  observer_.Take();
  Run(Confirm{1001});
  EXPECT_THAT(observer_.Take(), ElementsAre(Changed(1, 95, 100, 0, 3)));
}

// ---- closing ------------------------------------------------------------------------------------

TEST_P(BatchConformance, AClosedStoreRefusesAndCanBeClosedAgain) {
  Stock(1, 100);
  ASSERT_OK(store().Close());
  EXPECT_THAT(Apply(store(), {{Deduct{1, 1001, 1}}}), StatusIs(absl::StatusCode::kUnavailable, ""));
  EXPECT_THAT(store().Status().health, StatusIs(absl::StatusCode::kUnavailable, ""));
  EXPECT_OK(store().Close());
}

FOR_EACH_STORE(BatchConformance);

}  // namespace
}  // namespace inventory
