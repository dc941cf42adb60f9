// The nouns of the domain. Plain values: no I/O, no clock, no locks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"

namespace inventory {

using BookId = std::uint64_t;   // the SKU; 0 is no book
using OrderId = std::uint64_t;  // given by the caller; 0 is no order

// Units of stock. Available, locked and their sum stay within 0 … kMaxStock; sums are taken in 64
// bits before they are compared.
using Quantity = std::int32_t;
inline constexpr std::int64_t kMaxStock = std::numeric_limits<Quantity>::max();

inline constexpr std::size_t kMaxTextBytes = 255;  // a reason, remark or request id

// A book's figures: available can be sold now, locked is held by open reservations.
struct Balance {
  Quantity available = 0;
  Quantity locked = 0;
  std::uint64_t sequence = 0;  // of the book's last movement; the first is 1

  std::int64_t total() const { return std::int64_t{available} + locked; }
  friend bool operator==(const Balance&, const Balance&) = default;
};

// What a movement did. The numbers are stored: never reuse one.
enum class ChangeType : std::uint8_t {
  kDeduct = 1,
  kRelease = 2,
  kRestock = 3,
  kReserve = 4,
  kConfirm = 5,
  kCancel = 6,
  kExpire = 7,
  kAdjust = 8,
};

// One change of one book's figures. A book's movements in order of sequence, without a gap, are its
// log: before of the next is after of this one.
struct Movement {
  std::uint64_t id = 0;  // a name, given by the store; rising, not dense
  BookId book = 0;
  std::uint64_t sequence = 0;
  ChangeType type = ChangeType::kDeduct;
  Quantity quantity = 0;  // never negative; the direction is after - before
  Quantity before = 0;    // available
  Quantity after = 0;     // available
  Quantity locked_after = 0;
  OrderId order = 0;  // 0: no order
  TimeMs time = 0;
  std::string request_id;
  std::string remark;
  std::string actor;  // who asked, where access is controlled

  friend bool operator==(const Movement&, const Movement&) = default;
};

// An order line is one intent for ever: what an order holds of a book.
struct LineKey {
  OrderId order = 0;
  BookId book = 0;

  friend bool operator==(const LineKey&, const LineKey&) = default;
  friend auto operator<=>(const LineKey&, const LineKey&) = default;
  template <typename H>
  friend H AbslHashValue(H h, const LineKey& key) {
    return H::combine(std::move(h), key.order, key.book);
  }
};

// The numbers are stored: never reuse one. "None" is the absence of a line.
enum class LineState : std::uint8_t {
  kReserved = 1,
  kSoldByDeduct = 2,
  kSoldByConfirm = 3,
  kReturned = 4,   // released by the caller
  kExpired = 5,    // released by its reservation's deadline
  kTombstone = 6,  // a release came first: a later deduct must not sell
};

struct OrderLine {
  LineState state = LineState::kTombstone;
  Quantity quantity = 0;
  Quantity released_quantity = 0;  // so that partial returns can come later

  friend bool operator==(const OrderLine&, const OrderLine&) = default;
};

// The numbers are stored: never reuse one. "None" is the absence of a reservation.
enum class ReservationState : std::uint8_t {
  kReserved = 1,
  kConfirmed = 2,
  kCancelled = 3,
  kExpired = 4,
};

struct ReservedLine {
  BookId book = 0;
  Quantity quantity = 0;

  friend bool operator==(const ReservedLine&, const ReservedLine&) = default;
};

// An order has at most one.
struct Reservation {
  ReservationState state = ReservationState::kReserved;
  TimeMs deadline = 0;
  // A cancel that came before its reservation: it has no lines and refuses a later reserve.
  bool remembered = false;
  std::vector<ReservedLine> lines;  // added up, one a book, in the order first named

  // A deadline that is now has passed.
  bool Passed(TimeMs now) const { return state == ReservationState::kReserved && deadline <= now; }
  friend bool operator==(const Reservation&, const Reservation&) = default;
};

// What a request id of restock or adjust stands for. Two requests are the same when these figures
// are; the remark or reason is a note and is not compared.
struct RequestContent {
  ChangeType type = ChangeType::kRestock;
  bool set_to = false;    // adjust: `quantity` is the new stock, not a difference
  Quantity quantity = 0;  // adjust: signed
  bool has_expected = false;
  Quantity expected = 0;

  friend bool operator==(const RequestContent&, const RequestContent&) = default;
};

// "deduct", "release", … as on the wire and in the log.
std::string_view Name(ChangeType type);
// Null where no type has this name.
const ChangeType* FindChangeType(std::string_view name);
// "reserved", "sold_by_deduct", …
std::string_view Name(LineState state);
// Null where no state has this name.
const LineState* FindLineState(std::string_view name);
// "reserved", "confirmed", "cancelled", "expired"
std::string_view Name(ReservationState state);

}  // namespace inventory
