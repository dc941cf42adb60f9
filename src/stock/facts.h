// Everything a store knows, as values that can be carried to another store.
//
// Facts come in one order, so that two stores which know the same export the same, and what was
// exported, imported and exported again is equal:
//
//   movements     by book, then sequence
//   balances      by book: the figures after the book's last movement
//   order lines   by order, then book; tombstones too
//   reservations  by order
//   request ids   by book, then by the id's bytes
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "stock/types.h"

namespace inventory {

struct BalanceFact {
  BookId book = 0;
  Balance balance;

  friend bool operator==(const BalanceFact&, const BalanceFact&) = default;
};

struct LineFact {
  LineKey key;
  OrderLine line;

  friend bool operator==(const LineFact&, const LineFact&) = default;
};

struct ReservationFact {
  OrderId order = 0;
  Reservation reservation;

  friend bool operator==(const ReservationFact&, const ReservationFact&) = default;
};

struct RequestFact {
  BookId book = 0;
  std::string request_id;
  RequestContent content;

  friend bool operator==(const RequestFact&, const RequestFact&) = default;
};

// In the order they come. A movement's id is 0: it is a name, and every store gives its own.
using Fact = std::variant<Movement, BalanceFact, LineFact, ReservationFact, RequestFact>;

// How many there are of each kind.
struct FactCounts {
  std::uint64_t movements = 0;
  std::uint64_t balances = 0;
  std::uint64_t lines = 0;
  std::uint64_t reservations = 0;
  std::uint64_t requests = 0;

  void Add(const Fact& fact);
  std::uint64_t total() const { return movements + balances + lines + reservations + requests; }
  friend bool operator==(const FactCounts&, const FactCounts&) = default;
};

// "book 5, movement 17", "order 7, book 5", … for messages.
std::string NameOf(const Fact& fact);

}  // namespace inventory
