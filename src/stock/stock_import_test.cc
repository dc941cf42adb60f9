// Which facts no stock could have come to, and what the state is told of those it could.
#include "stock/stock_import.h"

#include <gmock/gmock.h>

#include <functional>
#include <string>
#include <vector>

#include "base/status_matchers.h"
#include "stock/fake_state_testing.h"

namespace inventory {
namespace {

constexpr BookId kBook = 5;
constexpr BookId kOther = 6;

// One book's log as it grows: every figure follows from the ones before.
class LogOf {
 public:
  explicit LogOf(BookId book) { last_.book = book; }

  LogOf& Then(ChangeType type, Quantity quantity, OrderId order, Quantity available,
              Quantity locked = 0) {
    last_.sequence += 1;
    last_.type = type;
    last_.quantity = quantity;
    last_.before = last_.after;
    last_.after += available;
    last_.locked_after += locked;
    last_.order = order;
    last_.time += 10;
    last_.request_id.clear();
    movements_.push_back(last_);
    return *this;
  }
  LogOf& WithRequest(const std::string& id) {
    movements_.back().request_id = id;
    return *this;
  }
  const std::vector<Movement>& movements() const { return movements_; }
  Balance balance() const { return {last_.after, last_.locked_after, last_.sequence}; }

 private:
  Movement last_;
  std::vector<Movement> movements_;
};

// Two books, and something of everything.
struct Stock {
  std::vector<Movement> movements;
  std::vector<BalanceFact> balances;
  std::vector<LineFact> lines;
  std::vector<ReservationFact> reservations;
  std::vector<RequestFact> requests;

  Stock() {
    LogOf book(kBook);
    book.Then(ChangeType::kRestock, 100, 0, 100).WithRequest("a");  // 1
    book.Then(ChangeType::kDeduct, 3, 10, -3);
    book.Then(ChangeType::kReserve, 5, 11, -5, 5);  // 3: stays open
    book.Then(ChangeType::kReserve, 6, 12, -6, 6);
    book.Then(ChangeType::kConfirm, 6, 12, 0, -6);  // 5
    book.Then(ChangeType::kRelease, 6, 12, 6);
    book.Then(ChangeType::kReserve, 7, 13, -7, 7);  // 7
    book.Then(ChangeType::kExpire, 7, 13, 7, -7);
    book.Then(ChangeType::kAdjust, 2, 0, -2).WithRequest("b");  // 9: 95 to 90
    book.Then(ChangeType::kAdjust, 0, 0, 0).WithRequest("c");
    LogOf other(kOther);
    other.Then(ChangeType::kRestock, 50, 0, 50);
    other.Then(ChangeType::kReserve, 1, 12, -1, 1);
    other.Then(ChangeType::kConfirm, 1, 12, 0, -1);
    other.Then(ChangeType::kReserve, 2, 14, -2, 2);
    other.Then(ChangeType::kRelease, 2, 14, 2, -2);  // its only line
    other.Then(ChangeType::kReserve, 4, 15, -4, 4);
    other.Then(ChangeType::kCancel, 4, 15, 4, -4);
    movements = book.movements();
    movements.insert(movements.end(), other.movements().begin(), other.movements().end());
    balances = {{kBook, book.balance()}, {kOther, other.balance()}};
    lines = {{{10, kBook}, {LineState::kSoldByDeduct, 3, 0}},
             {{11, kBook}, {LineState::kReserved, 5, 0}},
             {{12, kBook}, {LineState::kReturned, 6, 6}},
             {{12, kOther}, {LineState::kSoldByConfirm, 1, 0}},
             {{13, kBook}, {LineState::kExpired, 7, 7}},
             {{14, kOther}, {LineState::kReturned, 2, 2}},
             {{15, kOther}, {LineState::kReturned, 4, 4}},
             {{16, 99}, {LineState::kTombstone, 0, 0}}};
    reservations = {{11, {ReservationState::kReserved, 900, false, {{kBook, 5}}}},
                    {12, {ReservationState::kConfirmed, 900, false, {{kOther, 1}, {kBook, 6}}}},
                    {13, {ReservationState::kExpired, 60, false, {{kBook, 7}}}},
                    {14, {ReservationState::kCancelled, 900, false, {{kOther, 2}}}},
                    {15, {ReservationState::kCancelled, 900, false, {{kOther, 4}}}},
                    {17, {ReservationState::kCancelled, 0, true, {}}}};
    const Quantity before = book.movements()[8].before;
    requests = {{kBook, "a", {ChangeType::kRestock, false, 100, false, 0}},
                {kBook, "b", {ChangeType::kAdjust, false, -2, true, before}},
                {kBook, "c", {ChangeType::kAdjust, true, before - 2, false, 0}}};
  }

  std::vector<Fact> facts() const {
    std::vector<Fact> facts(movements.begin(), movements.end());
    facts.insert(facts.end(), balances.begin(), balances.end());
    facts.insert(facts.end(), lines.begin(), lines.end());
    facts.insert(facts.end(), reservations.begin(), reservations.end());
    facts.insert(facts.end(), requests.begin(), requests.end());
    return facts;
  }
};

absl::Status Import(const std::vector<Fact>& facts, FakeState& state) {
  StockImport import(state);
  for (const Fact& fact : facts) {
    if (absl::Status added = import.Add(fact); !added.ok()) return added;
  }
  return import.Finish();
}

TEST(StockImport, PutsEveryFactIntoTheState) {
  const Stock stock;
  FakeState state;
  ASSERT_OK(Import(stock.facts(), state));
  EXPECT_EQ(state.movements, stock.movements);
  EXPECT_EQ(state.lines.size(), stock.lines.size());
  for (const LineFact& line : stock.lines) EXPECT_EQ(state.lines.at(line.key), line.line);
  EXPECT_EQ(state.reservations.size(), stock.reservations.size());
  for (const ReservationFact& each : stock.reservations) {
    EXPECT_EQ(state.reservations.at(each.order), each.reservation);
  }
  EXPECT_EQ(state.requests.size(), stock.requests.size());
  for (const RequestFact& request : stock.requests) {
    EXPECT_EQ((state.requests.at({request.book, request.request_id})), request.content);
  }
}

TEST(StockImport, CountsWhatItTook) {
  const Stock stock;
  FakeState state;
  StockImport import(state);
  for (const Fact& fact : stock.facts()) ASSERT_OK(import.Add(fact));
  EXPECT_EQ(import.counts(), (FactCounts{17, 2, 8, 6, 3}));
  FakeState none;
  EXPECT_OK(StockImport(none).Finish());
}

struct BadStock {
  std::string refusal;
  std::function<void(Stock&)> damage;
};

void ExpectRefused(const std::vector<BadStock>& table) {
  for (const BadStock& bad : table) {
    Stock stock;
    bad.damage(stock);
    FakeState state;
    EXPECT_THAT(Import(stock.facts(), state),
                StatusIs(absl::StatusCode::kInvalidArgument, bad.refusal));
  }
}

template <typename T>
void Drop(std::vector<T>& from, int index) {
  from.erase(from.begin() + index);
}
template <typename T>
void Repeat(std::vector<T>& in, int index) {
  in.insert(in.begin() + index, in[static_cast<std::size_t>(index)]);
}

TEST(StockImport, RefusesALogThatIsNone) {
  ExpectRefused({
      {"book 5, movement 3: there is a gap", [](Stock& s) { Drop(s.movements, 1); }},
      {"book 5, movement 2: there is a gap", [](Stock& s) { Drop(s.movements, 0); }},
      {"book 5, movement 2: comes after book 5, movement 2",
       [](Stock& s) { Repeat(s.movements, 1); }},
      {"book 5, movement 1: comes after book 6, movement 7",
       [](Stock& s) {
         std::rotate(s.movements.begin(), s.movements.begin() + 10, s.movements.end());
       }},
      {"book 5, movement 2: it starts at 99 available, the movement before it ended at 100",
       [](Stock& s) { s.movements[1].before = 99; }},
      {"book 5, movement 1: it starts at 1 available", [](Stock& s) { s.movements[0].before = 1; }},
      {"book 5, movement 2: deduct 3 makes 97 available and 0 locked, not 98 and 0",
       [](Stock& s) { s.movements[1].after = 98; }},
      {"book 5, movement 2: deduct 3 makes 97 available and 0 locked, not 97 and 1",
       [](Stock& s) { s.movements[1].locked_after = 1; }},
      {"book 5, movement 6: release 6 makes", [](Stock& s) { s.movements[5].locked_after = 0; }},
      {"book 6, movement 5: release 2 makes", [](Stock& s) { s.movements[14].locked_after = 2; }},
      {"book 5, movement 9: adjust 3 makes", [](Stock& s) { s.movements[8].quantity = 3; }},
      {"book 5, movement 3: its quantity is 0", [](Stock& s) { s.movements[2].quantity = 0; }},
      {"book 5, movement 2: its time is before", [](Stock& s) { s.movements[1].time = 9; }},
      {"book 5, movement 1: its time is before", [](Stock& s) { s.movements[0].time = -1; }},
      {"book 5, movement 1: a restock of order 3", [](Stock& s) { s.movements[0].order = 3; }},
      {"book 5, movement 2: a deduct of order 0", [](Stock& s) { s.movements[1].order = 0; }},
      {"book 5, movement 2: a deduct has no request id",
       [](Stock& s) { s.movements[1].request_id = "x"; }},
      {"book 5, movement 1: a text has more than 255 bytes",
       [](Stock& s) { s.movements[0].remark.assign(256, 'x'); }},
      {"book 0, movement 1: the book's id is 0", [](Stock& s) { s.movements[0].book = 0; }},
  });
}

TEST(StockImport, RefusesFiguresOutOfRange) {
  LogOf below(kBook);
  below.Then(ChangeType::kRestock, 2, 0, 2).Then(ChangeType::kDeduct, 3, 1, -3);
  LogOf past(kBook);
  past.Then(ChangeType::kRestock, kMaxStock, 0, kMaxStock).Then(ChangeType::kReserve, 9, 1, -9, 9);
  past.Then(ChangeType::kRestock, 1, 0, 1);
  for (const LogOf& log : {below, past}) {
    FakeState state;
    EXPECT_THAT(Import({log.movements().begin(), log.movements().end()}, state),
                StatusIs(absl::StatusCode::kInvalidArgument, "are out of range"));
  }
}

// Each a verb, and what the line was before it.
TEST(StockImport, RefusesAMovementThatItsLineCannotHave) {
  const auto refused = [](const std::string& refusal, LogOf log) {
    FakeState state;
    EXPECT_THAT(Import({log.movements().begin(), log.movements().end()}, state),
                StatusIs(absl::StatusCode::kInvalidArgument, refusal));
  };
  const auto start = [] { return LogOf(kBook).Then(ChangeType::kRestock, 100, 0, 100); };
  const auto sold = [&] { return start().Then(ChangeType::kDeduct, 2, 1, -2); };
  const auto held = [&] { return start().Then(ChangeType::kReserve, 2, 1, -2, 2); };
  refused("deduct 2 of order 1, whose line is sold_by_deduct 2, 0 released",
          sold().Then(ChangeType::kDeduct, 2, 1, -2));
  refused("reserve 2 of order 1, whose line is sold_by_deduct",
          sold().Then(ChangeType::kReserve, 2, 1, -2, 2));
  refused("confirm 2 of order 1, whose line is sold_by_deduct",
          sold().Then(ChangeType::kConfirm, 2, 1, 0, -2));
  refused("release 1 of order 1, whose line is sold_by_deduct 2",
          sold().Then(ChangeType::kRelease, 1, 1, 1));
  refused("release 2 of order 2, whose line is none", sold().Then(ChangeType::kRelease, 2, 2, 2));
  refused("release 2 of order 1, whose line is returned 2, 2 released",
          sold().Then(ChangeType::kRelease, 2, 1, 2).Then(ChangeType::kRelease, 2, 1, 2));
  refused("deduct 2 of order 1, whose line is reserved",
          held().Then(ChangeType::kDeduct, 2, 1, -2));
  refused("confirm 1 of order 1, whose line is reserved 2",
          held().Then(ChangeType::kConfirm, 1, 1, 0, -1));
  refused("cancel 2 of order 1, whose line is sold_by_confirm",
          held().Then(ChangeType::kConfirm, 2, 1, 0, -2).Then(ChangeType::kCancel, 2, 1, 2, -2));
  refused("expire 2 of order 1, whose line is returned",
          held().Then(ChangeType::kCancel, 2, 1, 2, -2).Then(ChangeType::kExpire, 2, 1, 2, -2));
}

TEST(StockImport, RefusesWhatTheMovementsDidNotCometo) {
  ExpectRefused({
      {"balance of book 5: it is 91 available",
       [](Stock& s) { ++s.balances[0].balance.available; }},
      {"balance of book 5: it is", [](Stock& s) { --s.balances[0].balance.locked; }},
      {"balance of book 5: it is", [](Stock& s) { ++s.balances[0].balance.sequence; }},
      {"balance of book 7: no movement has made the book",
       [](Stock& s) { s.balances[1].book = 7; }},
      {"balance of book 5: comes after", [](Stock& s) { Repeat(s.balances, 0); }},
      {"of 2 books with movements 1 have a balance", [](Stock& s) { Drop(s.balances, 1); }},

      {"line of order 10, book 5: it is sold_by_deduct 4",
       [](Stock& s) { s.lines[0].line.quantity = 4; }},
      {"line of order 10, book 5: it is sold_by_confirm 3, 0 released, its movements make it "
       "sold_by_deduct 3",
       [](Stock& s) { s.lines[0].line.state = LineState::kSoldByConfirm; }},
      {"line of order 12, book 5: it is returned 6, 5",
       [](Stock& s) { s.lines[2].line.released_quantity = 5; }},
      {"line of order 9, book 5: no movement has made the line",
       [](Stock& s) { s.lines[0].key.order = 9; }},
      {"line of order 10, book 5: comes after", [](Stock& s) { Repeat(s.lines, 0); }},
      {"line of order 10, book 5: comes after line of order 11, book 5",
       [](Stock& s) { std::swap(s.lines[0], s.lines[1]); }},
      {"line of order 10, book 5: it is a tombstone, but its movements make it sold_by_deduct",
       [](Stock& s) {
         s.lines[0].line = {LineState::kTombstone, 0, 0};
       }},
      {"line of order 16, book 99: a tombstone has no quantity",
       [](Stock& s) { s.lines[7].line.quantity = 1; }},
      {"line of order 0, book 1: an id is 0",
       [](Stock& s) {
         s.lines.insert(s.lines.begin(), {{0, 1}, {LineState::kTombstone, 0, 0}});
       }},
      {"1 order lines that the movements make are missing", [](Stock& s) { Drop(s.lines, 0); }},
  });
}

TEST(StockImport, RefusesReservationsThatAreNone) {
  ExpectRefused({
      {"reservation of order 11: it is reserved and has 4 of book 5, whose line is reserved 5",
       [](Stock& s) { s.reservations[0].reservation.lines[0].quantity = 4; }},
      {"reservation of order 11: it is reserved and has 5 of book 6, whose line is none",
       [](Stock& s) { s.reservations[0].reservation.lines[0].book = kOther; }},
      {"reservation of order 11: it is confirmed and has 5 of book 5, whose line is reserved",
       [](Stock& s) { s.reservations[0].reservation.state = ReservationState::kConfirmed; }},
      {"reservation of order 12: it is cancelled and has 1 of book 6, whose line is sold",
       [](Stock& s) { s.reservations[1].reservation.state = ReservationState::kCancelled; }},
      {"reservation of order 13: it is reserved and has 7 of book 5, whose line is expired",
       [](Stock& s) { s.reservations[2].reservation.state = ReservationState::kReserved; }},
      {"reservation of order 15: it is expired and has 4 of book 6, whose line is returned",
       [](Stock& s) { s.reservations[4].reservation.state = ReservationState::kExpired; }},
      {"reservation of order 11: it has no deadline",
       [](Stock& s) { s.reservations[0].reservation.deadline = 0; }},
      {"reservation of order 11: it has no line",
       [](Stock& s) { s.reservations[0].reservation.lines.clear(); }},
      {"reservation of order 11: it has no line, or two of one book",
       [](Stock& s) { Repeat(s.reservations[0].reservation.lines, 0); }},
      {"reservation of order 17: a remembered cancel",
       [](Stock& s) { s.reservations[5].reservation.deadline = 1; }},
      {"reservation of order 0: the order's id is 0",
       [](Stock& s) { s.reservations[0].order = 0; }},
      {"reservation of order 11: comes after", [](Stock& s) { Repeat(s.reservations, 0); }},
      {"the reservations do not have the lines that the movements reserved",
       [](Stock& s) { Drop(s.reservations, 0); }},
      {"the reservations do not have the lines that the movements reserved",
       [](Stock& s) { Drop(s.reservations[1].reservation.lines, 0); }},
  });
  // A line that was given back, but never reserved, in a reservation's place for one that was.
  ExpectRefused(
      {{"the reservations do not have the lines that the movements reserved", [](Stock& s) {
          LogOf log(99);
          log.Then(ChangeType::kRestock, 9, 0, 9);
          log.Then(ChangeType::kDeduct, 4, 18, -4).Then(ChangeType::kRelease, 4, 18, 4);
          s.movements.insert(s.movements.end(), log.movements().begin(), log.movements().end());
          s.balances.push_back({99, log.balance()});
          s.lines.push_back({{18, 99}, {LineState::kReturned, 4, 4}});
          s.reservations.back() = {18, {ReservationState::kCancelled, 900, false, {{99, 4}}}};
          Drop(s.reservations, 4);
        }}});
}

TEST(StockImport, RefusesRequestsThatAreNone) {
  ExpectRefused({
      {"request id 'a' of book 5: its content is not",
       [](Stock& s) { s.requests[0].content.quantity = 99; }},
      {"request id 'a' of book 5: its content is not",
       [](Stock& s) { s.requests[0].content.type = ChangeType::kAdjust; }},
      {"request id 'b' of book 5: its content is not",
       [](Stock& s) { s.requests[1].content.set_to = true; }},
      {"request id 'b' of book 5: its content is not",
       [](Stock& s) { ++s.requests[1].content.expected; }},
      {"request id 'c' of book 5: its content is not",
       [](Stock& s) { ++s.requests[2].content.quantity; }},
      {"request id 'c' of book 5: its content is not",
       [](Stock& s) { s.requests[2].content.expected = 7; }},
      {"request id 'aa' of book 5: no movement has it",
       [](Stock& s) { s.requests[0].request_id = "aa"; }},
      {"request id 'a' of book 6: no movement has it",
       [](Stock& s) { s.requests[0].book = kOther; }},
      {"request id 'a' of book 5: comes after request id 'b'",
       [](Stock& s) { std::swap(s.requests[0], s.requests[1]); }},
      {"request id 'a' of book 5: comes after", [](Stock& s) { Repeat(s.requests, 0); }},
      {"1 request ids that the movements have are missing", [](Stock& s) { Drop(s.requests, 2); }},
      {"book 5, movement 9: request id 'a' was done twice",
       [](Stock& s) { s.movements[8].request_id = "a"; }},
  });
}

TEST(StockImport, RefusesKindsOutOfOrder) {
  const Stock stock;
  std::vector<Fact> facts = stock.facts();
  facts.push_back(facts.front());
  FakeState state;
  EXPECT_THAT(Import(facts, state),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "book 5, movement 1: comes after request id 'c' of book 5"));
}

// As they are taken over from the earlier service: it did not keep how much an order bought.
TEST(StockImport, TakesLinesOfUnknownQuantity) {
  LogOf book(kBook);
  book.Then(ChangeType::kRestock, 100, 0, 100);
  book.Then(ChangeType::kDeduct, 0, 10, 0);
  book.Then(ChangeType::kDeduct, 0, 11, 0);
  book.Then(ChangeType::kRelease, 0, 11, 0);
  book.Then(ChangeType::kDeduct, 0, 12, 0);
  book.Then(ChangeType::kRelease, 4, 12, 4);
  std::vector<Fact> facts(book.movements().begin(), book.movements().end());
  facts.emplace_back(BalanceFact{kBook, book.balance()});
  facts.emplace_back(LineFact{{10, kBook}, {LineState::kSoldByDeduct, 0, 0}});
  facts.emplace_back(LineFact{{11, kBook}, {LineState::kReturned, 0, 0}});
  facts.emplace_back(LineFact{{12, kBook}, {LineState::kReturned, 0, 0}});
  FakeState state;
  EXPECT_OK(Import(facts, state));
  EXPECT_EQ((state.lines[{12, kBook}]), (OrderLine{LineState::kReturned, 0, 0}));
  EXPECT_EQ(state.books[kBook].available, 104);

  // Nothing else may move nothing.
  LogOf other(kBook);
  other.Then(ChangeType::kRestock, 100, 0, 100).Then(ChangeType::kReserve, 0, 10, 0);
  FakeState empty;
  EXPECT_THAT(Import({other.movements().begin(), other.movements().end()}, empty),
              StatusIs(absl::StatusCode::kInvalidArgument, "its quantity is 0"));
}

}  // namespace
}  // namespace inventory
