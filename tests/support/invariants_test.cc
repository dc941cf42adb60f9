#include "tests/support/invariants.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace inventory {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class InvariantsTest : public testing::Test {
 protected:
  // Appends what a correct store would: figures that follow from type and quantity.
  Movement& Add(BookId book, ChangeType type, Quantity quantity, OrderId order, Quantity available,
                Quantity locked, TimeMs time = 1'000) {
    BookHistory& history = books_[book];
    Movement m;
    m.book = book;
    m.sequence = history.now.sequence + 1;
    m.type = type;
    m.quantity = quantity;
    m.before = history.now.available;
    m.after = available;
    m.locked_after = locked;
    m.order = order;
    m.time = time;
    history.now = {available, locked, m.sequence};
    history.log.push_back(m);
    return history.log.back();
  }

  std::map<BookId, BookHistory> books_;
};

TEST_F(InvariantsTest, HoldForALifeOfEveryKind) {
  Add(1, ChangeType::kRestock, 100, 0, 100, 0);
  Add(1, ChangeType::kDeduct, 5, 11, 95, 0);
  Add(1, ChangeType::kRelease, 5, 11, 100, 0);
  Add(1, ChangeType::kReserve, 10, 12, 90, 10);
  Add(1, ChangeType::kConfirm, 10, 12, 90, 0);
  Add(1, ChangeType::kRelease, 10, 12, 100, 0);
  Add(1, ChangeType::kReserve, 1, 13, 99, 1);
  Add(1, ChangeType::kRelease, 1, 13, 100, 0);
  Add(1, ChangeType::kReserve, 1, 14, 99, 1);
  Add(1, ChangeType::kCancel, 1, 14, 100, 0);
  Add(1, ChangeType::kReserve, 1, 15, 99, 1);
  Add(1, ChangeType::kExpire, 1, 15, 100, 0);
  Add(1, ChangeType::kAdjust, 40, 0, 60, 0);
  Add(1, ChangeType::kAdjust, 1, 0, 61, 0);
  EXPECT_THAT(BreachesOfInvariants(books_), IsEmpty());
}

TEST_F(InvariantsTest, SeeALostMovement) {
  Add(1, ChangeType::kRestock, 100, 0, 100, 0);
  Add(1, ChangeType::kDeduct, 5, 11, 95, 0);
  Add(1, ChangeType::kDeduct, 5, 12, 90, 0);
  books_[1].log.erase(books_[1].log.begin() + 1);
  const auto breaches = BreachesOfInvariants(books_);
  ASSERT_FALSE(breaches.empty());
  EXPECT_THAT(breaches.front(), HasSubstr("I8"));
}

TEST_F(InvariantsTest, SeeABookThatIsNotItsLog) {
  Add(1, ChangeType::kRestock, 100, 0, 100, 0);
  books_[1].now.available = 101;
  EXPECT_THAT(BreachesOfInvariants(books_), ElementsAre(HasSubstr("I3")));
}

TEST_F(InvariantsTest, SeeAWrongFigure) {
  Add(1, ChangeType::kRestock, 100, 0, 100, 0);
  Add(1, ChangeType::kDeduct, 5, 11, 96, 0);
  EXPECT_THAT(BreachesOfInvariants(books_), testing::Contains(HasSubstr("I3")));
}

TEST_F(InvariantsTest, SeeStockBelowZero) {
  Add(1, ChangeType::kRestock, 1, 0, 1, 0);
  Add(1, ChangeType::kDeduct, 2, 11, -1, 0);
  EXPECT_THAT(BreachesOfInvariants(books_), ElementsAre(HasSubstr("I1")));
}

TEST_F(InvariantsTest, SeeStockPastTheLimit) {
  Add(1, ChangeType::kRestock, 2'147'483'647, 0, 2'147'483'647, 0);
  Add(1, ChangeType::kReserve, 1, 11, 2'147'483'646, 1);
  Movement& m = Add(1, ChangeType::kRestock, 1, 0, 2'147'483'647, 1);
  EXPECT_THAT(BreachesOfInvariants(books_),
              ElementsAre(HasSubstr("I2: past the limit: " + std::string("book 1 #3"))))
      << m.sequence;
}

TEST_F(InvariantsTest, SeeASecondSaleToOneOrder) {
  Add(1, ChangeType::kRestock, 100, 0, 100, 0);
  Add(1, ChangeType::kDeduct, 5, 11, 95, 0);
  Add(1, ChangeType::kDeduct, 5, 11, 90, 0);
  EXPECT_THAT(BreachesOfInvariants(books_), ElementsAre(HasSubstr("I4: order 11 book 1")));
}

TEST_F(InvariantsTest, SeeASaleAfterARelease) {
  Add(1, ChangeType::kRestock, 100, 0, 100, 0);
  Add(1, ChangeType::kDeduct, 5, 11, 95, 0);
  Add(1, ChangeType::kRelease, 5, 11, 100, 0);
  Add(1, ChangeType::kDeduct, 5, 11, 95, 0);
  EXPECT_THAT(BreachesOfInvariants(books_), ElementsAre(HasSubstr("I4")));
}

TEST_F(InvariantsTest, SeeAReservationThatEndedInParts) {
  for (const BookId book : {1, 2}) {
    Add(book, ChangeType::kRestock, 100, 0, 100, 0);
    Add(book, ChangeType::kReserve, 5, 11, 95, 5);
  }
  EXPECT_THAT(BreachesOfInvariants(books_), IsEmpty()) << "an open one is none";
  Add(1, ChangeType::kConfirm, 5, 11, 95, 0);
  EXPECT_THAT(BreachesOfInvariants(books_), ElementsAre(HasSubstr("I7")));
  Add(2, ChangeType::kExpire, 5, 11, 100, 0);
  EXPECT_THAT(BreachesOfInvariants(books_), ElementsAre(HasSubstr("I7")));
}

}  // namespace
}  // namespace inventory
