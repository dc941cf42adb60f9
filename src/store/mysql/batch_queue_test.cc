#include "store/mysql/batch_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>
#include <utility>

#include "base/status_matchers.h"

namespace inventory {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// Batches are known by the order of their first command.
class BatchQueueTest : public testing::Test {
 protected:
  void Push(std::vector<Command> commands) {
    queue_.Push({std::move(commands),
                 [this](absl::StatusOr<std::vector<Reply>> reply) { answer_ = reply.status(); },
                 {}});
  }
  static Command Sale(OrderId order, BookId book) { return {Deduct{book, order, 1}, nullptr}; }
  void Sell(OrderId order, BookId book) { Push({Sale(order, book)}); }

  static std::vector<OrderId> Orders(const BatchGroup& group) {
    std::vector<OrderId> orders;
    for (const PendingBatch& batch : group.batches) {
      orders.push_back(std::get<Deduct>(batch.commands.front().verb).order);
    }
    return orders;
  }

  static constexpr std::size_t kLimit = 5;
  BatchQueue queue_{kLimit};
  absl::Status answer_;
};

TEST_F(BatchQueueTest, WhatWaitsGoesTogetherInTheOrderItCame) {
  Sell(1, 10);
  Sell(2, 20);
  Sell(3, 10);
  const BatchGroup group = queue_.Take();
  EXPECT_THAT(Orders(group), ElementsAre(1, 2, 3));
  EXPECT_EQ(group.commands, 3u);
}

TEST_F(BatchQueueTest, ABatchWaitsForTheGroupThatSharesItsBook) {
  Sell(1, 10);
  const BatchGroup first = queue_.Take();
  Sell(2, 10);
  Sell(3, 20);
  EXPECT_THAT(Orders(queue_.Take()), ElementsAre(3));
  queue_.Finish(first.keys);
  EXPECT_THAT(Orders(queue_.Take()), ElementsAre(2));
}

TEST_F(BatchQueueTest, ABatchWaitsForTheGroupThatSharesItsOrder) {
  Sell(1, 10);
  const BatchGroup first = queue_.Take();
  Push({{Confirm{1}, nullptr}});
  queue_.Stop();
  std::thread finisher([&] { queue_.Finish(first.keys); });
  const BatchGroup second = queue_.Take();
  finisher.join();
  ASSERT_EQ(second.batches.size(), 1u);
  EXPECT_TRUE(std::holds_alternative<Confirm>(second.batches[0].commands[0].verb));
}

TEST_F(BatchQueueTest, NobodyOvertakesABatchThatWaits) {
  Sell(1, 10);
  const BatchGroup first = queue_.Take();
  Push({Sale(2, 10), Sale(3, 20)});
  Sell(4, 20);  // shares with the one that waits
  Sell(5, 30);
  EXPECT_THAT(Orders(queue_.Take()), ElementsAre(5));
  queue_.Finish(first.keys);
  EXPECT_THAT(Orders(queue_.Take()), ElementsAre(2, 4));
}

TEST_F(BatchQueueTest, TheBooksOfAReservationAreShared) {
  Push({{Reserve{1, {{10, 1}, {20, 1}}, 1'000}, nullptr}});
  queue_.Take();
  Sell(2, 20);
  Sell(3, 30);
  EXPECT_THAT(Orders(queue_.Take()), ElementsAre(3));
}

TEST_F(BatchQueueTest, AGroupIsBoundedAndOneLargeBatchGoesAlone) {
  std::vector<Command> large(BatchQueue::kGroupCommands + 1, Sale(1, 10));
  Push(std::move(large));
  Sell(2, 20);
  EXPECT_THAT(Orders(queue_.Take()), ElementsAre(1));
  EXPECT_THAT(Orders(queue_.Take()), ElementsAre(2));
}

TEST_F(BatchQueueTest, RefusesWhenFullAndAfterStop) {
  for (OrderId order = 1; order <= kLimit; ++order) Sell(order, 10);
  EXPECT_OK(answer_);
  Sell(9, 10);
  EXPECT_THAT(answer_, StatusIs(absl::StatusCode::kResourceExhausted, "nothing was done"));
  queue_.Stop();
  Sell(9, 10);
  EXPECT_THAT(answer_, StatusIs(absl::StatusCode::kUnavailable, "closed"));
  EXPECT_THAT(Orders(queue_.Take()), ElementsAre(1, 2, 3, 4, 5));
  EXPECT_THAT(Orders(queue_.Take()), IsEmpty());
}

}  // namespace
}  // namespace inventory
