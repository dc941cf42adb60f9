// What the tests of this folder share: a store in a temporary folder on a clock they move, and a
// movement.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/status_matchers.h"
#include "store/embedded/embedded_store.h"

namespace inventory {

// The sale of five copies of book 1 to order 1001.
inline Movement SaleMovement() {
  Movement movement;
  movement.id = 500;
  movement.book = 1;
  movement.sequence = 300;
  movement.type = ChangeType::kDeduct;
  movement.quantity = 5;
  movement.before = 100;
  movement.after = 95;
  movement.locked_after = 7;
  movement.order = 1'001;
  movement.time = 1'700'000'000'000;
  return movement;
}

// A clock that stands still until it is moved.
class TestClock : public Clock {
 public:
  explicit TestClock(std::shared_ptr<std::atomic<TimeMs>> now) : now_(std::move(now)) {}
  TimeMs Now() const override { return *now_; }

 private:
  const std::shared_ptr<std::atomic<TimeMs>> now_;
};

class EmbeddedStoreTest : public testing::Test {
 protected:
  EmbeddedStoreTest() {
    std::string folder = testing::TempDir() + "embedded_store_test.XXXXXX";
    settings_.path = mkdtemp(folder.data());
    settings_.make_clock = [this](TimeMs not_before) {
      not_before_ = not_before;
      return std::make_unique<TestClock>(now_);
    };
    Open();
  }
  ~EmbeddedStoreTest() override {
    store_.reset();
    std::filesystem::remove_all(settings_.path);
  }

  void Open() {
    auto opened = OpenEmbeddedStore(settings_);
    ASSERT_OK(opened);
    store_ = std::move(opened->store);
    created_ = opened->created;
  }
  void Reopen() {
    ASSERT_OK(store_->Close());
    store_.reset();
    Open();
  }

  template <typename T, typename Call>
  static absl::StatusOr<T> Await(Call call) {
    std::promise<absl::StatusOr<T>> promise;
    call([&](absl::StatusOr<T> result) { promise.set_value(std::move(result)); });
    return promise.get_future().get();
  }
  std::vector<Reply> Apply(std::vector<Command> batch) {
    auto replies = Await<std::vector<Reply>>(
        [&](auto done) { store_->Apply(std::move(batch), std::move(done)); });
    EXPECT_OK(replies);
    return replies.ok() ? *replies : std::vector<Reply>{};
  }
  template <typename Verb>
  Reply Do(Verb verb) {
    std::vector<Command> batch;
    batch.push_back({std::move(verb), nullptr});
    return Apply(std::move(batch)).at(0);
  }
  Balance Stock(BookId book) {
    auto stocks = Await<std::vector<BookStock>>(
        [&](auto done) { store_->ReadStock({book}, std::move(done)); });
    EXPECT_OK(stocks);
    return stocks->at(0).balance;
  }
  OrderFacts Order(OrderId order) {
    auto facts =
        Await<OrderFacts>([&](auto done) { store_->ReadOrder(order, true, std::move(done)); });
    EXPECT_OK(facts);
    return *std::move(facts);
  }
  MovementPage Movements(const MovementQuery& query) {
    auto page =
        Await<MovementPage>([&](auto done) { store_->ReadMovements(query, std::move(done)); });
    EXPECT_OK(page);
    return *std::move(page);
  }
  std::int64_t Figure(const std::string& name) {
    for (const auto& figure : store_->Status().figures) {
      if (figure.name == name) return figure.value;
    }
    ADD_FAILURE() << "no figure " << name;
    return 0;
  }
  // `count` orders of one unit of the book, from order `first` on.
  void Sell(BookId book, OrderId first, int count) {
    std::vector<Command> batch;
    for (int i = 0; i < count; ++i) {
      batch.push_back({Deduct{book, first + static_cast<OrderId>(i), 1}, nullptr});
    }
    for (const Reply& reply : Apply(std::move(batch))) {
      ASSERT_EQ(reply.outcome, Outcome::kDeducted);
    }
  }

  EmbeddedSettings settings_;
  std::shared_ptr<std::atomic<TimeMs>> now_ = std::make_shared<std::atomic<TimeMs>>(1'000'000);
  TimeMs not_before_ = -1;
  std::unique_ptr<StockStore> store_;
  bool created_ = false;
};

}  // namespace inventory
