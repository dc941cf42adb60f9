// The table of order lines: deduct and release against every state a line can be in.
#include "tests/conformance/conformance.h"

namespace inventory {
namespace {

using testing::Optional;

constexpr OrderId kOrder = 1001;
constexpr BookId kBook = 1;
constexpr Quantity kHeld = 5;

class LineConformance : public ConformanceTest {
 protected:
  // Each leaves book 1 with 100 in all, and the line (1001, 1) of quantity 5 in one column.
  void None() { Stock(kBook, 100); }
  void Reserved() {
    Stock(kBook, 100);
    Hold(kOrder, {{kBook, kHeld}});
  }
  void ReservedBesideAnother() {
    Stock(kBook, 100);
    Stock(2, 100);
    Hold(kOrder, {{kBook, kHeld}, {2, 7}});
  }
  void SoldByDeduct() {
    Stock(kBook, 100);
    EXPECT_THAT(Run(Deduct{kBook, kOrder, kHeld}), Is(Outcome::kDeducted, 95));
  }
  void SoldByConfirm() {
    Reserved();
    EXPECT_EQ(Run(Confirm{kOrder}).outcome, Outcome::kConfirmed);
  }
  void Returned() {
    SoldByDeduct();
    EXPECT_THAT(Run(Release{kBook, kOrder, kHeld, {}}), Is(Outcome::kReleased, 100));
  }
  void ReturnedByCancel() {
    Reserved();
    EXPECT_EQ(Run(Cancel{kOrder, {}}).outcome, Outcome::kCancelled);
  }
  void Expired() {
    Reserved();
    clock_.Advance(kTtl);
    Run(Expire{kOrder});
  }
  void Tombstone() {
    Stock(kBook, 100);
    EXPECT_THAT(Run(Release{kBook, kOrder, 0, {}}), Is(Outcome::kNothingToRelease, 100));
  }
};

// ---- deduct n -----------------------------------------------------------------------------------

TEST_P(LineConformance, DeductOfNone) {
  None();
  EXPECT_THAT(Run(Deduct{kBook, kOrder, kHeld}), Is(Outcome::kDeducted, 95));
  EXPECT_THAT(LineOf(kOrder, kBook), Optional(LineState::kSoldByDeduct));
  EXPECT_EQ(ReadBook(kBook), (Balance{95, 0, 2}));
}

TEST_P(LineConformance, DeductToTheLastUnitAndNotBeyond) {
  Stock(kBook, 5);
  EXPECT_THAT(RunRefused(Deduct{kBook, kOrder, 6}, Outcome::kInsufficientStock),
              Is(Outcome::kInsufficientStock, 5));
  EXPECT_THAT(Run(Deduct{kBook, kOrder, 5}), Is(Outcome::kDeducted, 0));
  EXPECT_THAT(RunRefused(Deduct{kBook, 1002, 1}, Outcome::kInsufficientStock),
              Is(Outcome::kInsufficientStock, 0));
}

TEST_P(LineConformance, DeductRefusedAsShortLeavesTheOrderFree) {
  Stock(kBook, 5);
  RunRefused(Deduct{kBook, kOrder, 6}, Outcome::kInsufficientStock);
  Stock(kBook, 5);
  EXPECT_THAT(Run(Deduct{kBook, kOrder, 6}), Is(Outcome::kDeducted, 4));
}

TEST_P(LineConformance, DeductRefusedAsShortMayComeBackWithAnotherQuantity) {
  Stock(kBook, 5);
  RunRefused(Deduct{kBook, kOrder, 6}, Outcome::kInsufficientStock);
  EXPECT_THAT(Run(Deduct{kBook, kOrder, 5}), Is(Outcome::kDeducted, 0));
}

TEST_P(LineConformance, DeductOfAnUnknownBookIsShortAndDoesNotMakeIt) {
  EXPECT_THAT(RunRefused(Deduct{7, kOrder, 1}, Outcome::kInsufficientStock),
              Is(Outcome::kInsufficientStock, 0));
  const auto stock = ReadStock(store(), {7});
  ASSERT_OK(stock);
  EXPECT_FALSE(stock->front().known);
}

TEST_P(LineConformance, DeductDoesNotTakeWhatIsLocked) {
  Stock(kBook, 10);
  Hold(kOrder, {{kBook, 6}});
  RunRefused(Deduct{kBook, 1002, 5}, Outcome::kInsufficientStock);
  EXPECT_THAT(Run(Deduct{kBook, 1002, 4}), Is(Outcome::kDeducted, 0));
}

TEST_P(LineConformance, DeductOfReserved) {
  Reserved();
  EXPECT_THAT(RunRefused(Deduct{kBook, kOrder, kHeld}, Outcome::kOrderConflict),
              Is(Outcome::kOrderConflict, 95));
  RunRefused(Deduct{kBook, kOrder, 1}, Outcome::kOrderConflict);
}

TEST_P(LineConformance, DeductOfSoldByDeduct) {
  SoldByDeduct();
  EXPECT_THAT(RunRefused(Deduct{kBook, kOrder, kHeld}, Outcome::kDuplicateOrder),
              Is(Outcome::kDuplicateOrder, 95));
  EXPECT_THAT(RunRefused(Deduct{kBook, kOrder, 6}, Outcome::kOrderConflict),
              Is(Outcome::kOrderConflict, 95));
}

TEST_P(LineConformance, DeductOfSoldByConfirm) {
  SoldByConfirm();
  RunRefused(Deduct{kBook, kOrder, kHeld}, Outcome::kOrderConflict);
  RunRefused(Deduct{kBook, kOrder, 6}, Outcome::kOrderConflict);
}

TEST_P(LineConformance, DeductOfReturned) {
  Returned();
  EXPECT_THAT(RunRefused(Deduct{kBook, kOrder, kHeld}, Outcome::kOrderReleased),
              Is(Outcome::kOrderReleased, 100));
  RunRefused(Deduct{kBook, kOrder, 6}, Outcome::kOrderReleased);
}

TEST_P(LineConformance, DeductOfReturnedByCancel) {
  ReturnedByCancel();
  RunRefused(Deduct{kBook, kOrder, kHeld}, Outcome::kOrderReleased);
}

TEST_P(LineConformance, DeductOfExpired) {
  Expired();
  RunRefused(Deduct{kBook, kOrder, kHeld}, Outcome::kOrderReleased);
}

TEST_P(LineConformance, DeductOfTombstone) {
  Tombstone();
  EXPECT_THAT(RunRefused(Deduct{kBook, kOrder, kHeld}, Outcome::kOrderReleased),
              Is(Outcome::kOrderReleased, 100));
}

TEST_P(LineConformance, ReleasedWinsOverShort) {
  Returned();
  Run(Adjust{kBook, true, 0, {}, {}, {}});
  RunRefused(Deduct{kBook, kOrder, kHeld}, Outcome::kOrderReleased);
}

TEST_P(LineConformance, DuplicateGivesTheFigureOfNow) {
  SoldByDeduct();
  Run(Deduct{kBook, 1002, 10});
  EXPECT_THAT(Run(Deduct{kBook, kOrder, kHeld}), Is(Outcome::kDuplicateOrder, 85));
}

TEST_P(LineConformance, LinesOfOneOrderOnTwoBooksAreIndependent) {
  SoldByDeduct();
  Stock(2, 3);
  EXPECT_THAT(Run(Deduct{2, kOrder, 3}), Is(Outcome::kDeducted, 0));
  EXPECT_THAT(Run(Release{kBook, kOrder, 0, {}}), Is(Outcome::kReleased, 100));
  EXPECT_THAT(RunRefused(Deduct{2, kOrder, 3}, Outcome::kDuplicateOrder),
              Is(Outcome::kDuplicateOrder, 0));
}

// ---- release n ----------------------------------------------------------------------------------

TEST_P(LineConformance, ReleaseOfNoneLeavesATombstoneWhateverTheQuantity) {
  for (const Quantity quantity : {0, kHeld}) {
    Fresh();
    None();
    EXPECT_THAT(RunRefused(Release{kBook, kOrder, quantity, {}}, Outcome::kNothingToRelease),
                Is(Outcome::kNothingToRelease, 100));
    RunRefused(Deduct{kBook, kOrder, kHeld}, Outcome::kOrderReleased);
    EXPECT_EQ(LineOf(kOrder, kBook), std::nullopt) << "a tombstone is no line";
  }
}

TEST_P(LineConformance, ReleaseOfAnUnknownBookLeavesATombstone) {
  RunRefused(Release{7, kOrder, 1, {}}, Outcome::kNothingToRelease);
  Stock(7, 10);
  RunRefused(Deduct{7, kOrder, 1}, Outcome::kOrderReleased);
}

TEST_P(LineConformance, ReleaseOfReservedTheOnlyLine) {
  for (const Quantity quantity : {0, kHeld}) {
    Fresh();
    Reserved();
    EXPECT_THAT(Run(Release{kBook, kOrder, quantity, {}}), Is(Outcome::kReleased, 100));
    EXPECT_EQ(ReadBook(kBook), (Balance{100, 0, 3}));
    EXPECT_THAT(LineOf(kOrder, kBook), Optional(LineState::kReturned));
    EXPECT_THAT(ReservationOf(kOrder), Optional(ReservationState::kCancelled));
    EXPECT_EQ(WholeLog(kBook).back().type, ChangeType::kRelease);
  }
}

TEST_P(LineConformance, ReleaseOfReservedEndsItsReservationAsCancelled) {
  Reserved();
  Run(Release{kBook, kOrder, 0, {}});
  RunRefused(Confirm{kOrder}, Outcome::kOrderReleased);
  RunRefused(Cancel{kOrder, {}}, Outcome::kDuplicateRelease);
  RunRefused(Reserve{kOrder, {{kBook, kHeld}}, kTtl}, Outcome::kOrderReleased);
}

TEST_P(LineConformance, ReleaseOfReservedWithAnotherQuantity) {
  Reserved();
  EXPECT_THAT(RunRefused(Release{kBook, kOrder, 4, {}}, Outcome::kOrderConflict),
              Is(Outcome::kOrderConflict, 95));
}

TEST_P(LineConformance, ReleaseOfReservedBesideAnother) {
  ReservedBesideAnother();
  RunRefused(Release{kBook, kOrder, kHeld, {}}, Outcome::kOrderConflict);
  RunRefused(Release{kBook, kOrder, 0, {}}, Outcome::kOrderConflict);
  EXPECT_THAT(ReservationOf(kOrder), Optional(ReservationState::kReserved));
}

TEST_P(LineConformance, ReleaseOfSoldByDeduct) {
  for (const Quantity quantity : {0, kHeld}) {
    Fresh();
    SoldByDeduct();
    EXPECT_THAT(Run(Release{kBook, kOrder, quantity, {}}), Is(Outcome::kReleased, 100));
    const OrderFacts facts = Order(kOrder);
    ASSERT_EQ(facts.lines.size(), 1u);
    EXPECT_EQ(facts.lines[0].line, (OrderLine{LineState::kReturned, kHeld, kHeld}));
  }
}

TEST_P(LineConformance, ReleaseOfSoldWithAnotherQuantity) {
  SoldByDeduct();
  EXPECT_THAT(RunRefused(Release{kBook, kOrder, 4, {}}, Outcome::kOrderConflict),
              Is(Outcome::kOrderConflict, 95));
  RunRefused(Release{kBook, kOrder, 500, {}}, Outcome::kOrderConflict);
}

TEST_P(LineConformance, ReleaseOfSoldByConfirm) {
  for (const Quantity quantity : {0, kHeld}) {
    Fresh();
    SoldByConfirm();
    EXPECT_THAT(Run(Release{kBook, kOrder, quantity, {}}), Is(Outcome::kReleased, 100));
    EXPECT_EQ(ReadBook(kBook), (Balance{100, 0, 4}));
    EXPECT_THAT(ReservationOf(kOrder), Optional(ReservationState::kConfirmed));
  }
  Fresh();
  SoldByConfirm();
  RunRefused(Release{kBook, kOrder, 4, {}}, Outcome::kOrderConflict);
}

TEST_P(LineConformance, ReleaseOfReturned) {
  Returned();
  EXPECT_THAT(RunRefused(Release{kBook, kOrder, kHeld, {}}, Outcome::kDuplicateRelease),
              Is(Outcome::kDuplicateRelease, 100));
  RunRefused(Release{kBook, kOrder, 0, {}}, Outcome::kDuplicateRelease);
  RunRefused(Release{kBook, kOrder, 4, {}}, Outcome::kOrderConflict);
}

TEST_P(LineConformance, ReleaseOfReturnedByCancel) {
  ReturnedByCancel();
  RunRefused(Release{kBook, kOrder, kHeld, {}}, Outcome::kDuplicateRelease);
  RunRefused(Release{kBook, kOrder, 0, {}}, Outcome::kDuplicateRelease);
  RunRefused(Release{kBook, kOrder, 4, {}}, Outcome::kOrderConflict);
}

TEST_P(LineConformance, ReleaseOfExpired) {
  Expired();
  RunRefused(Release{kBook, kOrder, kHeld, {}}, Outcome::kDuplicateRelease);
  RunRefused(Release{kBook, kOrder, 0, {}}, Outcome::kDuplicateRelease);
  RunRefused(Release{kBook, kOrder, 4, {}}, Outcome::kOrderConflict);
}

TEST_P(LineConformance, ReleaseOfTombstone) {
  Tombstone();
  RunRefused(Release{kBook, kOrder, 0, {}}, Outcome::kNothingToRelease);
  RunRefused(Release{kBook, kOrder, kHeld, {}}, Outcome::kNothingToRelease);
}

TEST_P(LineConformance, ReleaseOfSoldPastTheLimitLeavesNoTrace) {
  SoldByDeduct();
  Run(Adjust{kBook, true, static_cast<Quantity>(kMaxStock), {}, {}, {}});
  EXPECT_THAT(RunRefused(Release{kBook, kOrder, kHeld, {}}, Outcome::kStockLimit),
              Is(Outcome::kStockLimit, static_cast<Quantity>(kMaxStock)));
  Run(Adjust{kBook, false, -kHeld, {}, {}, {}});
  EXPECT_THAT(Run(Release{kBook, kOrder, kHeld, {}}),
              Is(Outcome::kReleased, static_cast<Quantity>(kMaxStock)));
}

TEST_P(LineConformance, ReleaseCountsWhatIsLockedTowardsTheLimit) {
  SoldByDeduct();
  Hold(1002, {{kBook, 10}});
  Run(Adjust{kBook, true, static_cast<Quantity>(kMaxStock) - 10, {}, {}, {}});
  RunRefused(Release{kBook, kOrder, kHeld, {}}, Outcome::kStockLimit);
}

TEST_P(LineConformance, AConflictingQuantityWinsOverTheLimit) {
  SoldByDeduct();
  Run(Adjust{kBook, true, static_cast<Quantity>(kMaxStock), {}, {}, {}});
  RunRefused(Release{kBook, kOrder, 4, {}}, Outcome::kOrderConflict);
}

TEST_P(LineConformance, ReleaseOfReservedIsNeverPastTheLimit) {
  Reserved();
  Run(Adjust{kBook, true, static_cast<Quantity>(kMaxStock) - kHeld, {}, {}, {}});
  EXPECT_THAT(Run(Release{kBook, kOrder, 0, {}}),
              Is(Outcome::kReleased, static_cast<Quantity>(kMaxStock)));
}

TEST_P(LineConformance, TheReasonIsInTheLog) {
  SoldByDeduct();
  Run(Release{kBook, kOrder, 0, "客户取消"});
  EXPECT_EQ(WholeLog(kBook).back().remark, "客户取消");
}

FOR_EACH_STORE(LineConformance);

}  // namespace
}  // namespace inventory
