#include "tests/conformance/conformance.h"

#include <algorithm>
#include <map>
#include <set>

#include "absl/strings/str_cat.h"

namespace inventory {
namespace {

constexpr OrderId kFirstOrder = 1001;
constexpr OrderId kLastOrder = 1009;

std::vector<Movement> WholeLog(StockStore& store, BookId book) {
  auto page = ReadMovements(store, {.book = book, .limit = 1'000});
  EXPECT_OK(page);
  if (!page.ok()) return {};
  EXPECT_EQ(page->next_below, 0u);
  std::reverse(page->movements.begin(), page->movements.end());
  return std::move(page->movements);
}

// Every outcome each store has answered, over the whole run.
std::map<std::string, std::set<Outcome>>& OutcomesSeen() {
  static auto& seen = *new std::map<std::string, std::set<Outcome>>;
  return seen;
}

// Rows of the table that never come from a store: the request's own faults are found before it
// (service/validate.h), and an unknown book is what a read makes of `known`.
bool ComesFromAStore(Outcome outcome) {
  return outcome >= Outcome::kDuplicateOrder && outcome != Outcome::kBookNotFound;
}

// The suite proves nothing about an outcome it never saw.
class CompletenessCheck : public testing::Environment {
 public:
  void TearDown() override {
    if (GTEST_FLAG_GET(filter) != "*") return;  // only part of the suite ran
    for (const StoreUnderTest& store : StoresUnderTest()) {
      for (int i = 0; i < kOutcomeCount; ++i) {
        const auto outcome = static_cast<Outcome>(i);
        EXPECT_EQ(OutcomesSeen()[store.name].count(outcome), ComesFromAStore(outcome) ? 1u : 0u)
            << store.name << ": " << Info(outcome).enumerator;
      }
    }
  }
};

[[maybe_unused]] const auto* const kCompletenessCheck =
    testing::AddGlobalTestEnvironment(new CompletenessCheck);

}  // namespace

void RecordingObserver::OnChanges(const std::vector<StockChanged>& changes) {
  MutexLock lock(mutex_);
  changes_.insert(changes_.end(), changes.begin(), changes.end());
}

std::vector<StockChanged> RecordingObserver::Take() {
  MutexLock lock(mutex_);
  return std::exchange(changes_, {});
}

void ConformanceTest::Fresh() {
  if (store_) {
    EXPECT_OK(store_->Close());
    store_.reset();
  }
  folder_ = std::make_unique<TempFolder>();
  auto made = GetParam().make(clock_, folder_->path());
  ASSERT_OK(made);
  store_ = std::move(made).value();
  observer_.Take();
  store_->Observe(&observer_);
}

void ConformanceTest::TearDown() {
  if (store_) {
    EXPECT_OK(store_->Close());
  }
}

std::vector<Reply> ConformanceTest::RunAll(std::vector<Command> batch) {
  const std::size_t size = batch.size();
  absl::StatusOr<std::vector<Reply>> replies = Apply(store(), std::move(batch));
  EXPECT_OK(replies);
  if (!replies.ok() || replies->size() != size) {
    ADD_FAILURE() << "not one reply a command";
    return std::vector<Reply>(size);
  }
  std::set<Outcome>& seen = OutcomesSeen()[GetParam().name];
  for (const Reply& reply : *replies) {
    seen.insert(reply.outcome);
    for (const LineReply& line : reply.lines) seen.insert(line.outcome);
  }
  return *std::move(replies);
}

void ConformanceTest::Hold(OrderId order, std::vector<ReservedLine> lines) {
  EXPECT_EQ(Run(Reserve{order, std::move(lines), kTtl}).outcome, Outcome::kReserved);
}

void ConformanceTest::HoldAndPass(OrderId order, std::vector<ReservedLine> lines) {
  Hold(order, std::move(lines));
  clock_.Advance(kTtl);
}

Balance ConformanceTest::ReadBook(BookId book) {
  const auto stock = ReadStock(store(), {book});
  EXPECT_OK(stock);
  if (!stock.ok() || stock->size() != 1) return {};
  const Balance balance = stock->front().balance;
  EXPECT_GE(balance.available, 0);
  EXPECT_GE(balance.locked, 0);
  EXPECT_LE(balance.total(), kMaxStock);
  return balance;
}

OrderFacts ConformanceTest::Order(OrderId order, bool want_movements) {
  auto facts = ReadOrder(store(), order, want_movements);
  EXPECT_OK(facts);
  return facts.ok() ? *std::move(facts) : OrderFacts{};
}

std::optional<LineState> ConformanceTest::LineOf(OrderId order, BookId book) {
  for (const OrderFacts::Line& line : Order(order).lines) {
    if (line.book == book) return line.line.state;
  }
  return std::nullopt;
}

std::optional<ReservationState> ConformanceTest::ReservationOf(OrderId order) {
  const OrderFacts facts = Order(order);
  if (!facts.reservation) return std::nullopt;
  return facts.reservation->state;
}

MovementPage ConformanceTest::Log(const MovementQuery& query) {
  auto page = ReadMovements(store(), query);
  EXPECT_OK(page);
  return page.ok() ? *std::move(page) : MovementPage{};
}

std::vector<Movement> ConformanceTest::WholeLog(BookId book) {
  return inventory::WholeLog(store(), book);
}

std::string Everything(StockStore& store) {
  std::string text;
  const auto page = ListStock(store, {.limit = 1'000});
  EXPECT_OK(page);
  if (!page.ok()) return text;
  for (const BookStock& stock : page->books) {
    absl::StrAppend(&text, "book ", stock.book, " ", Text(stock.balance), "\n");
    for (const Movement& movement : WholeLog(store, stock.book)) {
      absl::StrAppend(&text, Text(movement), "\n");
    }
  }
  for (OrderId order = kFirstOrder; order <= kLastOrder; ++order) {
    const auto facts = ReadOrder(store, order);
    EXPECT_OK(facts);
    if (facts.ok()) absl::StrAppend(&text, "order ", order, "\n", Text(*facts));
  }
  return text;
}

}  // namespace inventory
