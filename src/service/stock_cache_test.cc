#include "service/stock_cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "base/status_matchers.h"
#include "store/memory/memory_store.h"

namespace inventory {
namespace {

using testing::ElementsAre;
using testing::FieldsAre;

class HandClock : public Clock {
 public:
  TimeMs Now() const override { return now; }
  TimeMs now = 1'000;
};

// Counts the reads that reach a memory store, and holds them back where it is told to.
class CountingStore : public StockStore {
 public:
  explicit CountingStore(const Clock& clock) : store_(MakeMemoryStore(clock)) {}

  void ReadStock(std::vector<BookId> books, Done<std::vector<BookStock>> done) override {
    ++reads;
    absl::StatusOr<std::vector<BookStock>> read;
    store_->ReadStock(std::move(books), [&](auto stocks) { read = std::move(stocks); });
    if (!hold) return done(std::move(read));
    held = [read = std::move(read), done = std::move(done)]() mutable { done(std::move(read)); };
  }
  void Apply(std::vector<Command> batch, Done<std::vector<Reply>> done) override {
    store_->Apply(std::move(batch), std::move(done));
  }
  void ListStock(const StockListQuery&, Done<StockPage>) override {}
  void ReadOrder(OrderId, bool, Done<OrderFacts>) override {}
  void ReadMovements(const MovementQuery&, Done<MovementPage>) override {}
  void ReadDue(int, Done<std::vector<OrderId>>) override {}
  void Export(Done<std::unique_ptr<FactReader>>) override {}
  void Import(Done<std::unique_ptr<FactWriter>>) override {}
  void Observe(StockObserver* observer) override { store_->Observe(observer); }
  StoreStatus Status() override { return store_->Status(); }
  void Backup(const std::string&, Done<BackupResult>) override {}
  void Adopt(bool, Done<AdoptedStock>) override {}
  absl::Status Close() override { return store_->Close(); }

  int reads = 0;
  bool hold = false;
  absl::AnyInvocable<void()> held;

 private:
  std::unique_ptr<StockStore> store_;
};

class StockCacheTest : public testing::Test {
 protected:
  StockCacheTest() { Restock(1, 10); }

  // A change made elsewhere: the cache is not told.
  void Restock(BookId book, Quantity quantity) {
    store_.Apply({{inventory::Restock{book, quantity, "", ""}, nullptr}}, [](auto) {});
  }
  std::vector<Quantity> Read(std::vector<BookId> books) {
    std::vector<Quantity> available;
    cache_.Read(std::move(books), [&](absl::StatusOr<std::vector<BookStock>> stocks) {
      ASSERT_OK(stocks);
      for (const BookStock& stock : *stocks) available.push_back(stock.balance.available);
    });
    return available;
  }

  HandClock clock_;
  CountingStore store_{clock_};
  StockCache cache_{store_, clock_, std::chrono::milliseconds(200)};
};

TEST_F(StockCacheTest, ACopyIsGoodForItsTimeAndNoLonger) {
  EXPECT_THAT(Read({1}), ElementsAre(10));
  Restock(1, 5);
  clock_.now += 199;
  EXPECT_THAT(Read({1}), ElementsAre(10));
  EXPECT_EQ(store_.reads, 1);
  clock_.now += 1;
  EXPECT_THAT(Read({1}), ElementsAre(15));
  EXPECT_EQ(store_.reads, 2);
}

TEST_F(StockCacheTest, WhereOneBookHasNoCopyAllAreRead) {
  EXPECT_THAT(Read({1}), ElementsAre(10));
  Restock(1, 5);
  EXPECT_THAT(Read({1, 2}), ElementsAre(15, 0));
}

TEST_F(StockCacheTest, OwnChangesAreSeenAtOnce) {
  EXPECT_THAT(Read({1}), ElementsAre(10));
  store_.Observe(&cache_);
  Restock(1, 5);
  EXPECT_THAT(Read({1}), ElementsAre(15));
  EXPECT_EQ(store_.reads, 1);
}

TEST_F(StockCacheTest, AReadThatWasOvertakenByAChangeDoesNotTurnItBack) {
  EXPECT_THAT(Read({1}), ElementsAre(10));
  store_.Observe(&cache_);
  clock_.now += 200;
  store_.hold = true;
  cache_.Read({1}, [](auto) {});
  Restock(1, 5);
  store_.held();
  store_.hold = false;
  EXPECT_THAT(Read({1}), ElementsAre(15));
}

TEST_F(StockCacheTest, AnUnknownBookIsRememberedAsUnknown) {
  EXPECT_THAT(Read({7}), ElementsAre(0));
  EXPECT_THAT(Read({7}), ElementsAre(0));
  EXPECT_EQ(store_.reads, 1);
}

}  // namespace
}  // namespace inventory
