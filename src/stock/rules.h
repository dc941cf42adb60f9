// The rules of stock: what each command does to an order line, a reservation and a book.
//
// One pure function decides a command from the facts a store holds and writes the results back
// through the same interface. Every store on this machine decides with it; a store whose rules run
// elsewhere is held to the same answers by the conformance suite and the simulation.
//
//   line command | none        | reserved q   | sold q        | released q      | tombstone
//   -------------+-------------+--------------+---------------+-----------------+----------
//   deduct n     | short 40100 | 40901        | by deduct and | 40902           | 40902
//                | else sold n |              | n = q: dup    |                 |
//                |             |              | else 40901    |                 |
//   release n    | tombstone,  | only line and| n = q:        | n = q: dup      | 40001
//   (0: all)     | 40001       | n = q:       | released      | else 40901      |
//                |             | released     | else 40901    |                 |
//                |             | else 40901   |               |                 |
//
//   reservation  | none        | reserved     | confirmed     | cancelled       | expired
//   -------------+-------------+--------------+---------------+-----------------+----------
//   reserve      | lines free  | same lines:  | 40901         | 40902           | 40903
//                | and enough: | dup          |               |                 |
//                | reserved    | else 40901   |               |                 |
//   confirm      | 40402       | lines sold   | dup, or 40902 | 40902           | 40903
//                |             |              | all given back|                 |
//   cancel       | remembered, | lines        | 40901         | dup, or 40402   | 40903
//                | 40402       | released     |               | only remembered |
//   expire       | -           | passed:      | -             | -               | -
//                |             | released     |               |                 |
//
// A sold or released q may be kUnknownQuantity, below: then any n is the line's. What a release of
// it says comes back, and a release of all, which nobody can say, is 40901.
//
// A refused command leaves no trace; tombstones, remembered cancels and an expiry that was due are
// the exceptions. Before a command on an order is decided, its reservation, if passed, is expired
// as a whole.
#pragma once

#include <string>
#include <string_view>

#include "stock/command.h"
#include "stock/types.h"

namespace inventory {

// Stands in a line, and in the deduct and release movements that made it, where the stock was taken
// over from the earlier service: that one remembered that an order had bought or given back, not
// how much. No command makes such a line.
inline constexpr Quantity kUnknownQuantity = 0;

// What the rules see of a store, and where they put results. A returned pointer is valid until the
// next call of any method. Used by one thread at a time.
class StockState {
 public:
  virtual ~StockState() = default;

  // Null: unknown.
  virtual const Balance* FindBook(BookId book) = 0;
  virtual const OrderLine* FindLine(LineKey key) = 0;
  virtual const Reservation* FindReservation(OrderId order) = 0;
  // Only whether the order's reservation is open matters, and it is asked before every command on
  // an order: null where it is unknown or ended.
  virtual const Reservation* FindOpenReservation(OrderId order) = 0;
  virtual const RequestContent* FindRequest(BookId book, std::string_view request_id) = 0;

  // The book's figures become `after` (the book is made if unknown) and the movement is logged.
  // The store gives the movement its id.
  virtual void Record(Movement movement) = 0;
  virtual void SetLine(LineKey key, const OrderLine& line) = 0;
  virtual void SetReservation(OrderId order, Reservation reservation) = 0;
  virtual void SetRequest(BookId book, std::string_view request_id,
                          const RequestContent& content) = 0;
};

// Decides the command at `now` and puts its results into `state`.
Reply Decide(const Command& command, TimeMs now, StockState& state);

}  // namespace inventory
