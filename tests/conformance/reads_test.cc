// Reads: stock, lists, logs by page and by filter, orders, what is due.
#include "tests/conformance/conformance.h"

namespace inventory {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class ReadConformance : public ConformanceTest {
 protected:
  std::vector<BookId> List(const StockListQuery& query, BookId* next_after) {
    const auto page = ListStock(store(), query);
    EXPECT_OK(page);
    std::vector<BookId> books;
    if (!page.ok()) return books;
    for (const BookStock& stock : page->books) {
      EXPECT_TRUE(stock.known);
      books.push_back(stock.book);
    }
    *next_after = page->next_after;
    return books;
  }

  std::vector<OrderId> Due(int limit) {
    const auto due = ReadDue(store(), limit);
    EXPECT_OK(due);
    return due.ok() ? *due : std::vector<OrderId>{};
  }

  // Ten movements of book 1, 10 ms apart: a restock at each odd sequence, at each even one a deduct
  // of an order of its own, 1000 + sequence.
  void MakeLog() {
    for (OrderId sequence = 1; sequence <= 10; ++sequence) {
      if (sequence != 1) clock_.Advance(10);
      if (sequence % 2 == 1) {
        Stock(1, 10);
      } else {
        Run(Deduct{1, 1000 + sequence, 1});
      }
    }
  }
};

std::vector<std::uint64_t> Sequences(const MovementPage& page) {
  std::vector<std::uint64_t> sequences;
  for (const Movement& movement : page.movements) sequences.push_back(movement.sequence);
  return sequences;
}

// ---- stock --------------------------------------------------------------------------------------

TEST_P(ReadConformance, StockInTheOrderAskedUnknownBooksAndRepeatsKeepTheirPlace) {
  Stock(1, 100);
  Stock(3, 30);
  const auto stock = ReadStock(store(), {3, 2, 1, 3});
  ASSERT_OK(stock);
  EXPECT_THAT(*stock, ElementsAre(BookStock{3, true, {30, 0, 1}}, BookStock{2, false, {}},
                                  BookStock{1, true, {100, 0, 1}}, BookStock{3, true, {30, 0, 1}}));
  const auto none = ReadStock(store(), {});
  ASSERT_OK(none);
  EXPECT_TRUE(none->empty());
}

TEST_P(ReadConformance, LargestIdsWork) {
  const BookId book = std::numeric_limits<BookId>::max();
  const OrderId order = std::numeric_limits<OrderId>::max();
  Stock(book, 2);
  EXPECT_THAT(Run(Deduct{book, order, 1}), Is(Outcome::kDeducted, 1));
  EXPECT_EQ(Order(order).lines.size(), 1u);
  BookId next = 0;
  EXPECT_THAT(List({}, &next), ElementsAre(book));
  EXPECT_EQ(next, 0u);
}

// ---- who ----------------------------------------------------------------------------------------

TEST_P(ReadConformance, EveryMovementSaysWhoAskedForIt) {
  const auto by = [this](const char* actor, auto verb) {
    EXPECT_EQ(Info(RunAll({Command{std::move(verb), std::make_shared<const std::string>(actor)}})
                       .front()
                       .outcome)
                  .code,
              0u)
        << actor;
  };
  by("restocks", Restock{1, 100, {}, {}});
  by("adjusts", Adjust{1, false, -1, {}, {}, {}});
  by("deducts", Deduct{1, 1001, 1});
  by("releases", Release{1, 1001, 1, {}});
  by("reserves", Reserve{1002, {{1, 1}}, kTtl});
  by("confirms", Confirm{1002});
  by("reserves", Reserve{1003, {{1, 1}}, kTtl});
  by("cancels", Cancel{1003, {}});
  Stock(1, 1);
  std::vector<std::string> actors;
  for (const Movement& movement : WholeLog(1)) actors.push_back(movement.actor);
  EXPECT_THAT(actors, ElementsAre("restocks", "adjusts", "deducts", "releases", "reserves",
                                  "confirms", "reserves", "cancels", ""));
}

// ---- lists --------------------------------------------------------------------------------------

TEST_P(ReadConformance, AListIsByBookAndPageByPage) {
  for (const BookId book : {5, 1, 9, 3, 7}) Stock(book, 10);
  BookId next = 0;
  EXPECT_THAT(List({.after = 0, .limit = 2}, &next), ElementsAre(1, 3));
  EXPECT_EQ(next, 3u);
  EXPECT_THAT(List({.after = 3, .limit = 2}, &next), ElementsAre(5, 7));
  EXPECT_EQ(next, 7u);
  EXPECT_THAT(List({.after = 7, .limit = 2}, &next), ElementsAre(9));
  EXPECT_EQ(next, 0u);
  EXPECT_THAT(List({.after = 4, .limit = 1}, &next), ElementsAre(5));
  EXPECT_THAT(List({.after = 9, .limit = 2}, &next), IsEmpty());
  EXPECT_EQ(next, 0u);
}

TEST_P(ReadConformance, AListThatEndsOnAFullPageSaysSo) {
  Stock(1, 10);
  Stock(2, 10);
  BookId next = 1;
  EXPECT_THAT(List({.after = 0, .limit = 2}, &next), ElementsAre(1, 2));
  EXPECT_EQ(next, 0u);
}

TEST_P(ReadConformance, AListOfWhatIsLow) {
  Stock(1, 9);
  Stock(2, 10);
  Stock(3, 11);
  Stock(4, 20);
  Hold(1001, {{4, 15}});  // 5 available
  Stock(5, 3);
  BookId next = 1;
  EXPECT_THAT(List({.after = 0, .limit = 10, .below = 10}, &next), ElementsAre(1, 4, 5));
  EXPECT_EQ(next, 0u);
  EXPECT_THAT(List({.after = 0, .limit = 2, .below = 10}, &next), ElementsAre(1, 4));
  EXPECT_EQ(next, 4u);
  EXPECT_THAT(List({.after = 4, .limit = 2, .below = 10}, &next), ElementsAre(5));
  EXPECT_THAT(List({.after = 0, .limit = 2, .below = 0}, &next), IsEmpty());
}

// ---- logs ---------------------------------------------------------------------------------------

TEST_P(ReadConformance, ALogNewestFirst) {
  MakeLog();
  const MovementPage page = Log({.book = 1, .limit = 3});
  EXPECT_TRUE(page.book_known);
  EXPECT_EQ(page.last_sequence, 10u);
  EXPECT_THAT(Sequences(page), ElementsAre(10, 9, 8));
  EXPECT_EQ(page.next_below, 8u);
}

TEST_P(ReadConformance, ALogGoesOnWhereItStopped) {
  MakeLog();
  EXPECT_THAT(Sequences(Log({.book = 1, .below_sequence = 8, .limit = 3})), ElementsAre(7, 6, 5));
  const MovementPage last = Log({.book = 1, .below_sequence = 3, .limit = 3});
  EXPECT_THAT(Sequences(last), ElementsAre(2, 1));
  EXPECT_EQ(last.next_below, 0u);
  EXPECT_EQ(last.last_sequence, 10u);
  EXPECT_THAT(Sequences(Log({.book = 1, .below_sequence = 1, .limit = 3})), IsEmpty());
  EXPECT_THAT(Sequences(Log({.book = 1, .below_sequence = 1'000, .limit = 2})), ElementsAre(10, 9));
}

TEST_P(ReadConformance, ALogThatEndsOnAFullPageSaysSo) {
  MakeLog();
  const MovementPage page = Log({.book = 1, .below_sequence = 4, .limit = 3});
  EXPECT_THAT(Sequences(page), ElementsAre(3, 2, 1));
  EXPECT_EQ(page.next_below, 0u);
}

TEST_P(ReadConformance, ALogByPageNumber) {
  MakeLog();
  EXPECT_THAT(Sequences(Log({.book = 1, .skip = 3, .limit = 3})), ElementsAre(7, 6, 5));
  EXPECT_THAT(Sequences(Log({.book = 1, .skip = 9, .limit = 3})), ElementsAre(1));
  const MovementPage past = Log({.book = 1, .skip = 10, .limit = 3});
  EXPECT_THAT(past.movements, IsEmpty());
  EXPECT_EQ(past.next_below, 0u);
  EXPECT_EQ(past.last_sequence, 10u);
}

TEST_P(ReadConformance, TheLogOfAnUnknownBook) {
  const MovementPage page = Log({.book = 7});
  EXPECT_FALSE(page.book_known);
  EXPECT_THAT(page.movements, IsEmpty());
  EXPECT_EQ(page.last_sequence, 0u);
}

TEST_P(ReadConformance, ALogDoesNotMixBooks) {
  Stock(1, 100);
  Stock(2, 100);
  Run(Deduct{2, 1001, 1});
  Run(Deduct{1, 1001, 1});
  for (const Movement& movement : WholeLog(1)) EXPECT_EQ(movement.book, 1u);
  EXPECT_EQ(WholeLog(1).size(), 2u);
}

// Follows a filtered log to its end: a page may be short or empty and still have more.
std::vector<std::uint64_t> Follow(StockStore& store, MovementQuery query) {
  std::vector<std::uint64_t> sequences;
  for (int calls = 0; calls < 1'000; ++calls) {
    const auto page = ReadMovements(store, query);
    EXPECT_OK(page);
    if (!page.ok()) break;
    EXPECT_LE(page->movements.size(), static_cast<std::size_t>(query.limit));
    for (const Movement& movement : page->movements) sequences.push_back(movement.sequence);
    if (page->next_below == 0) return sequences;
    query.below_sequence = page->next_below;
  }
  ADD_FAILURE() << "the log does not end";
  return sequences;
}

TEST_P(ReadConformance, ALogFilteredByType) {
  MakeLog();
  EXPECT_THAT(Follow(store(), {.book = 1, .limit = 2, .type = ChangeType::kDeduct}),
              ElementsAre(10, 8, 6, 4, 2));
  EXPECT_THAT(Follow(store(), {.book = 1, .limit = 100, .type = ChangeType::kRestock}),
              ElementsAre(9, 7, 5, 3, 1));
  EXPECT_THAT(Follow(store(), {.book = 1, .type = ChangeType::kExpire}), IsEmpty());
}

TEST_P(ReadConformance, ALogFilteredByOrder) {
  MakeLog();
  Run(Release{1, 1004, 0, {}});
  EXPECT_THAT(Follow(store(), {.book = 1, .limit = 1, .order = 1004}), ElementsAre(11, 4));
  EXPECT_THAT(Follow(store(), {.book = 1, .order = 4711}), IsEmpty());
}

TEST_P(ReadConformance, ALogFilteredByTime) {
  const TimeMs start = clock_.Now();
  MakeLog();  // sequence s at start + 10 (s - 1)
  EXPECT_THAT(Follow(store(), {.book = 1, .since = start + 70}), ElementsAre(10, 9, 8));
  EXPECT_THAT(Follow(store(), {.book = 1, .until = start + 20}), ElementsAre(2, 1));
  EXPECT_THAT(Follow(store(), {.book = 1, .since = start + 20, .until = start + 50}),
              ElementsAre(5, 4, 3));
  EXPECT_THAT(Follow(store(), {.book = 1, .type = ChangeType::kDeduct, .since = start + 70}),
              ElementsAre(10, 8));
}

TEST_P(ReadConformance, AFilteredLogCanBeEnteredAnywhere) {
  MakeLog();
  EXPECT_THAT(
      Follow(store(), {.book = 1, .below_sequence = 7, .limit = 2, .type = ChangeType::kDeduct}),
      ElementsAre(6, 4, 2));
}

// ---- orders -------------------------------------------------------------------------------------

TEST_P(ReadConformance, AnUnknownOrderIsEmpty) {
  const OrderFacts facts = Order(4711);
  EXPECT_TRUE(facts.lines.empty());
  EXPECT_FALSE(facts.reservation);
  EXPECT_TRUE(facts.movements.empty());
}

TEST_P(ReadConformance, ReadingAnOrderWithATombstoneOnAnUnknownBookDoesNotMakeTheBook) {
  Run(Release{7, 1001, 0, {}});
  EXPECT_TRUE(Order(1001).movements.empty());
  const auto stock = ReadStock(store(), {7});
  ASSERT_OK(stock);
  EXPECT_FALSE(stock->front().known);
}

TEST_P(ReadConformance, AnOrdersLinesByBookAndMovementsOldestFirst) {
  Stock(1, 100);
  Stock(2, 100);
  Stock(3, 100);
  Run(Deduct{3, 1001, 1});
  clock_.Advance(1);
  Hold(1001, {{2, 4}, {1, 5}});
  Run(Deduct{1, 1002, 1});
  Run(Confirm{1001});
  Run(Release{2, 1001, 0, {}});

  const OrderFacts facts = Order(1001);
  EXPECT_THAT(facts.lines, ElementsAre(OrderFacts::Line{1, {LineState::kSoldByConfirm, 5, 0}},
                                       OrderFacts::Line{2, {LineState::kReturned, 4, 4}},
                                       OrderFacts::Line{3, {LineState::kSoldByDeduct, 1, 0}}));
  std::vector<std::pair<BookId, ChangeType>> steps;
  for (const Movement& movement : facts.movements) {
    EXPECT_EQ(movement.order, 1001u);
    steps.emplace_back(movement.book, movement.type);
  }
  EXPECT_THAT(steps, ElementsAre(std::pair{BookId{3}, ChangeType::kDeduct},
                                 std::pair{BookId{2}, ChangeType::kReserve},
                                 std::pair{BookId{1}, ChangeType::kReserve},
                                 std::pair{BookId{2}, ChangeType::kConfirm},
                                 std::pair{BookId{1}, ChangeType::kConfirm},
                                 std::pair{BookId{2}, ChangeType::kRelease}));
}

// So that it can be told from facts alone, in every store and after an import (SortOldestFirst).
TEST_P(ReadConformance, WithinAMillisecondAnOrdersMovementsComeStepByStep) {
  for (const BookId book : {1, 2, 3, 4, 5}) Stock(book, 100);
  Run(Deduct{5, 1001, 1});
  Run(Deduct{1, 1001, 1});
  Hold(1001, {{4, 1}, {3, 1}});
  Run(Release{5, 1001, 1, {}});
  Run(Deduct{2, 1001, 1});
  Run(Confirm{1001});
  std::vector<std::pair<BookId, ChangeType>> steps;
  for (const Movement& movement : Order(1001).movements) {
    steps.emplace_back(movement.book, movement.type);
  }
  EXPECT_THAT(
      steps,
      ElementsAre(
          std::pair{BookId{4}, ChangeType::kReserve}, std::pair{BookId{3}, ChangeType::kReserve},
          std::pair{BookId{1}, ChangeType::kDeduct}, std::pair{BookId{2}, ChangeType::kDeduct},
          std::pair{BookId{5}, ChangeType::kDeduct}, std::pair{BookId{4}, ChangeType::kConfirm},
          std::pair{BookId{3}, ChangeType::kConfirm}, std::pair{BookId{5}, ChangeType::kRelease}));
}

TEST_P(ReadConformance, AnOrdersMovementsOnlyWhenWanted) {
  Stock(1, 100);
  Run(Deduct{1, 1001, 1});
  EXPECT_TRUE(Order(1001, false).movements.empty());
  EXPECT_EQ(Order(1001, false).lines.size(), 1u);
  EXPECT_EQ(Order(1001, true).movements.size(), 1u);
}

// ---- due ----------------------------------------------------------------------------------------

TEST_P(ReadConformance, DueEarliestFirstAndNotBeforeTheDeadline) {
  Stock(1, 100);
  const TimeMs start = clock_.Now();
  Run(Reserve{1001, {{1, 1}}, 300});
  Run(Reserve{1002, {{1, 1}}, 100});
  Run(Reserve{1003, {{1, 1}}, 200});
  Run(Reserve{1004, {{1, 1}}, 400});
  EXPECT_THAT(Due(10), IsEmpty());
  clock_.Advance(99);
  EXPECT_THAT(Due(10), IsEmpty());
  clock_.Advance(1);
  EXPECT_THAT(Due(10), ElementsAre(1002));
  clock_.Advance(200);
  EXPECT_EQ(clock_.Now(), start + 300);
  EXPECT_THAT(Due(10), ElementsAre(1002, 1003, 1001));
  EXPECT_THAT(Due(2), ElementsAre(1002, 1003));
}

TEST_P(ReadConformance, WhatEndedIsNotDue) {
  Stock(1, 100);
  Run(Reserve{1001, {{1, 1}}, 100});
  Run(Reserve{1002, {{1, 1}}, 100});
  Run(Reserve{1003, {{1, 1}}, 100});
  Run(Reserve{1004, {{1, 1}}, 100});
  Run(Confirm{1001});
  Run(Cancel{1002, {}});
  Run(Release{1, 1003, 0, {}});
  clock_.Advance(100);
  EXPECT_THAT(Due(10), ElementsAre(1004));
  Run(Expire{1004});
  EXPECT_THAT(Due(10), IsEmpty());
}

FOR_EACH_STORE(ReadConformance);

}  // namespace
}  // namespace inventory
