// What the rules write and ask for. The tables themselves are held by tests/conformance, over the
// stores that use these rules; here is what a store's reader cannot see.
#include "stock/rules.h"

#include <gtest/gtest.h>

#include <limits>
#include <memory>

#include "stock/fake_state_testing.h"

namespace inventory {
namespace {

class RulesTest : public testing::Test {
 protected:
  template <typename Verb>
  Outcome Run(Verb verb) {
    return Decide({std::move(verb), nullptr}, now_, state_).outcome;
  }
  template <typename Verb>
  int WritesOf(Verb verb) {
    const int before = state_.writes;
    Run(std::move(verb));
    return state_.writes - before;
  }

  TimeMs now_ = 1'000;
  FakeState state_;
};

TEST_F(RulesTest, DuplicatesAndRefusalsWriteNothing) {
  Run(Restock{1, 100, "r1", {}});
  Run(Deduct{1, 11, 5});
  Run(Reserve{12, {{1, 5}}, 60'000});
  Run(Release{1, 13, 0, {}});  // a tombstone
  Run(Cancel{14, {}});         // remembered

  EXPECT_EQ(WritesOf(Restock{1, 100, "r1", {}}), 0);
  EXPECT_EQ(WritesOf(Restock{1, 99, "r1", {}}), 0);
  EXPECT_EQ(WritesOf(Restock{1, 2'147'483'647, "r2", {}}), 0);
  EXPECT_EQ(WritesOf(Adjust{1, false, -1'000, {}, "a1", {}}), 0);
  EXPECT_EQ(WritesOf(Adjust{1, true, 1, 7, "a1", {}}), 0);
  EXPECT_EQ(WritesOf(Deduct{1, 11, 5}), 0);
  EXPECT_EQ(WritesOf(Deduct{1, 11, 6}), 0);
  EXPECT_EQ(WritesOf(Deduct{1, 20, 1'000}), 0);
  EXPECT_EQ(WritesOf(Deduct{1, 13, 1}), 0);
  EXPECT_EQ(WritesOf(Release{1, 11, 6, {}}), 0);
  EXPECT_EQ(WritesOf(Release{1, 13, 0, {}}), 0);
  EXPECT_EQ(WritesOf(Reserve{12, {{1, 5}}, 60'000}), 0);
  EXPECT_EQ(WritesOf(Reserve{12, {{1, 6}}, 60'000}), 0);
  EXPECT_EQ(WritesOf(Reserve{21, {{1, 1'000}}, 60'000}), 0);
  EXPECT_EQ(WritesOf(Reserve{14, {{1, 1}}, 60'000}), 0);
  EXPECT_EQ(WritesOf(Confirm{22}), 0);
  EXPECT_EQ(WritesOf(Cancel{14, {}}), 0);
  EXPECT_EQ(WritesOf(Expire{12}), 0);
}

TEST_F(RulesTest, WithoutARequestIdNoneIsRemembered) {
  Run(Restock{1, 100, {}, {}});
  Run(Adjust{1, false, 1, {}, {}, {}});
  EXPECT_TRUE(state_.requests.empty());
}

TEST_F(RulesTest, TheActorIsInEveryMovementOfTheCommandDueExpiryIncluded) {
  Run(Restock{1, 100, {}, {}});
  Run(Reserve{11, {{1, 5}}, 10});
  now_ += 10;
  Decide({Deduct{1, 11, 1}, std::make_shared<const std::string>("shop")}, now_, state_);
  EXPECT_EQ(state_.movements.back().type, ChangeType::kExpire);
  EXPECT_EQ(state_.movements.back().actor, "shop");
  EXPECT_EQ(state_.movements.front().actor, "");
}

TEST_F(RulesTest, AReservationOfManyLinesAddsUpEachBook) {
  std::vector<ReservedLine> lines;
  for (BookId book = 1; book <= 500; ++book) Run(Restock{book, 100, {}, {}});
  for (int round = 0; round < 4; ++round) {
    for (BookId book = 500; book >= 1; --book) lines.push_back({book, 25});
  }
  EXPECT_EQ(Run(Reserve{11, lines, 60'000}), Outcome::kReserved);
  ASSERT_EQ(state_.reservations[11].lines.size(), 500u);
  EXPECT_EQ(state_.reservations[11].lines.front(), (ReservedLine{500, 100}));
  EXPECT_EQ(state_.books[1], (Balance{0, 100, 2}));
}

TEST_F(RulesTest, OfASaleOfUnknownQuantityAnyIsADuplicateAndComesBackOnce) {
  Run(Restock{1, 100, {}, {}});
  state_.lines[{11, 1}] = {LineState::kSoldByDeduct, kUnknownQuantity, 0};
  EXPECT_EQ(Run(Deduct{1, 11, 5}), Outcome::kDuplicateOrder);
  EXPECT_EQ(Run(Deduct{1, 11, 7}), Outcome::kDuplicateOrder);
  EXPECT_EQ(Run(Reserve{11, {{1, 5}}, 60'000}), Outcome::kOrderConflict);
  EXPECT_EQ(Run(Release{1, 11, 0, {}}), Outcome::kOrderConflict) << "how much is all of it?";
  EXPECT_EQ(Run(Release{1, 11, 2'147'483'647, {}}), Outcome::kStockLimit);
  EXPECT_EQ(state_.movements.size(), 1u);

  EXPECT_EQ(Run(Release{1, 11, 5, {}}), Outcome::kReleased);
  EXPECT_EQ(state_.movements.back().quantity, 5);
  EXPECT_EQ(state_.books[1], (Balance{105, 0, 2}));
  EXPECT_EQ((state_.lines[{11, 1}]), (OrderLine{LineState::kReturned, kUnknownQuantity, 0}));
  EXPECT_EQ(WritesOf(Release{1, 11, 6, {}}), 0);
  EXPECT_EQ(Run(Release{1, 11, 6, {}}), Outcome::kDuplicateRelease);
  EXPECT_EQ(Run(Release{1, 11, 0, {}}), Outcome::kDuplicateRelease);
  EXPECT_EQ(Run(Deduct{1, 11, 5}), Outcome::kOrderReleased);
}

TEST_F(RulesTest, SumsAreTakenIn64Bits) {
  constexpr auto kMax = std::numeric_limits<Quantity>::max();
  Run(Restock{1, kMax, {}, {}});
  // 2^32 + 5 would be 5 in 32 bits.
  EXPECT_EQ(Run(Reserve{11, {{1, kMax}, {1, kMax}, {1, 7}}, 60'000}), Outcome::kInsufficientStock);
  EXPECT_EQ(Run(Restock{1, kMax, {}, {}}), Outcome::kStockLimit);
  EXPECT_EQ(Run(Adjust{1, false, kMax, {}, {}, {}}), Outcome::kStockLimit);
  EXPECT_EQ(Run(Reserve{11, {{1, kMax}}, 60'000}), Outcome::kReserved);
  EXPECT_EQ(state_.books[1], (Balance{0, kMax, 2}));
}

}  // namespace
}  // namespace inventory
