// Restock and adjust: amounts, limits, request ids, expected stock.
#include "tests/conformance/conformance.h"

namespace inventory {
namespace {

constexpr BookId kBook = 1;
constexpr auto kMax = static_cast<Quantity>(kMaxStock);

class BookConformance : public ConformanceTest {};

Adjust By(Quantity difference, std::string request_id = {}) {
  return {kBook, false, difference, {}, std::move(request_id), {}};
}
Adjust To(Quantity stock, std::string request_id = {}) {
  return {kBook, true, stock, {}, std::move(request_id), {}};
}
Restock More(Quantity quantity, std::string request_id = {}) {
  return {kBook, quantity, std::move(request_id), {}};
}

// ---- restock ------------------------------------------------------------------------------------

TEST_P(BookConformance, RestockMakesABook) {
  EXPECT_THAT(Run(Restock{kBook, 100, {}, "首次入库"}), Is(Outcome::kRestocked, 100));
  EXPECT_EQ(ReadBook(kBook), (Balance{100, 0, 1}));
  const Movement movement = WholeLog(kBook).front();
  EXPECT_EQ(movement.type, ChangeType::kRestock);
  EXPECT_EQ(movement.order, 0u);
  EXPECT_EQ(movement.remark, "首次入库");
}

TEST_P(BookConformance, RestockWithoutARequestIdIsANewOneEachTime) {
  Run(More(100));
  EXPECT_THAT(Run(More(100)), Is(Outcome::kRestocked, 200));
}

TEST_P(BookConformance, RestockToTheLimitAndNotBeyond) {
  EXPECT_THAT(Run(More(kMax)), Is(Outcome::kRestocked, kMax));
  EXPECT_THAT(RunRefused(More(1, "r1"), Outcome::kStockLimit), Is(Outcome::kStockLimit, kMax));
  RunRefused(More(kMax), Outcome::kStockLimit);
  Run(By(-1));
  EXPECT_THAT(Run(More(1, "r1")), Is(Outcome::kRestocked, kMax)) << "the refusal left a trace";
}

TEST_P(BookConformance, RestockCountsWhatIsLockedTowardsTheLimit) {
  Run(More(10));
  Hold(1001, {{kBook, 10}});
  EXPECT_THAT(RunRefused(More(kMax - 9), Outcome::kStockLimit), Is(Outcome::kStockLimit, 0));
  EXPECT_THAT(Run(More(kMax - 10)), Is(Outcome::kRestocked, kMax - 10));
}

// ---- request ids --------------------------------------------------------------------------------

TEST_P(BookConformance, TheSameRestockAgain) {
  Run(Restock{kBook, 100, "r1", "一"});
  Run(Deduct{kBook, 1001, 30});
  EXPECT_THAT(RunRefused(Restock{kBook, 100, "r1", "另一个备注"}, Outcome::kDuplicateRequest),
              Is(Outcome::kDuplicateRequest, 70))
      << "a remark is a note, not content";
}

TEST_P(BookConformance, ARequestIdWithOtherContent) {
  Run(More(100, "r1"));
  EXPECT_THAT(RunRefused(More(101, "r1"), Outcome::kRequestIdReused),
              Is(Outcome::kRequestIdReused, 100));
}

TEST_P(BookConformance, ReusedWinsOverTheLimit) {
  Run(More(kMax, "r1"));
  RunRefused(More(kMax - 1, "r1"), Outcome::kRequestIdReused);
  RunRefused(More(kMax, "r1"), Outcome::kDuplicateRequest);
}

TEST_P(BookConformance, ARequestIdIsSharedByRestockAndAdjust) {
  Run(More(100, "r1"));
  RunRefused(By(100, "r1"), Outcome::kRequestIdReused);
  Run(By(5, "a1"));
  RunRefused(More(5, "a1"), Outcome::kRequestIdReused);
  RunRefused(By(5, "a1"), Outcome::kDuplicateRequest);
}

TEST_P(BookConformance, ARequestIdBelongsToItsBook) {
  Run(Restock{1, 100, "r1", {}});
  EXPECT_THAT(Run(Restock{2, 50, "r1", {}}), Is(Outcome::kRestocked, 50));
  EXPECT_THAT(Run(Restock{3, 100, "r1", {}}), Is(Outcome::kRestocked, 100));
}

TEST_P(BookConformance, RequestIdsAreComparedByteForByte) {
  Run(More(100, "r1"));
  EXPECT_THAT(Run(More(100, "R1")), Is(Outcome::kRestocked, 200));
  EXPECT_THAT(Run(More(100, "r1 ")), Is(Outcome::kRestocked, 300));
  EXPECT_THAT(Run(More(100, "r")), Is(Outcome::kRestocked, 400));
}

TEST_P(BookConformance, EveryPartOfAnAdjustmentIsContent) {
  Run(More(100));
  Run(Adjust{kBook, false, 5, 100, "a1", "盘点"});
  RunRefused(Adjust{kBook, false, 5, 100, "a1", "别的原因"}, Outcome::kDuplicateRequest);
  RunRefused(Adjust{kBook, false, 6, 100, "a1", {}}, Outcome::kRequestIdReused);
  RunRefused(Adjust{kBook, true, 5, 100, "a1", {}}, Outcome::kRequestIdReused);
  RunRefused(Adjust{kBook, false, 5, 105, "a1", {}}, Outcome::kRequestIdReused);
  RunRefused(Adjust{kBook, false, 5, {}, "a1", {}}, Outcome::kRequestIdReused);
  Run(By(7, "a2"));
  RunRefused(Adjust{kBook, false, 7, 0, "a2", {}}, Outcome::kRequestIdReused);
}

TEST_P(BookConformance, ADuplicateAdjustmentIsFoundBeforeItsExpectation) {
  Run(More(100));
  Run(Adjust{kBook, true, 90, 100, "a1", {}});
  RunRefused(Adjust{kBook, true, 90, 100, "a1", {}}, Outcome::kDuplicateRequest);
}

// ---- adjust -------------------------------------------------------------------------------------

TEST_P(BookConformance, AdjustByADifference) {
  Run(More(100));
  EXPECT_THAT(Run(Adjust{kBook, false, 20, {}, {}, "多出"}), Is(Outcome::kAdjusted, 120));
  EXPECT_THAT(Run(By(-50)), Is(Outcome::kAdjusted, 70));
  const std::vector<Movement> log = WholeLog(kBook);
  EXPECT_EQ(log[1].quantity, 20);
  EXPECT_EQ(log[1].remark, "多出");
  EXPECT_EQ(log[2].quantity, 50) << "never negative";
  EXPECT_EQ(log[2].before, 120);
  EXPECT_EQ(log[2].after, 70);
}

TEST_P(BookConformance, AdjustToZeroAndNotBelow) {
  Run(More(100));
  EXPECT_THAT(RunRefused(By(-101), Outcome::kInsufficientStock),
              Is(Outcome::kInsufficientStock, 100));
  RunRefused(By(std::numeric_limits<Quantity>::min()), Outcome::kInsufficientStock);
  EXPECT_THAT(Run(By(-100)), Is(Outcome::kAdjusted, 0));
  EXPECT_THAT(RunRefused(By(-1), Outcome::kInsufficientStock), Is(Outcome::kInsufficientStock, 0));
}

TEST_P(BookConformance, AdjustToANegativeFigureIsShort) {
  Run(More(100));
  RunRefused(To(-1), Outcome::kInsufficientStock);
}

TEST_P(BookConformance, AdjustDoesNotTakeWhatIsLocked) {
  Run(More(100));
  Hold(1001, {{kBook, 60}});
  RunRefused(By(-41), Outcome::kInsufficientStock);
  EXPECT_THAT(Run(By(-40)), Is(Outcome::kAdjusted, 0));
  EXPECT_EQ(ReadBook(kBook), (Balance{0, 60, 3}));
}

TEST_P(BookConformance, AdjustToAFigure) {
  Run(More(100));
  Hold(1001, {{kBook, 10}});
  EXPECT_THAT(Run(To(42)), Is(Outcome::kAdjusted, 42));
  EXPECT_EQ(ReadBook(kBook), (Balance{42, 10, 3}));
  EXPECT_EQ(WholeLog(kBook).back().quantity, 48);
}

TEST_P(BookConformance, AdjustToTheSameFigureIsAMovementOfNothing) {
  Run(More(100));
  EXPECT_THAT(Run(To(100, "a1")), Is(Outcome::kAdjusted, 100));
  const Movement movement = WholeLog(kBook).back();
  EXPECT_EQ(movement.sequence, 2u);
  EXPECT_EQ(movement.quantity, 0);
  EXPECT_EQ(movement.before, 100);
  EXPECT_EQ(movement.after, 100);
  Run(Deduct{kBook, 1001, 1});
  EXPECT_THAT(RunRefused(To(100, "a1"), Outcome::kDuplicateRequest),
              Is(Outcome::kDuplicateRequest, 99))
      << "a retry undid a sale";
}

TEST_P(BookConformance, AdjustPastTheLimit) {
  Run(More(100));
  Hold(1001, {{kBook, 10}});
  RunRefused(By(kMax), Outcome::kStockLimit);
  RunRefused(To(kMax - 9), Outcome::kStockLimit);
  RunRefused(To(kMax, "a1"), Outcome::kStockLimit);
  EXPECT_THAT(Run(To(kMax - 10, "a1")), Is(Outcome::kAdjusted, kMax - 10));
}

TEST_P(BookConformance, AdjustMakesABook) {
  EXPECT_THAT(Run(To(7)), Is(Outcome::kAdjusted, 7));
  EXPECT_EQ(ReadBook(kBook), (Balance{7, 0, 1}));
}

TEST_P(BookConformance, AdjustToZeroMakesABookToo) {
  EXPECT_THAT(Run(To(0)), Is(Outcome::kAdjusted, 0));
  const auto stock = ReadStock(store(), {kBook});
  ASSERT_OK(stock);
  EXPECT_TRUE(stock->front().known);
  EXPECT_EQ(stock->front().balance, (Balance{0, 0, 1}));
}

TEST_P(BookConformance, AdjustOfAnUnknownBookBelowZeroDoesNotMakeIt) {
  RunRefused(By(-1), Outcome::kInsufficientStock);
  const auto stock = ReadStock(store(), {kBook});
  ASSERT_OK(stock);
  EXPECT_FALSE(stock->front().known);
}

TEST_P(BookConformance, AdjustExpectingTheStockOfNow) {
  Run(More(100));
  EXPECT_THAT(RunRefused(Adjust{kBook, true, 90, 99, "a1", {}}, Outcome::kStockChanged),
              Is(Outcome::kStockChanged, 100));
  EXPECT_THAT(Run(Adjust{kBook, true, 90, 100, "a1", {}}), Is(Outcome::kAdjusted, 90));
}

TEST_P(BookConformance, TheExpectationIsOfWhatIsAvailable) {
  Run(More(100));
  Hold(1001, {{kBook, 10}});
  RunRefused(Adjust{kBook, false, 1, 100, {}, {}}, Outcome::kStockChanged);
  EXPECT_THAT(Run(Adjust{kBook, false, 1, 90, {}, {}}), Is(Outcome::kAdjusted, 91));
}

TEST_P(BookConformance, AnUnknownBookIsExpectedToHaveNone) {
  RunRefused(Adjust{kBook, true, 5, 1, {}, {}}, Outcome::kStockChanged);
  EXPECT_THAT(Run(Adjust{kBook, true, 5, 0, {}, {}}), Is(Outcome::kAdjusted, 5));
}

TEST_P(BookConformance, ChangedWinsOverShortAndLimit) {
  Run(More(100));
  RunRefused(Adjust{kBook, false, -101, 99, {}, {}}, Outcome::kStockChanged);
  RunRefused(Adjust{kBook, false, kMax, 99, {}, {}}, Outcome::kStockChanged);
}

FOR_EACH_STORE(BookConformance);

}  // namespace
}  // namespace inventory
