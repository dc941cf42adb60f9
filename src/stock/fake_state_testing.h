// For tests of this folder: facts in maps, and a count of writes.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "stock/rules.h"

namespace inventory {

class FakeState : public StockState {
 public:
  const Balance* FindBook(BookId book) override { return Find(books, book); }
  const OrderLine* FindLine(LineKey key) override { return Find(lines, key); }
  const Reservation* FindReservation(OrderId order) override { return Find(reservations, order); }
  const Reservation* FindOpenReservation(OrderId order) override {
    const Reservation* found = Find(reservations, order);
    return found && found->state == ReservationState::kReserved ? found : nullptr;
  }
  const RequestContent* FindRequest(BookId book, std::string_view request_id) override {
    return Find(requests, {book, std::string(request_id)});
  }

  void Record(Movement movement) override {
    ++writes;
    books[movement.book] = {movement.after, movement.locked_after, movement.sequence};
    movements.push_back(std::move(movement));
  }
  void SetLine(LineKey key, const OrderLine& line) override {
    ++writes;
    lines[key] = line;
  }
  void SetReservation(OrderId order, Reservation reservation) override {
    ++writes;
    reservations[order] = std::move(reservation);
  }
  void SetRequest(BookId book, std::string_view request_id,
                  const RequestContent& content) override {
    ++writes;
    requests[{book, std::string(request_id)}] = content;
  }

  std::map<BookId, Balance> books;
  std::map<LineKey, OrderLine> lines;
  std::map<OrderId, Reservation> reservations;
  std::map<std::pair<BookId, std::string>, RequestContent> requests;
  std::vector<Movement> movements;
  int writes = 0;

 private:
  template <typename Map>
  static const typename Map::mapped_type* Find(const Map& map, const typename Map::key_type& key) {
    const auto found = map.find(key);
    return found == map.end() ? nullptr : &found->second;
  }
};

}  // namespace inventory
