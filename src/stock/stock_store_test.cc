#include "stock/stock_store.h"

#include <gmock/gmock.h>

namespace inventory {
namespace {

Movement OfBook(BookId book, std::uint64_t sequence, TimeMs time) {
  Movement movement;
  movement.book = book;
  movement.sequence = sequence;
  movement.time = time;
  return movement;
}

std::vector<std::pair<BookId, std::uint64_t>> Sorted(const std::optional<Reservation>& reservation,
                                                     std::vector<Movement> movements) {
  SortOldestFirst(reservation, movements);
  std::vector<std::pair<BookId, std::uint64_t>> order;
  for (const Movement& movement : movements) order.emplace_back(movement.book, movement.sequence);
  return order;
}

TEST(SortOldestFirst, GoesByTimeThenStepThenTheReservationsOrderThenBook) {
  Reservation reservation;
  reservation.lines = {{9, 1}, {2, 1}};
  EXPECT_THAT(Sorted(reservation, {OfBook(2, 5, 100), OfBook(9, 30, 100), OfBook(2, 8, 100),
                                   OfBook(9, 31, 100), OfBook(1, 1, 100), OfBook(3, 1, 50)}),
              testing::ElementsAre(testing::Pair(3, 1), testing::Pair(9, 30), testing::Pair(2, 5),
                                   testing::Pair(1, 1), testing::Pair(9, 31), testing::Pair(2, 8)));
}

TEST(SortOldestFirst, NeedsNoReservation) {
  EXPECT_THAT(Sorted(std::nullopt, {OfBook(2, 1, 100), OfBook(1, 7, 100)}),
              testing::ElementsAre(testing::Pair(1, 7), testing::Pair(2, 1)));
  EXPECT_THAT(Sorted(std::nullopt, {}), testing::IsEmpty());
}

}  // namespace
}  // namespace inventory
