#include "service/command_queue.h"

#include <gmock/gmock.h>

#include <atomic>
#include <numeric>
#include <thread>

#include "base/status_matchers.h"
#include "service/awaited_testing.h"
#include "service/scripted_store_testing.h"

namespace inventory {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using testing::ElementsAre;

constexpr BookId kBook = 7;
constexpr CommandQueue::Deadline kNever = CommandQueue::Deadline::max();
const CommandQueue::Deadline kLongAgo = steady_clock::now() - std::chrono::hours(1);

class CommandQueueTest : public testing::Test {
 protected:
  CommandQueueTest() {
    settings_.queue_limit = 100;
    settings_.batch_limit = 10;
    settings_.batches_in_flight = 2;
    Awaited<std::vector<Reply>> stocked;
    store_.Apply({{Restock{kBook, 1'000'000, "", ""}}}, stocked.Setter());
    EXPECT_OK(stocked.Get());
    store_.Hold();
  }
  // Answers what a test left behind: a queue waits for its store.
  void TearDown() override { store_.ReleaseAll(); }

  // Deducts of one unit each for fresh orders.
  std::vector<Command> Deducts(std::size_t count) {
    std::vector<Command> commands;
    for (std::size_t i = 0; i < count; ++i)
      commands.emplace_back().verb = Deduct{kBook, next_order_++, 1};
    return commands;
  }
  Awaited<std::vector<Reply>> Submit(CommandQueue& queue, std::size_t count,
                                     CommandQueue::Deadline deadline = kNever) {
    Awaited<std::vector<Reply>> replies;
    queue.Submit(Deducts(count), deadline, replies.Setter());
    return replies;
  }
  // The batches since the fixture's own.
  std::vector<std::size_t> Batches() {
    std::vector<std::size_t> batches = store_.batches();
    batches.erase(batches.begin());
    return batches;
  }

  ServiceSettings settings_;
  SteadyClock clock_;
  ScriptedStore store_{clock_};
  OrderId next_order_ = 1;
};

// A call's replies count down one by one from `first`: in order, and nobody else's.
void ExpectSold(const Awaited<std::vector<Reply>>& awaited, std::size_t count, Quantity first) {
  ASSERT_TRUE(awaited.ready());
  const auto replies = awaited.Get();
  ASSERT_OK(replies);
  ASSERT_EQ(replies->size(), count);
  for (const Reply& reply : *replies) {
    EXPECT_EQ(reply.outcome, Outcome::kDeducted);
    EXPECT_EQ(reply.available, first--);
  }
}

TEST_F(CommandQueueTest, WhatArrivesWhileBatchesAreInFlightFormsOneBatch) {
  CommandQueue queue(store_, settings_);
  const auto a = Submit(queue, 1);
  const auto b = Submit(queue, 1);
  const auto c = Submit(queue, 2);
  const auto d = Submit(queue, 3);
  EXPECT_THAT(Batches(), ElementsAre(1, 1));
  EXPECT_EQ(queue.figures().queued, 5u);

  store_.ReleaseOne();
  ExpectSold(a, 1, 999'999);
  EXPECT_THAT(Batches(), ElementsAre(1, 1, 5));
  EXPECT_FALSE(b.ready());
  EXPECT_EQ(queue.figures().queued, 0u);

  store_.ReleaseAll();
  ExpectSold(b, 1, 999'998);
  ExpectSold(c, 2, 999'997);
  ExpectSold(d, 3, 999'995);
  EXPECT_EQ(queue.figures().commands, 7u);
  EXPECT_EQ(queue.figures().batches, 3u);
}

TEST_F(CommandQueueTest, ACallIsKeptWholeWhereItFits) {
  settings_.batches_in_flight = 1;
  CommandQueue queue(store_, settings_);
  Submit(queue, 1);
  const auto a = Submit(queue, 6);
  const auto b = Submit(queue, 5);
  const auto c = Submit(queue, 5);
  store_.ReleaseAll();
  EXPECT_THAT(Batches(), ElementsAre(1, 6, 10));
  ExpectSold(a, 6, 999'998);
  ExpectSold(b, 5, 999'992);
  ExpectSold(c, 5, 999'987);
}

TEST_F(CommandQueueTest, ACallLargerThanABatchIsSplitAndAnsweredAsOne) {
  CommandQueue queue(store_, settings_);
  Submit(queue, 1);
  const auto large = Submit(queue, 25);
  const auto small = Submit(queue, 2);
  EXPECT_THAT(Batches(), ElementsAre(1, 10));
  store_.ReleaseOne();
  store_.ReleaseOne();
  EXPECT_THAT(Batches(), ElementsAre(1, 10, 10, 7));
  store_.ReleaseOne();
  EXPECT_FALSE(large.ready());
  store_.ReleaseOne();
  ExpectSold(large, 25, 999'998);
  ExpectSold(small, 2, 999'973);
}

TEST_F(CommandQueueTest, AFaultInOnePartOfACallIsTheCallsAnswer) {
  settings_.batches_in_flight = 1;
  CommandQueue queue(store_, settings_);
  const auto large = Submit(queue, 15);
  store_.ReleaseOne();
  store_.FailOne(absl::UnavailableError("the disk is gone"));
  EXPECT_THAT(large.Get(), StatusIs(absl::StatusCode::kUnavailable, "part of the call was done"));
  EXPECT_THAT(large.Get(), StatusIs(absl::StatusCode::kUnavailable, "the disk is gone"));
}

TEST_F(CommandQueueTest, AFaultIsTheAnswerOfEveryCallInItsBatchAndOfNoOther) {
  settings_.batches_in_flight = 1;
  CommandQueue queue(store_, settings_);
  const auto before = Submit(queue, 1);
  const auto a = Submit(queue, 2);
  const auto b = Submit(queue, 3);
  store_.ReleaseOne();
  const auto after = Submit(queue, 1);
  store_.FailOne(absl::UnavailableError("outcome unknown"));
  store_.ReleaseAll();
  ExpectSold(before, 1, 999'999);
  EXPECT_THAT(a.Get(), StatusIs(absl::StatusCode::kUnavailable, "outcome unknown"));
  EXPECT_THAT(b.Get(), StatusIs(absl::StatusCode::kUnavailable, "outcome unknown"));
  ExpectSold(after, 1, 999'998);
}

TEST_F(CommandQueueTest, TellsHowLargeBatchesAreAndHowLongTheyTake) {
  CommandQueue queue(store_, settings_);
  const auto first = Submit(queue, 3);
  const auto counts = [&queue] {
    std::vector<std::uint64_t> all;
    for (const Distribution& each : queue.distributions()) {
      all.push_back(std::accumulate(each.counts.begin(), each.counts.end(), std::uint64_t{0}));
    }
    return all;
  };
  EXPECT_THAT(counts(), ElementsAre(1, 0, 0));  // handed over, not answered
  store_.ReleaseAll();
  EXPECT_OK(first.Get());
  EXPECT_OK(Submit(queue, 1).Get());

  EXPECT_THAT(counts(), ElementsAre(2, 2, 2));
  const Distribution sizes = queue.distributions().front();
  EXPECT_EQ(sizes.name, "batch_size");
  EXPECT_EQ(sizes.sum, 4);
  EXPECT_EQ(sizes.counts[0], 1);  // of one command
  EXPECT_EQ(sizes.counts[2], 1);  // of three or four
}

TEST_F(CommandQueueTest, AFullQueueRefusesAtOnce) {
  CommandQueue queue(store_, settings_);
  Submit(queue, 1);
  Submit(queue, 1);
  const auto last = Submit(queue, 99);
  const auto refused = Submit(queue, 2);
  ASSERT_TRUE(refused.ready());
  EXPECT_THAT(refused.Get(), StatusIs(absl::StatusCode::kResourceExhausted,
                                      "the queue is full (99 commands wait, the limit is 100)"));
  const auto fits = Submit(queue, 1);
  EXPECT_FALSE(fits.ready());
  EXPECT_EQ(queue.figures().refused_full, 2u);
  EXPECT_EQ(queue.figures().queued, 100u);

  Awaited<std::vector<Reply>> expiry;
  queue.SubmitPastLimit(Deducts(5), expiry.Setter());
  EXPECT_FALSE(expiry.ready());
  EXPECT_EQ(queue.figures().queued, 105u);

  store_.ReleaseAll();
  ExpectSold(last, 99, 999'997);
  ExpectSold(fits, 1, 999'898);
  ExpectSold(expiry, 5, 999'897);
  ExpectSold(Submit(queue, 100), 100, 999'892);
}

TEST_F(CommandQueueTest, ADeadlineThatHasPassedRefusesAndDoesNothing) {
  CommandQueue queue(store_, settings_);
  const auto late = Submit(queue, 1, kLongAgo);
  EXPECT_THAT(late.Get(), StatusIs(absl::StatusCode::kDeadlineExceeded, "nothing was done"));
  EXPECT_THAT(Batches(), ElementsAre());
}

TEST_F(CommandQueueTest, ADeadlineThatPassesInTheQueueRefusesAndDoesNothing) {
  settings_.batches_in_flight = 1;
  CommandQueue queue(store_, settings_);
  Submit(queue, 1);
  const CommandQueue::Deadline soon = steady_clock::now() + milliseconds(20);
  const auto late = Submit(queue, 2, soon);
  const auto patient = Submit(queue, 3);
  while (steady_clock::now() < soon) std::this_thread::yield();
  store_.ReleaseOne();
  EXPECT_THAT(late.Get(), StatusIs(absl::StatusCode::kDeadlineExceeded, "nothing was done"));
  EXPECT_THAT(Batches(), ElementsAre(1, 3));
  EXPECT_EQ(queue.figures().queued, 0u);
  store_.ReleaseAll();
  ExpectSold(patient, 3, 999'998);
}

// Once a part of a call has gone, the rest must follow.
TEST_F(CommandQueueTest, ADeadlineDoesNotCutACallInTwo) {
  settings_.batches_in_flight = 1;
  CommandQueue queue(store_, settings_);
  CommandQueue::Deadline soon;
  Awaited<std::vector<Reply>> large;
  // A machine that stands still between the two lines gets more time.
  for (milliseconds time(10); Batches().empty(); time *= 4) {
    soon = steady_clock::now() + time;
    large = Submit(queue, 15, soon);
  }
  while (steady_clock::now() < soon) std::this_thread::yield();
  store_.ReleaseAll();
  ASSERT_TRUE(large.ready());
  EXPECT_EQ(large.Get().value().size(), 15u);
}

TEST_F(CommandQueueTest, StopFinishesWhatWasAcceptedAndRefusesTheRest) {
  CommandQueue queue(store_, settings_);
  const auto a = Submit(queue, 1);
  const auto b = Submit(queue, 25);
  std::thread releaser([&] { store_.ReleaseAll(); });
  queue.Stop(std::chrono::minutes(1));
  ExpectSold(a, 1, 999'999);
  ExpectSold(b, 25, 999'998);
  releaser.join();
  EXPECT_THAT(Submit(queue, 1).Get(), StatusIs(absl::StatusCode::kUnavailable, "stopping"));
  queue.Stop(std::chrono::minutes(1));
}

TEST_F(CommandQueueTest, StopGivesUpAfterItsLimit) {
  settings_.batches_in_flight = 1;
  CommandQueue queue(store_, settings_);
  const auto split = Submit(queue, 15);
  const auto queued = Submit(queue, 2);
  queue.Stop(milliseconds(1));
  EXPECT_THAT(queued.Get(), StatusIs(absl::StatusCode::kUnavailable, "nothing was done"));
  EXPECT_FALSE(split.ready());
  EXPECT_EQ(queue.figures().queued, 0u);
  store_.ReleaseAll();
  EXPECT_THAT(split.Get(), StatusIs(absl::StatusCode::kUnavailable, "part of the call was done"));
  EXPECT_THAT(Batches(), ElementsAre(10));
}

// A store that answers within Apply, and callers that go on within their answer: a loop, not a
// recursion that eats the stack.
TEST_F(CommandQueueTest, AnswersWithinApplyDoNotNest) {
  store_.ReleaseAll();
  CommandQueue queue(store_, settings_);
  constexpr int kCalls = 200'000;
  struct Caller {
    CommandQueue& queue;
    int left = kCalls;
    void Next() {
      if (left-- == 0) return;
      const OrderId order = static_cast<OrderId>(left) + 1;
      queue.Submit({{Deduct{kBook, order, 1}}}, kNever,
                   [this](absl::StatusOr<std::vector<Reply>> replies) {
                     ASSERT_OK(replies);
                     Next();
                   });
    }
  };
  Caller caller{queue};
  caller.Next();
  EXPECT_EQ(caller.left, -1);
  EXPECT_EQ(queue.figures().commands, static_cast<std::uint64_t>(kCalls));
}

// Many callers at once, single commands and calls larger than a batch: each is answered once, in
// order, and no unit is sold twice.
TEST_F(CommandQueueTest, ManyThreads) {
  store_.ReleaseAll();
  settings_.queue_limit = 100'000;
  CommandQueue queue(store_, settings_);
  constexpr int kThreads = 4;
  constexpr int kCalls = 300;
  std::atomic<int> sold = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      OrderId order = static_cast<OrderId>(t + 1) * 1'000'000;
      for (int i = 0; i < kCalls; ++i) {
        const std::size_t size = i % 10 == 0 ? 25 : 1 + static_cast<std::size_t>(i % 3);
        std::vector<Command> commands;
        for (std::size_t n = 0; n < size; ++n)
          commands.emplace_back().verb = Deduct{kBook, order++, 1};
        Awaited<std::vector<Reply>> awaited;
        queue.Submit(std::move(commands), kNever, awaited.Setter());
        const auto replies = awaited.Get();
        ASSERT_OK(replies);
        ASSERT_EQ(replies->size(), size);
        for (std::size_t n = 0; n < size; ++n) {
          ASSERT_EQ((*replies)[n].outcome, Outcome::kDeducted);
          if (n == 0) continue;
          ASSERT_LT((*replies)[n].available, (*replies)[n - 1].available);
        }
        sold += static_cast<int>(size);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  Awaited<std::vector<BookStock>> stock;
  store_.ReadStock({kBook}, stock.Setter());
  EXPECT_EQ(stock.Get()->front().balance.available, 1'000'000 - sold);
}

}  // namespace
}  // namespace inventory
