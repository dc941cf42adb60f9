#include "service/expiry.h"

#include <gmock/gmock.h>

#include "base/status_matchers.h"
#include "service/awaited_testing.h"
#include "service/manual_clock_testing.h"
#include "service/scripted_store_testing.h"

namespace inventory {
namespace {

using testing::ElementsAre;

constexpr BookId kBook = 7;
constexpr std::chrono::milliseconds kOften{1};

class ExpiryTest : public testing::Test {
 protected:
  ExpiryTest() { Apply({{Restock{kBook, 1'000'000, "", ""}}}); }
  void TearDown() override { store_.ReleaseAll(); }

  void Apply(std::vector<Command> commands) {
    Awaited<std::vector<Reply>> replies;
    queue_.Submit(std::move(commands), CommandQueue::Deadline::max(), replies.Setter());
    EXPECT_OK(replies.Get());
  }
  // One unit each for the orders 1 … count.
  void Reserve(OrderId count, TimeMs ttl) {
    std::vector<Command> commands(count);
    for (OrderId order = 1; order <= count; ++order) {
      commands[order - 1].verb = inventory::Reserve{order, {{kBook, 1}}, ttl};
    }
    Apply(std::move(commands));
  }
  Quantity Locked() {
    Awaited<std::vector<BookStock>> stock;
    store_.ReadStock({kBook}, stock.Setter());
    return stock.Get().value().front().balance.locked;
  }
  // Two whole looks of the expiry have begun and ended since the call.
  void AwaitLooks() { store_.AwaitReadDue(3); }

  ManualClock clock_;
  ScriptedStore store_{clock_};
  ServiceSettings settings_;
  CommandQueue queue_{store_, settings_};
};

TEST_F(ExpiryTest, AReservationEndsAtItsDeadlineAndNotBefore) {
  Reserve(1, 5'000);
  Expiry expiry(store_, queue_, kOften);
  clock_.Advance(4'999);
  AwaitLooks();
  EXPECT_EQ(Locked(), 1);
  EXPECT_EQ(expiry.expired(), 0u);
  clock_.Advance(1);
  AwaitLooks();
  EXPECT_EQ(Locked(), 0);
  EXPECT_EQ(expiry.expired(), 1u);
}

TEST_F(ExpiryTest, ManyDueAtOnceGoInChunks) {
  constexpr OrderId kOrders = 5'500;
  Reserve(kOrders, 5'000);
  clock_.Advance(5'000);
  Expiry expiry(store_, queue_, kOften);
  EXPECT_TRUE(Eventually([&] { return expiry.expired() == kOrders; }));
  EXPECT_EQ(Locked(), 0);
  std::vector<std::size_t> chunks = store_.batches();
  chunks.erase(chunks.begin(), chunks.begin() + 2);
  EXPECT_THAT(chunks, ElementsAre(1'000, 1'000, 1'000, 1'000, 1'000, 500));
}

// A sale that comes after a chunk is decided before the next chunk.
TEST_F(ExpiryTest, TheNextChunkWaitsForTheLast) {
  Reserve(2'500, 5'000);
  store_.Hold();
  clock_.Advance(5'000);
  Expiry expiry(store_, queue_, kOften);
  store_.AwaitKept(1);
  Awaited<std::vector<Reply>> sale;
  queue_.Submit({{Deduct{kBook, 1'000'000, 1}}}, CommandQueue::Deadline::max(), sale.Setter());
  store_.ReleaseAll();
  EXPECT_OK(sale.Get());
  EXPECT_TRUE(Eventually([&] { return expiry.expired() == 2'500; }));
  std::vector<std::size_t> batches = store_.batches();
  batches.erase(batches.begin(), batches.begin() + 2);
  EXPECT_THAT(batches, ElementsAre(1'000, 1, 1'000, 500));
  EXPECT_EQ(Locked(), 0);
}

TEST_F(ExpiryTest, AFullQueueDoesNotShutExpiryOut) {
  Reserve(1, 5'000);
  settings_.queue_limit = 1;
  settings_.batches_in_flight = 1;
  CommandQueue queue(store_, settings_);
  store_.Hold();
  Awaited<std::vector<Reply>> in_flight, queued, refused;
  const auto never = CommandQueue::Deadline::max();
  queue.Submit({{Deduct{kBook, 11, 1}}}, never, in_flight.Setter());
  queue.Submit({{Deduct{kBook, 12, 1}}}, never, queued.Setter());
  queue.Submit({{Deduct{kBook, 13, 1}}}, never, refused.Setter());
  EXPECT_THAT(refused.Get(), StatusIs(absl::StatusCode::kResourceExhausted, "full"));
  clock_.Advance(5'000);
  Expiry expiry(store_, queue, kOften);
  EXPECT_TRUE(Eventually([&] { return queue.figures().queued == 2; }));
  store_.ReleaseAll();
  EXPECT_TRUE(Eventually([&] { return expiry.expired() == 1; }));
  EXPECT_EQ(Locked(), 0);
}

TEST_F(ExpiryTest, GoesOnAfterTheStoreFailed) {
  store_.FailReadDue(absl::UnavailableError("the disk is full"));
  Expiry expiry(store_, queue_, kOften);
  store_.AwaitReadDue(3);
  Reserve(1, 5'000);
  clock_.Advance(5'000);
  store_.FailReadDue(absl::OkStatus());
  AwaitLooks();
  EXPECT_EQ(Locked(), 0);
}

TEST_F(ExpiryTest, StopDoesNotWaitForTheStore) {
  Reserve(1, 5'000);
  store_.Hold();
  clock_.Advance(5'000);
  Expiry expiry(store_, queue_, kOften);
  store_.AwaitKept(1);
  expiry.Stop();
  expiry.Stop();
}

}  // namespace
}  // namespace inventory
