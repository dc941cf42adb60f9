// Says what a store must answer.
//
// A second reading of the design's tables, written the other way round: they stand in
// design_table.inc as rows, the first that fits is taken, and an order's state is what its rows
// have made of it. It shares the domain's values with stock/rules.cc and no line of code.
//
// One thread at a time. Copyable: a copy can run ahead.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "stock/command.h"
#include "stock/stock_store.h"

namespace inventory {

class Auditor {
 public:
  // What the command must come to at `now`. Its effects count from then on.
  Reply Decide(const Command& command, TimeMs now);

  // What reads must show.
  BookStock Stock(BookId book) const;
  std::vector<BookId> Books() const;
  std::vector<OrderId> Orders() const;  // that left any trace
  // Oldest first; ids are 0, the store gives its own.
  const std::vector<Movement>& Log(BookId book) const;
  OrderFacts Order(OrderId order, TimeMs now) const;  // movements included
  std::vector<OrderId> Due(TimeMs now) const;         // earliest first; of one time: by id
  bool HasTombstone(LineKey line) const;

  // What an observer must have been told since the last call.
  std::vector<StockChanged> TakeChanges();

  // How often each row of the tables was taken, by its text; rows never taken are there with 0.
  std::map<std::string, std::uint64_t> RowsTaken() const;

 private:
  enum class Verb { kDeduct, kRelease, kReserve, kConfirm, kCancel, kExpire, kRestock, kAdjust };
  enum class Column;
  enum class When;
  enum class Effect;
  struct Row;
  static const std::vector<Row>& Table();

  struct Line {
    Column column;
    Quantity quantity = 0;
  };
  struct Held {
    Column column;
    TimeMs deadline = 0;
    std::vector<ReservedLine> lines;
  };
  // One command being looked at.
  struct Case {
    Verb verb;
    Column column;
    TimeMs now = 0;
    LineKey line;
    std::int64_t quantity = 0;
    std::vector<std::pair<BookId, std::int64_t>> asked;  // reserve: added up, as first named
    TimeMs ttl = 0;
    bool to = false;  // adjust
    std::optional<Quantity> expected;
    std::string request_id;
    std::string content;  // what the request id stands for
    std::string remark;
    std::string actor;
  };

  Case Read(const Command& command, TimeMs now) const;
  Column ColumnOf(const Case& c) const;
  bool Fits(When when, const Case& c) const;
  void Do(Effect effect, const Case& c);
  Outcome Take(const Case& c);
  Outcome OutcomeOfNewLine(OrderId order, BookId book, std::int64_t quantity) const;
  void ExpireIfDue(OrderId order, TimeMs now, const std::string& actor);
  void Append(const Case& c, BookId book, ChangeType type, std::int64_t quantity,
              std::int64_t available, std::int64_t locked);

  std::map<BookId, std::vector<Movement>> logs_;
  std::map<LineKey, Line> lines_;
  std::map<OrderId, Held> reservations_;
  std::map<OrderId, std::vector<Movement>> order_logs_;
  std::map<std::pair<BookId, std::string>, std::string> requests_;
  std::vector<StockChanged> changes_;
  std::vector<std::uint64_t> taken_;  // by row
};

}  // namespace inventory
