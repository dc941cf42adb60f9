// The table of reservations: reserve, confirm, cancel and expire against every state.
#include "tests/conformance/conformance.h"

namespace inventory {
namespace {

using testing::Optional;

constexpr OrderId kOrder = 1001;
constexpr auto kMax = static_cast<Quantity>(kMaxStock);

class ReservationConformance : public ConformanceTest {
 protected:
  // Each gives books 1 and 2 100 in all, and order 1001 a reservation of 5 and 7 in one column.
  void None() {
    Stock(1, 100);
    Stock(2, 100);
  }
  void Reserved() {
    None();
    Hold(kOrder, kLines);
  }
  void Confirmed() {
    Reserved();
    EXPECT_EQ(Run(Confirm{kOrder}).outcome, Outcome::kConfirmed);
  }
  void Cancelled() {
    Reserved();
    EXPECT_EQ(Run(Cancel{kOrder, {}}).outcome, Outcome::kCancelled);
  }
  void Remembered() {
    None();
    EXPECT_EQ(Run(Cancel{kOrder, {}}).outcome, Outcome::kReservationNotFound);
  }
  void Expired() {
    Reserved();
    clock_.Advance(kTtl);
    Run(Expire{kOrder});
  }

  const std::vector<ReservedLine> kLines = {{1, 5}, {2, 7}};
};

LineReply Line(BookId book, Outcome outcome, Quantity available) {
  return {book, outcome, available};
}

// ---- reserve ------------------------------------------------------------------------------------

TEST_P(ReservationConformance, ReserveOfNone) {
  None();
  const TimeMs now = clock_.Now();
  const Reply reply = Run(Reserve{kOrder, kLines, kTtl});
  EXPECT_THAT(reply, IsWith(Outcome::kReserved, Line(1, Outcome::kReserved, 95),
                            Line(2, Outcome::kReserved, 93)));
  EXPECT_EQ(reply.deadline, now + kTtl);
  EXPECT_EQ(ReadBook(1), (Balance{95, 5, 2}));
  EXPECT_EQ(ReadBook(2), (Balance{93, 7, 2}));

  const OrderFacts facts = Order(kOrder);
  ASSERT_TRUE(facts.reservation);
  EXPECT_EQ(*facts.reservation,
            (Reservation{ReservationState::kReserved, now + kTtl, false, kLines}));
  ASSERT_EQ(facts.lines.size(), 2u);
  EXPECT_EQ(facts.lines[0], (OrderFacts::Line{1, {LineState::kReserved, 5, 0}}));
  EXPECT_EQ(facts.lines[1], (OrderFacts::Line{2, {LineState::kReserved, 7, 0}}));
}

TEST_P(ReservationConformance, ReserveToTheLastUnit) {
  Stock(1, 5);
  Hold(kOrder, {{1, 5}});
  EXPECT_EQ(ReadBook(1), (Balance{0, 5, 2}));
}

TEST_P(ReservationConformance, ReserveOneShortTakesNothingOfTheOthers) {
  None();
  EXPECT_THAT(RunRefused(Reserve{kOrder, {{1, 5}, {2, 101}}, kTtl}, Outcome::kInsufficientStock),
              IsWith(Outcome::kInsufficientStock, Line(1, Outcome::kReserved, 100),
                     Line(2, Outcome::kInsufficientStock, 100)));
}

TEST_P(ReservationConformance, ReserveRefusedLeavesTheOrderFree) {
  None();
  RunRefused(Reserve{kOrder, {{2, 101}}, kTtl}, Outcome::kInsufficientStock);
  RunRefused(Confirm{kOrder}, Outcome::kReservationNotFound);
  Stock(2, 1);
  EXPECT_THAT(Run(Reserve{kOrder, {{2, 101}}, kTtl}),
              IsWith(Outcome::kReserved, Line(2, Outcome::kReserved, 0)));
}

TEST_P(ReservationConformance, ReserveOfAnUnknownBookIsShort) {
  None();
  EXPECT_THAT(RunRefused(Reserve{kOrder, {{7, 1}}, kTtl}, Outcome::kInsufficientStock),
              IsWith(Outcome::kInsufficientStock, Line(7, Outcome::kInsufficientStock, 0)));
}

TEST_P(ReservationConformance, LinesOfOneBookAreAddedUpInTheOrderFirstNamed) {
  None();
  EXPECT_THAT(
      Run(Reserve{kOrder, {{2, 3}, {1, 5}, {2, 4}}, kTtl}),
      IsWith(Outcome::kReserved, Line(2, Outcome::kReserved, 93), Line(1, Outcome::kReserved, 95)));
  EXPECT_EQ(Order(kOrder).reservation->lines, (std::vector<ReservedLine>{{2, 7}, {1, 5}}));
  EXPECT_EQ(ReadBook(2).sequence, 2u) << "one movement a book";
}

TEST_P(ReservationConformance, AddedUpLinesAreComparedAddedUp) {
  Reserved();
  RunRefused(Reserve{kOrder, {{2, 4}, {1, 5}, {2, 3}}, kTtl}, Outcome::kDuplicateOrder);
}

TEST_P(ReservationConformance, LinesThatAddUpToMoreThanThereIsAreShort) {
  None();
  EXPECT_THAT(RunRefused(Reserve{kOrder, {{1, 60}, {1, 41}}, kTtl}, Outcome::kInsufficientStock),
              IsWith(Outcome::kInsufficientStock, Line(1, Outcome::kInsufficientStock, 100)));
}

TEST_P(ReservationConformance, ASumPastTheLargestQuantityIsShortOfEvenAFullBook) {
  Stock(1, kMax);
  EXPECT_THAT(RunRefused(Reserve{kOrder, {{1, kMax}, {1, 1}}, kTtl}, Outcome::kInsufficientStock),
              IsWith(Outcome::kInsufficientStock, Line(1, Outcome::kInsufficientStock, kMax)));
  RunRefused(Reserve{kOrder, {{1, kMax}, {1, kMax}, {1, kMax}}, kTtl}, Outcome::kInsufficientStock);
  Hold(kOrder, {{1, kMax}});
  RunRefused(Reserve{kOrder, {{1, kMax}, {1, 1}}, kTtl}, Outcome::kOrderConflict);
}

TEST_P(ReservationConformance, EachLineCarriesItsOwnCodeAndTheFirstInTheOrderOfChecksWins) {
  None();
  Stock(3, 100);
  Stock(4, 100);
  Run(Deduct{2, kOrder, 1});       // sold
  Run(Release{3, kOrder, 0, {}});  // tombstone
  EXPECT_THAT(RunRefused(Reserve{kOrder, {{4, 101}, {1, 5}, {2, 7}, {3, 1}}, kTtl},
                         Outcome::kOrderReleased),
              IsWith(Outcome::kOrderReleased, Line(4, Outcome::kInsufficientStock, 100),
                     Line(1, Outcome::kReserved, 100), Line(2, Outcome::kOrderConflict, 99),
                     Line(3, Outcome::kOrderReleased, 100)));
  EXPECT_THAT(
      RunRefused(Reserve{kOrder, {{4, 101}, {1, 5}, {2, 7}}, kTtl}, Outcome::kOrderConflict),
      IsWith(Outcome::kOrderConflict, Line(4, Outcome::kInsufficientStock, 100),
             Line(1, Outcome::kReserved, 100), Line(2, Outcome::kOrderConflict, 99)));
}

TEST_P(ReservationConformance, ReserveOfALineReleasedAfterADeduct) {
  None();
  Run(Deduct{1, kOrder, 5});
  Run(Release{1, kOrder, 0, {}});
  RunRefused(Reserve{kOrder, {{1, 5}}, kTtl}, Outcome::kOrderReleased);
}

TEST_P(ReservationConformance, ReserveBesideALineThatWasDeductedBefore) {
  None();
  Run(Deduct{1, kOrder, 5});
  EXPECT_EQ(Run(Reserve{kOrder, {{2, 7}}, kTtl}).outcome, Outcome::kReserved);
  EXPECT_THAT(Run(Release{1, kOrder, 5, {}}), Is(Outcome::kReleased, 100));
  EXPECT_THAT(ReservationOf(kOrder), Optional(ReservationState::kReserved));
}

TEST_P(ReservationConformance, ReserveOfReserved) {
  Reserved();
  const TimeMs deadline = Order(kOrder).reservation->deadline;
  clock_.Advance(1'000);
  // Another order of the lines and another ttl are the same lines.
  const Reply again =
      RunRefused(Reserve{kOrder, {{2, 7}, {1, 5}}, 2 * kTtl}, Outcome::kDuplicateOrder);
  EXPECT_EQ(again.deadline, deadline);
  EXPECT_THAT(again, IsWith(Outcome::kDuplicateOrder, Line(2, Outcome::kDuplicateOrder, 93),
                            Line(1, Outcome::kDuplicateOrder, 95)));

  RunRefused(Reserve{kOrder, {{1, 5}}, kTtl}, Outcome::kOrderConflict);
  RunRefused(Reserve{kOrder, {{1, 5}, {2, 8}}, kTtl}, Outcome::kOrderConflict);
  RunRefused(Reserve{kOrder, {{1, 5}, {2, 7}, {3, 1}}, kTtl}, Outcome::kOrderConflict);
  RunRefused(Reserve{kOrder, {{1, 5}, {3, 7}}, kTtl}, Outcome::kOrderConflict);
}

TEST_P(ReservationConformance, ReserveOfConfirmed) {
  Confirmed();
  RunRefused(Reserve{kOrder, kLines, kTtl}, Outcome::kOrderConflict);
}

TEST_P(ReservationConformance, ReserveOfCancelled) {
  Cancelled();
  RunRefused(Reserve{kOrder, kLines, kTtl}, Outcome::kOrderReleased);
  RunRefused(Reserve{kOrder, {{3, 1}}, kTtl}, Outcome::kOrderReleased);
}

TEST_P(ReservationConformance, ReserveAfterARememberedCancel) {
  Remembered();
  RunRefused(Reserve{kOrder, kLines, kTtl}, Outcome::kOrderReleased);
}

TEST_P(ReservationConformance, ReserveOfExpired) {
  Expired();
  RunRefused(Reserve{kOrder, kLines, kTtl}, Outcome::kReservationExpired);
}

// ---- confirm ------------------------------------------------------------------------------------

TEST_P(ReservationConformance, ConfirmOfNone) {
  None();
  EXPECT_THAT(RunRefused(Confirm{kOrder}, Outcome::kReservationNotFound),
              IsWith(Outcome::kReservationNotFound));
  EXPECT_EQ(Run(Reserve{kOrder, kLines, kTtl}).outcome, Outcome::kReserved) << "it left a trace";
}

TEST_P(ReservationConformance, ConfirmOfReserved) {
  Reserved();
  EXPECT_THAT(Run(Confirm{kOrder}), IsWith(Outcome::kConfirmed, Line(1, Outcome::kConfirmed, 95),
                                           Line(2, Outcome::kConfirmed, 93)));
  EXPECT_EQ(ReadBook(1), (Balance{95, 0, 3}));
  EXPECT_EQ(ReadBook(2), (Balance{93, 0, 3}));
  EXPECT_THAT(LineOf(kOrder, 1), Optional(LineState::kSoldByConfirm));
  EXPECT_THAT(ReservationOf(kOrder), Optional(ReservationState::kConfirmed));
}

TEST_P(ReservationConformance, ConfirmOfConfirmed) {
  Confirmed();
  EXPECT_THAT(RunRefused(Confirm{kOrder}, Outcome::kDuplicateOrder),
              IsWith(Outcome::kDuplicateOrder, Line(1, Outcome::kDuplicateOrder, 95),
                     Line(2, Outcome::kDuplicateOrder, 93)));
}

TEST_P(ReservationConformance, ConfirmOfConfirmedTurnsWhenEveryLineWasGivenBack) {
  Confirmed();
  Run(Release{1, kOrder, 0, {}});
  RunRefused(Confirm{kOrder}, Outcome::kDuplicateOrder);
  Run(Release{2, kOrder, 7, {}});
  RunRefused(Confirm{kOrder}, Outcome::kOrderReleased);
}

TEST_P(ReservationConformance, ConfirmOfCancelled) {
  Cancelled();
  RunRefused(Confirm{kOrder}, Outcome::kOrderReleased);
}

TEST_P(ReservationConformance, ConfirmAfterARememberedCancel) {
  Remembered();
  EXPECT_THAT(RunRefused(Confirm{kOrder}, Outcome::kOrderReleased),
              IsWith(Outcome::kOrderReleased));
}

TEST_P(ReservationConformance, ConfirmOfExpired) {
  Expired();
  RunRefused(Confirm{kOrder}, Outcome::kReservationExpired);
}

TEST_P(ReservationConformance, ConfirmNeedsNoRoomEvenWhenTheBookIsFull) {
  Stock(1, 100);
  Hold(kOrder, {{1, 5}});
  Run(Adjust{1, true, kMax - 5, {}, {}, {}});
  EXPECT_EQ(Run(Confirm{kOrder}).outcome, Outcome::kConfirmed);
  EXPECT_EQ(ReadBook(1), (Balance{kMax - 5, 0, 4}));
}

// ---- cancel -------------------------------------------------------------------------------------

TEST_P(ReservationConformance, CancelOfNoneIsRememberedAndShown) {
  Remembered();
  const OrderFacts facts = Order(kOrder);
  ASSERT_TRUE(facts.reservation);
  EXPECT_EQ(facts.reservation->state, ReservationState::kCancelled);
  EXPECT_TRUE(facts.reservation->remembered);
  EXPECT_TRUE(facts.lines.empty());
}

TEST_P(ReservationConformance, CancelOfReserved) {
  Reserved();
  EXPECT_THAT(Run(Cancel{kOrder, "客户取消"}),
              IsWith(Outcome::kCancelled, Line(1, Outcome::kCancelled, 100),
                     Line(2, Outcome::kCancelled, 100)));
  EXPECT_EQ(ReadBook(1), (Balance{100, 0, 3}));
  EXPECT_EQ(ReadBook(2), (Balance{100, 0, 3}));
  EXPECT_THAT(LineOf(kOrder, 2), Optional(LineState::kReturned));
  EXPECT_THAT(ReservationOf(kOrder), Optional(ReservationState::kCancelled));
  EXPECT_EQ(WholeLog(1).back().remark, "客户取消");
  EXPECT_EQ(WholeLog(1).back().type, ChangeType::kCancel);
}

TEST_P(ReservationConformance, CancelOfConfirmed) {
  Confirmed();
  RunRefused(Cancel{kOrder, {}}, Outcome::kOrderConflict);
}

TEST_P(ReservationConformance, CancelOfCancelled) {
  Cancelled();
  EXPECT_THAT(RunRefused(Cancel{kOrder, {}}, Outcome::kDuplicateRelease),
              IsWith(Outcome::kDuplicateRelease, Line(1, Outcome::kDuplicateRelease, 100),
                     Line(2, Outcome::kDuplicateRelease, 100)));
}

TEST_P(ReservationConformance, CancelAfterARememberedCancel) {
  Remembered();
  RunRefused(Cancel{kOrder, {}}, Outcome::kReservationNotFound);
}

TEST_P(ReservationConformance, CancelOfExpired) {
  Expired();
  RunRefused(Cancel{kOrder, {}}, Outcome::kReservationExpired);
}

TEST_P(ReservationConformance, ARememberedCancelDoesNotTouchPlainLines) {
  Remembered();
  EXPECT_THAT(Run(Deduct{1, kOrder, 5}), Is(Outcome::kDeducted, 95));
}

// ---- expire -------------------------------------------------------------------------------------

TEST_P(ReservationConformance, ExpireOfNoneConfirmedCancelledAndExpiredDoesNothing) {
  None();
  RunRefused(Expire{kOrder}, Outcome::kOk);
  EXPECT_EQ(Run(Reserve{kOrder, kLines, kTtl}).outcome, Outcome::kReserved) << "it left a trace";
  Run(Confirm{kOrder});
  clock_.Advance(2 * kTtl);
  RunRefused(Expire{kOrder}, Outcome::kOk);
  Fresh();
  Cancelled();
  clock_.Advance(2 * kTtl);
  RunRefused(Expire{kOrder}, Outcome::kOk);
  Fresh();
  Remembered();
  RunRefused(Expire{kOrder}, Outcome::kOk);
  Fresh();
  Expired();
  RunRefused(Expire{kOrder}, Outcome::kOk);
}

TEST_P(ReservationConformance, ExpireOfReservedIsNeverEarly) {
  Reserved();
  clock_.Advance(kTtl - 1);
  RunRefused(Expire{kOrder}, Outcome::kOk);
  EXPECT_THAT(ReservationOf(kOrder), Optional(ReservationState::kReserved));
  EXPECT_EQ(Run(Confirm{kOrder}).outcome, Outcome::kConfirmed);
}

TEST_P(ReservationConformance, ExpireOfPassed) {
  Reserved();
  clock_.Advance(kTtl);
  EXPECT_EQ(Run(Expire{kOrder}).outcome, Outcome::kOk);
  EXPECT_EQ(ReadBook(1), (Balance{100, 0, 3}));
  EXPECT_EQ(ReadBook(2), (Balance{100, 0, 3}));
  EXPECT_THAT(ReservationOf(kOrder), Optional(ReservationState::kExpired));
  const OrderFacts facts = Order(kOrder);
  ASSERT_EQ(facts.lines.size(), 2u);
  EXPECT_EQ(facts.lines[0].line, (OrderLine{LineState::kExpired, 5, 5}));
  EXPECT_EQ(WholeLog(2).back().type, ChangeType::kExpire);
  EXPECT_EQ(WholeLog(2).back().order, kOrder);
}

// Before a command on an order is decided, its passed reservation is expired as a whole, also when
// the command itself is refused.
class DueExpiryConformance : public ConformanceTest {
 protected:
  void Pass() {
    Stock(1, 100);
    Stock(2, 100);
    HoldAndPass(1001, {{1, 5}, {2, 7}});
  }
  void ExpectExpiredOnce() {
    EXPECT_EQ(ReadBook(1), (Balance{100, 0, 3}));
    EXPECT_EQ(ReadBook(2), (Balance{100, 0, 3}));
    EXPECT_EQ(WholeLog(1).back().type, ChangeType::kExpire);
    EXPECT_EQ(WholeLog(2).back().type, ChangeType::kExpire);
  }
};

TEST_P(DueExpiryConformance, BeforeADeductOfTheSameLine) {
  Pass();
  EXPECT_THAT(Run(Deduct{1, 1001, 5}), Is(Outcome::kOrderReleased, 100));
  ExpectExpiredOnce();
}

TEST_P(DueExpiryConformance, BeforeADeductOfAnotherBookThatIsRefused) {
  Pass();
  EXPECT_THAT(Run(Deduct{3, 1001, 5}), Is(Outcome::kInsufficientStock, 0));
  ExpectExpiredOnce();
}

TEST_P(DueExpiryConformance, BeforeARelease) {
  Pass();
  EXPECT_THAT(Run(Release{1, 1001, 5, {}}), Is(Outcome::kDuplicateRelease, 100));
  ExpectExpiredOnce();
}

TEST_P(DueExpiryConformance, BeforeAReleaseThatIsRefused) {
  Pass();
  EXPECT_THAT(Run(Release{1, 1001, 4, {}}), Is(Outcome::kOrderConflict, 100));
  ExpectExpiredOnce();
}

TEST_P(DueExpiryConformance, BeforeAReserve) {
  Pass();
  const Reply reply = Run(Reserve{1001, {{1, 5}, {2, 7}}, kTtl});
  EXPECT_THAT(reply,
              IsWith(Outcome::kReservationExpired, LineReply{1, Outcome::kReservationExpired, 100},
                     LineReply{2, Outcome::kReservationExpired, 100}));
  ExpectExpiredOnce();
}

TEST_P(DueExpiryConformance, BeforeAConfirm) {
  Pass();
  EXPECT_THAT(Run(Confirm{1001}),
              IsWith(Outcome::kReservationExpired, LineReply{1, Outcome::kReservationExpired, 100},
                     LineReply{2, Outcome::kReservationExpired, 100}));
  ExpectExpiredOnce();
}

TEST_P(DueExpiryConformance, BeforeACancel) {
  Pass();
  EXPECT_EQ(Run(Cancel{1001, {}}).outcome, Outcome::kReservationExpired);
  ExpectExpiredOnce();
}

TEST_P(DueExpiryConformance, NotByTheCommandsOfOtherOrders) {
  Pass();
  EXPECT_THAT(Run(Deduct{1, 1002, 96}), Is(Outcome::kInsufficientStock, 95));
  EXPECT_EQ(ReadBook(1), (Balance{95, 5, 2}));
  Run(Expire{1001});
  EXPECT_THAT(Run(Deduct{1, 1002, 96}), Is(Outcome::kDeducted, 4));
}

TEST_P(DueExpiryConformance, ReadsShowItAsExpiredBeforeItIsRecorded) {
  Pass();
  const OrderFacts facts = Order(1001);
  ASSERT_TRUE(facts.reservation);
  EXPECT_EQ(facts.reservation->state, ReservationState::kExpired);
  ASSERT_EQ(facts.lines.size(), 2u);
  EXPECT_EQ(facts.lines[0].line, (OrderLine{LineState::kExpired, 5, 5}));
  EXPECT_EQ(facts.lines[1].line, (OrderLine{LineState::kExpired, 7, 7}));
  EXPECT_EQ(ReadBook(1), (Balance{95, 5, 2})) << "a read changed the stock";
}

FOR_EACH_STORE(ReservationConformance);
FOR_EACH_STORE(DueExpiryConformance);

}  // namespace
}  // namespace inventory
