// Entries of an outbox as the scripts of the redis store write them, made by the rules.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "mysql/batch_facts.h"
#include "redis/outbox_entry.h"
#include "stock/ledger.h"
#include "stock/rules.h"

namespace inventory {

// A store that is all outbox. Used by one thread.
class OutboxMaker : private StockState {
 public:
  explicit OutboxMaker(std::uint64_t epoch) : epoch_(epoch) {}

  // Decides the commands at `time`; their entry. The replies are in `replies`.
  RememberedEntry Make(TimeMs time, std::vector<Command> commands) {
    written_.clear();
    replies.clear();
    for (const Command& command : commands) replies.push_back(Decide(command, time, *this));
    return {epoch_, next_++, time, EncodeChanges(written_)};
  }
  template <typename Verb>
  RememberedEntry Make(TimeMs time, Verb verb) {
    return Make(time, std::vector<Command>{{std::move(verb), nullptr}});
  }

  Balance Book(BookId book) {
    const Balance* found = facts_.FindBook(book);
    return found ? *found : Balance{};
  }
  // The store goes on from the ledger's figures in another epoch.
  void BeginEpoch(std::uint64_t epoch) {
    epoch_ = epoch;
    next_ = 0;
  }
  std::uint64_t next() const { return next_; }

  std::vector<Reply> replies;

 private:
  const Balance* FindBook(BookId book) override { return facts_.FindBook(book); }
  const OrderLine* FindLine(LineKey key) override { return facts_.FindLine(key); }
  const Reservation* FindReservation(OrderId order) override {
    return facts_.FindReservation(order);
  }
  const Reservation* FindOpenReservation(OrderId order) override {
    return facts_.FindOpenReservation(order);
  }
  const RequestContent* FindRequest(BookId book, std::string_view request_id) override {
    return facts_.FindRequest(book, request_id);
  }
  void Record(Movement movement) override {
    written_.push_back(movement);
    facts_.Record(std::move(movement));
  }
  void SetLine(LineKey key, const OrderLine& line) override {
    if (line.state == LineState::kTombstone) written_.push_back(LineFact{key, line});
    facts_.SetLine(key, line);
  }
  void SetReservation(OrderId order, Reservation reservation) override {
    written_.push_back(ReservationFact{order, reservation});
    facts_.SetReservation(order, std::move(reservation));
  }
  void SetRequest(BookId book, std::string_view request_id,
                  const RequestContent& content) override {
    written_.push_back(RequestFact{book, std::string(request_id), content});
    facts_.SetRequest(book, request_id, content);
  }

  std::uint64_t epoch_;
  std::uint64_t next_ = 0;
  std::vector<Fact> written_;
  BatchFacts facts_;
};

}  // namespace inventory
