// The facts a batch is decided from, and what it came to.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/btree_set.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "mysql/rows.h"
#include "stock/command.h"
#include "stock/rules.h"
#include "stock/stock_store.h"

namespace inventory {

// What a batch needs to know, ascending: locks are taken in this order.
struct NeededFacts {
  absl::btree_set<OrderId> reservations;  // orders whose reservation, and its lines, are needed
  absl::btree_set<BookId> books;
  absl::btree_set<OrderId> orders;  // whose lines are needed
  absl::btree_set<std::pair<BookId, std::string>> requests;

  // What the command's own fields name. A line command does not ask for its order's reservation:
  // most orders have none, and one that has shows by its lines.
  void Add(const Command& command);
  // What an import asks of the state for this fact (stock/stock_import.h).
  void Add(const Fact& fact);
};

// Loaded by a transaction, then decided on. Used by one thread.
class BatchFacts : public StockState {
 public:
  void LoadBook(const BookStock& stock);
  void LoadLine(const StoredLine& line);
  void LoadReservation(OrderId order, Reservation reservation);
  void LoadRequest(const StoredRequest& request);

  // Orders with a line that an open reservation holds, whose reservation was not loaded: it was not
  // asked for, or another instance has made it since. While there are any, nothing may be decided.
  std::vector<OrderId> UnseenReservations() const;
  // Whether one of these reservations was not there when it was asked for, and its order's lines,
  // which were read later, were reserved: another instance has made it meanwhile, and perhaps ended
  // it, so all is to be loaded again.
  bool HasMissed(const absl::btree_set<OrderId>& reservations) const;

  const Balance* FindBook(BookId book) override;
  const OrderLine* FindLine(LineKey key) override;
  const Reservation* FindReservation(OrderId order) override;
  const Reservation* FindOpenReservation(OrderId order) override;
  const RequestContent* FindRequest(BookId book, std::string_view request_id) override;
  void Record(Movement movement) override;
  void SetLine(LineKey key, const OrderLine& line) override;
  void SetReservation(OrderId order, Reservation reservation) override;
  void SetRequest(BookId book, std::string_view request_id, const RequestContent& content) override;

  // The rows that make the results durable.
  void Write(RowStatements& statements) const;
  // How many lines have become one.
  std::uint64_t tombstones() const { return tombstones_; }
  std::vector<StockChanged> TakeChanges() { return std::move(changes_); }

 private:
  struct Book {
    Balance balance;
    bool stored = false;
    bool changed = false;
    TimeMs time = 0;  // of its last movement here
  };
  struct Line {
    OrderLine line;
    bool stored = false;
    bool changed = false;
  };
  struct OrderReservation {
    Reservation reservation;
    bool stored = false;
    bool changed = false;
  };

  void WriteLines(RowStatements& statements) const;
  // Of the lines of reservations made here: their places.
  absl::flat_hash_map<LineKey, std::uint32_t> NewPositions() const;

  absl::flat_hash_map<BookId, Book> books_;
  absl::flat_hash_map<LineKey, Line> lines_;
  absl::flat_hash_map<OrderId, OrderReservation> reservations_;
  absl::flat_hash_set<OrderId> holding_;   // with a line loaded as reserved
  absl::flat_hash_set<OrderId> reserved_;  // with a line that is or was
  struct Request {
    RequestContent content;
    bool stored = false;
    bool changed = false;
  };
  absl::flat_hash_map<std::pair<BookId, std::string>, Request> requests_;
  std::vector<Movement> movements_;
  std::vector<LineKey> changed_lines_;  // in the order of the first change
  std::vector<StockChanged> changes_;
  std::uint64_t tombstones_ = 0;
};

}  // namespace inventory
