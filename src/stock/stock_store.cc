#include "stock/stock_store.h"

#include <algorithm>
#include <cstddef>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_map.h"

namespace inventory {

bool MatchesFilter(const Movement& movement, const MovementQuery& query) {
  return (query.order == 0 || movement.order == query.order) &&
         (!query.type || movement.type == *query.type) &&
         (query.since == 0 || movement.time >= query.since) &&
         (query.until == 0 || movement.time < query.until);
}

void SortOldestFirst(const std::optional<Reservation>& reservation,
                     std::vector<Movement>& movements) {
  absl::flat_hash_map<BookId, std::size_t> places;
  if (reservation) {
    for (const ReservedLine& line : reservation->lines) places.emplace(line.book, places.size());
  }
  std::sort(movements.begin(), movements.end(), [](const Movement& a, const Movement& b) {
    return std::tie(a.book, a.sequence) < std::tie(b.book, b.sequence);
  });
  struct Keyed {
    std::tuple<TimeMs, std::size_t, std::size_t, BookId> key;
    Movement movement;
  };
  std::vector<Keyed> keyed;
  keyed.reserve(movements.size());
  std::size_t step = 0;  // how many movements of the line came before
  for (Movement& movement : movements) {
    step = !keyed.empty() && keyed.back().movement.book == movement.book ? step + 1 : 0;
    const auto found = places.find(movement.book);
    const std::size_t place = found == places.end() ? places.size() : found->second;
    const auto key = std::tuple(movement.time, step, place, movement.book);
    keyed.push_back({key, std::move(movement)});
  }
  std::sort(keyed.begin(), keyed.end(),
            [](const Keyed& a, const Keyed& b) { return a.key < b.key; });
  movements.clear();
  for (Keyed& each : keyed) movements.push_back(std::move(each.movement));
}

namespace {

absl::Status NotKeptInTwoPlaces() {
  return absl::UnimplementedError("this store keeps its stock in one place, without a ledger");
}

}  // namespace

void StockStore::Reconcile(const ReconcileQuery&, Done<ReconcilePage> done) {
  done(NotKeptInTwoPlaces());
}

void StockStore::ListQuarantine(BookId, int, Done<std::vector<QuarantinedBook>> done) {
  done(NotKeptInTwoPlaces());
}

void StockStore::RetryQuarantine(BookId, Done<QuarantineResult> done) {
  done(NotKeptInTwoPlaces());
}

void StockStore::SkipQuarantine(BookId, Done<QuarantineResult> done) { done(NotKeptInTwoPlaces()); }

void StockStore::HandOver(const std::string&, Done<std::string> done) {
  done(absl::UnimplementedError(
      "this store's stock is in no database that another could take over: export it"));
}

}  // namespace inventory
