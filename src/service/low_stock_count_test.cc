#include "service/low_stock_count.h"

#include <gmock/gmock.h>

#include <chrono>
#include <memory>
#include <utility>
#include <vector>

#include "service/manual_clock_testing.h"
#include "service/scripted_store_testing.h"

namespace inventory {
namespace {

using std::chrono::seconds;
using testing::Eq;
using testing::Optional;

class LowStockCountTest : public testing::Test {
 protected:
  // Books `first` and those after it, with so much each.
  void Put(BookId first, int books, Quantity quantity) {
    std::vector<Command> commands;
    for (int i = 0; i < books; ++i) {
      commands.push_back({Restock{first + static_cast<BookId>(i), quantity, "", ""}, nullptr});
    }
    store_.Apply(std::move(commands), [](const absl::StatusOr<std::vector<Reply>>&) {});
  }

  ManualClock clock_;
  ScriptedStore store_{clock_};
  LowStockCount::Time now_{};
  const std::shared_ptr<LowStockCount> count_ = std::make_shared<LowStockCount>(store_, 10);
};

TEST_F(LowStockCountTest, IsNotKnownBeforeItWasAskedFor) {
  Put(1, 3, 9);
  Put(4, 2, 10);
  EXPECT_EQ(count_->Get(now_), std::nullopt);  // and begins
  EXPECT_THAT(count_->Get(now_), Optional(Eq(3u)));
}

TEST_F(LowStockCountTest, CountsAllPages) {
  Put(1, 2 * LowStockCount::kPage + 1, 1);
  count_->Get(now_);
  EXPECT_THAT(count_->Get(now_), Optional(Eq(2u * LowStockCount::kPage + 1)));
}

TEST_F(LowStockCountTest, IsCountedAgainWhenItIsOldAndSomebodyAsks) {
  Put(1, 1, 1);
  count_->Get(now_);
  Put(2, 1, 1);
  now_ += LowStockCount::kInterval - seconds(1);
  count_->Get(now_);
  EXPECT_THAT(count_->Get(now_), Optional(Eq(1u)));
  now_ += seconds(1);
  count_->Get(now_);
  EXPECT_THAT(count_->Get(now_), Optional(Eq(2u)));
}

TEST_F(LowStockCountTest, OneCountAtATime) {
  Put(1, 1, 1);
  store_.HoldReads();
  count_->Get(now_);
  now_ += 2 * LowStockCount::kInterval;
  EXPECT_EQ(count_->Get(now_), std::nullopt);
  EXPECT_EQ(store_.list_stock_calls(), 1);
  store_.ReleaseReads();
  EXPECT_THAT(count_->Get(now_ - LowStockCount::kInterval), Optional(Eq(1u)));
}

TEST_F(LowStockCountTest, AFaultLeavesWhatWasCounted) {
  Put(1, 1, 1);
  count_->Get(now_);
  store_.FailReads(absl::UnavailableError("away"));
  now_ += LowStockCount::kInterval;
  count_->Get(now_);
  EXPECT_THAT(count_->Get(now_), Optional(Eq(1u)));
  store_.FailReads(absl::OkStatus());
  Put(2, 1, 1);
  now_ += LowStockCount::kInterval;
  count_->Get(now_);
  EXPECT_THAT(count_->Get(now_), Optional(Eq(2u)));
}

TEST_F(LowStockCountTest, AsksNoMoreOnceStopped) {
  Put(1, LowStockCount::kPage + 1, 1);
  store_.HoldReads();
  count_->Get(now_);
  count_->Stop();
  store_.ReleaseReads();
  now_ += LowStockCount::kInterval;
  EXPECT_EQ(count_->Get(now_), std::nullopt);
  EXPECT_EQ(store_.list_stock_calls(), 1);
}

TEST_F(LowStockCountTest, WithoutAThresholdNothingIsLow) {
  EXPECT_THAT(std::make_shared<LowStockCount>(store_, 0)->Get(now_), Optional(Eq(0u)));
  EXPECT_EQ(store_.list_stock_calls(), 0);
}

}  // namespace
}  // namespace inventory
