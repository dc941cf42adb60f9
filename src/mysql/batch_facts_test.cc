#include "mysql/batch_facts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace inventory {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Pair;

constexpr TimeMs kNow = 1'785'575'700'123;

NeededFacts NeededBy(const Command& command) {
  NeededFacts needed;
  needed.Add(command);
  return needed;
}

std::string Written(const BatchFacts& facts) {
  RowStatements statements;
  facts.Write(statements);
  return statements.Packets("COMMIT").front();
}

TEST(NeededFactsTest, ALineCommandNeedsItsBookAndItsOrdersLines) {
  for (const Command& command :
       {Command{Deduct{1, 7, 2}, nullptr}, Command{Release{1, 7, 0, ""}, nullptr}}) {
    const NeededFacts needed = NeededBy(command);
    EXPECT_THAT(needed.books, ElementsAre(1));
    EXPECT_THAT(needed.orders, ElementsAre(7));
    EXPECT_THAT(needed.reservations, IsEmpty());
  }
}

TEST(NeededFactsTest, AReservationCommandNeedsTheReservation) {
  EXPECT_THAT(NeededBy({Confirm{7}, nullptr}).reservations, ElementsAre(7));
  EXPECT_THAT(NeededBy({Cancel{7, ""}, nullptr}).reservations, ElementsAre(7));
  EXPECT_THAT(NeededBy({Expire{7}, nullptr}).reservations, ElementsAre(7));
  const NeededFacts needed = NeededBy({Reserve{7, {{2, 1}, {1, 1}}, 1'000}, nullptr});
  EXPECT_THAT(needed.reservations, ElementsAre(7));
  EXPECT_THAT(needed.books, ElementsAre(1, 2));
}

TEST(NeededFactsTest, ARequestIdIsNeededWithItsBook) {
  EXPECT_THAT(NeededBy({Restock{1, 5, "r", ""}, nullptr}).requests, ElementsAre(Pair(1, "r")));
  EXPECT_THAT(NeededBy({Restock{1, 5, "", ""}, nullptr}).requests, IsEmpty());
}

TEST(BatchFactsTest, AReservedLineWithoutItsReservationIsSeen) {
  BatchFacts facts;
  facts.LoadLine({{7, 1}, {LineState::kReserved, 2, 0}, 0});
  facts.LoadLine({{8, 1}, {LineState::kSoldByDeduct, 2, 0}, std::nullopt});
  EXPECT_THAT(facts.UnseenReservations(), ElementsAre(7));
  facts.LoadReservation(7, {ReservationState::kReserved, kNow, false, {{1, 2}}});
  EXPECT_THAT(facts.UnseenReservations(), IsEmpty());
}

TEST(BatchFactsTest, AReservationThatCameAndWentMeanwhileIsMissed) {
  BatchFacts facts;
  facts.LoadLine({{7, 1}, {LineState::kExpired, 2, 2}, 0});
  facts.LoadLine({{8, 1}, {LineState::kSoldByDeduct, 2, 0}, std::nullopt});
  EXPECT_TRUE(facts.HasMissed({7}));
  EXPECT_FALSE(facts.HasMissed({8, 9})) << "neither was ever reserved";
  EXPECT_THAT(facts.UnseenReservations(), IsEmpty()) << "who only sells need not know";
  facts.LoadReservation(7, {ReservationState::kExpired, kNow, false, {{1, 2}}});
  EXPECT_FALSE(facts.HasMissed({7}));
}

TEST(BatchFactsTest, ASaleWritesALineAMovementAndTheBook) {
  BatchFacts facts;
  facts.LoadBook({1, true, {10, 0, 4}});
  EXPECT_EQ(Decide({Deduct{1, 7, 3}, nullptr}, kNow, facts).outcome, Outcome::kDeducted);
  EXPECT_EQ(Written(facts),
            "INSERT INTO order_lines (order_id, book_id, state, quantity, released_quantity, "
            "reserved_position) VALUES (7,1,2,3,0,NULL);"
            "INSERT INTO inventory_logs (book_id, sequence, change_type, quantity, before_stock, "
            "after_stock, locked_after, order_id, request_id, remark, actor, created_at) VALUES "
            "(1,5,1,3,10,7,0,7,NULL,'','','2026-08-01 09:15:00.123');"
            "UPDATE inventory SET stock=7,locked_stock=0,total_stock=7,sequence=5,"
            "updated_at='2026-08-01 09:15:00.123' WHERE book_id=1;COMMIT");
}

TEST(BatchFactsTest, ABookThatWasMissingIsInserted) {
  BatchFacts facts;
  Decide({Restock{1, 5, "r", "first"}, nullptr}, kNow, facts);
  const std::string written = Written(facts);
  EXPECT_THAT(written, HasSubstr("INSERT INTO inventory (book_id"));
  EXPECT_THAT(written, HasSubstr("INSERT INTO request_ids"));
  EXPECT_THAT(written, Not(HasSubstr("UPDATE")));
}

TEST(BatchFactsTest, ALineMadeAndEndedInOneBatchIsOneRowWithItsPlace) {
  BatchFacts facts;
  facts.LoadBook({1, true, {10, 0, 1}});
  facts.LoadBook({2, true, {10, 0, 1}});
  Decide({Reserve{7, {{2, 1}, {1, 3}}, 1'000}, nullptr}, kNow, facts);
  Decide({Cancel{7, ""}, nullptr}, kNow, facts);
  const std::string written = Written(facts);
  EXPECT_THAT(written, HasSubstr("(7,2,4,1,1,0),(7,1,4,3,3,1)"));
  EXPECT_THAT(written,
              HasSubstr("reservations (order_id, state, deadline, remembered) VALUES (7,3,"));
  EXPECT_THAT(written, Not(HasSubstr("UPDATE order_lines")));
}

TEST(BatchFactsTest, WhatChangedNothingWritesNothing) {
  BatchFacts facts;
  facts.LoadBook({1, true, {2, 0, 4}});
  facts.LoadLine({{7, 1}, {LineState::kSoldByDeduct, 3, 0}, std::nullopt});
  EXPECT_EQ(Decide({Deduct{1, 7, 3}, nullptr}, kNow, facts).outcome, Outcome::kDuplicateOrder);
  EXPECT_EQ(Decide({Deduct{1, 8, 3}, nullptr}, kNow, facts).outcome, Outcome::kInsufficientStock);
  EXPECT_EQ(Written(facts), "COMMIT");
}

}  // namespace
}  // namespace inventory
