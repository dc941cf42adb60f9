#include "service/inventory_service.h"

#include <gmock/gmock.h>

#include <thread>

#include "base/status_matchers.h"
#include "service/awaited_testing.h"
#include "service/manual_clock_testing.h"
#include "service/scripted_store_testing.h"
#include "service/validate.h"

namespace inventory {
namespace {

using std::chrono::minutes;
using testing::ElementsAre;

class InventoryServiceTest : public testing::Test {
 protected:
  // A service with other settings: a store has one service at a time.
  void Restart() {
    service_.reset();
    service_ = InventoryService::Make(store_, settings_);
  }
  absl::StatusOr<std::vector<Reply>> Submit(std::vector<Command> commands,
                                            const CallContext& context = {}) {
    Awaited<std::vector<Reply>> replies;
    service_->Submit(std::move(commands), context, replies.Setter());
    return replies.Get();
  }
  std::vector<Outcome> Outcomes(std::vector<Command> commands) {
    std::vector<Outcome> outcomes;
    const std::vector<Reply> replies = Submit(std::move(commands)).value();
    for (const Reply& reply : replies) outcomes.push_back(reply.outcome);
    return outcomes;
  }

  ServiceSettings settings_;
  ManualClock clock_;
  ScriptedStore store_{clock_};
  std::unique_ptr<InventoryService> service_ = InventoryService::Make(store_, settings_);
};

TEST_F(InventoryServiceTest, ABadCommandGetsItsReplyAndTheOthersGoOn) {
  const auto replies = Submit({{Deduct{0, 1, 1}},
                               {Restock{5, 10, "", ""}},
                               {Deduct{5, 0, 1}},
                               {Deduct{5, 1, 0}},
                               {Deduct{5, 1, 3}},
                               {Deduct{5, 2, 3}},
                               {Restock{5, 1, std::string(kMaxTextBytes + 1, 'x'), ""}}});
  ASSERT_OK(replies);
  std::vector<std::pair<Outcome, Quantity>> seen;
  for (const Reply& reply : *replies) seen.emplace_back(reply.outcome, reply.available);
  using Seen = std::pair<Outcome, Quantity>;
  EXPECT_THAT(
      seen, ElementsAre(Seen(Outcome::kBookIdMissing, 0), Seen(Outcome::kRestocked, 10),
                        Seen(Outcome::kOrderIdMissing, 0), Seen(Outcome::kDeductQuantityInvalid, 0),
                        Seen(Outcome::kDeducted, 7), Seen(Outcome::kDeducted, 4),
                        Seen(Outcome::kTextTooLong, 0)));
  EXPECT_EQ(service_->Figures().commands, 3u);
}

TEST_F(InventoryServiceTest, BadCommandsAloneNeverReachTheStore) {
  EXPECT_THAT(Outcomes({{Deduct{0, 1, 1}}, {Confirm{0}}}),
              ElementsAre(Outcome::kBookIdMissing, Outcome::kOrderIdMissing));
  EXPECT_THAT(Outcomes({}), ElementsAre());
  EXPECT_THAT(store_.batches(), ElementsAre());
}

TEST_F(InventoryServiceTest, AFaultIsTheAnswerOfACallWithBadCommandsToo) {
  ASSERT_OK(store_.Close());
  EXPECT_THAT(Submit({{Deduct{0, 1, 1}}, {Deduct{5, 1, 1}}}),
              StatusIs(absl::StatusCode::kUnavailable, "closed"));
}

TEST_F(InventoryServiceTest, AReservationGetsTheDefaultTtlWhereItNamesNone) {
  Submit({{Restock{5, 10, "", ""}}}).value();
  const auto replies = Submit({{Reserve{1, {{5, 1}}, 0}}, {Reserve{2, {{5, 1}}, 7'000}}});
  ASSERT_OK(replies);
  EXPECT_EQ((*replies)[0].deadline, clock_.Now() + settings_.reservation_ttl);
  EXPECT_EQ((*replies)[1].deadline, clock_.Now() + 7'000);
}

TEST_F(InventoryServiceTest, MovementsCarryWhoAsked) {
  CallContext context;
  context.actor = std::make_shared<const std::string>("shop");
  Submit({{Restock{5, 10, "", ""}}, {Deduct{5, 1, 1}}}, context).value();
  Awaited<MovementPage> read;
  MovementQuery query;
  query.book = 5;
  service_->ReadMovements(query, read.Setter());
  const MovementPage page = read.Get().value();
  EXPECT_EQ(page.movements.size(), 2u);
  for (const Movement& movement : page.movements) EXPECT_EQ(movement.actor, "shop");
}

TEST_F(InventoryServiceTest, ReadsComeFromTheStore) {
  Submit({{Restock{5, 10, "", ""}}, {Deduct{5, 1, 3}}}).value();
  Awaited<std::vector<BookStock>> stock;
  service_->ReadStock({6, 5}, stock.Setter());
  EXPECT_THAT(*stock.Get(), ElementsAre(BookStock{6, false, {}}, BookStock{5, true, {7, 0, 2}}));
  Awaited<StockPage> page;
  service_->ListStock({}, page.Setter());
  EXPECT_THAT(page.Get()->books, ElementsAre(BookStock{5, true, {7, 0, 2}}));
  Awaited<OrderFacts> order;
  service_->ReadOrder(1, true, order.Setter());
  EXPECT_EQ(order.Get()->lines.size(), 1u);
  EXPECT_EQ(order.Get()->movements.size(), 1u);
}

TEST_F(InventoryServiceTest, LowIsBelowTheThreshold) {
  EXPECT_EQ(service_->warning_threshold(), 10);
  EXPECT_TRUE(service_->IsLow(9));
  EXPECT_FALSE(service_->IsLow(10));
  settings_.warning_threshold = 0;
  Restart();
  EXPECT_FALSE(service_->IsLow(0));
}

TEST_F(InventoryServiceTest, EachFallBelowTheThresholdIsCountedOnce) {
  Submit({{Restock{5, 12, "", ""}}, {Deduct{5, 1, 2}}}).value();
  EXPECT_EQ(service_->Figures().low_stock_warnings, 0u);
  Submit({{Deduct{5, 2, 1}}, {Deduct{5, 3, 1}}, {Deduct{5, 3, 1}}}).value();
  EXPECT_EQ(service_->Figures().low_stock_warnings, 1u);
  Submit({{Release{5, 1, 0, ""}}, {Reserve{4, {{5, 1}}, 0}}}).value();
  EXPECT_EQ(service_->Figures().low_stock_warnings, 2u);
}

TEST_F(InventoryServiceTest, ReservationsExpireByThemselves) {
  settings_.expiry_interval = std::chrono::milliseconds(1);
  Restart();
  Submit({{Restock{5, 10, "", ""}}, {Reserve{1, {{5, 4}}, 1'000}}}).value();
  clock_.Advance(1'000);
  EXPECT_TRUE(Eventually([&] { return service_->Figures().expired == 1; }));
  Awaited<std::vector<BookStock>> stock;
  service_->ReadStock({5}, stock.Setter());
  EXPECT_THAT(*stock.Get(), ElementsAre(BookStock{5, true, {10, 0, 3}}));
}

TEST_F(InventoryServiceTest, WatchesSeeWhatIsSold) {
  Submit({{Restock{5, 10, "", ""}}}).value();
  const auto watch = service_->Watch({{5}, false, {}}).value();
  EXPECT_EQ(service_->Figures().watchers, 1u);
  Awaited<StockWatch::Update> snapshot, change;
  watch->Next(snapshot.Setter());
  EXPECT_EQ(snapshot.Get()->changes.at(0).stock, (BookStock{5, true, {10, 0, 1}}));
  watch->Next(change.Setter());
  Submit({{Deduct{5, 1, 1}}}).value();
  EXPECT_EQ(change.Get()->changes.at(0).stock, (BookStock{5, true, {9, 0, 2}}));
  EXPECT_TRUE(change.Get()->changes.at(0).low);
}

TEST_F(InventoryServiceTest, SalesGoOnWhileAWatcherDoesNotRead) {
  settings_.watcher_buffer_limit = 10;
  Restart();
  const auto watch = service_->Watch({}).value();
  for (BookId book = 1; book <= 1'000; ++book) Submit({{Restock{book, 20, "", ""}}}).value();
  EXPECT_TRUE(Eventually([&] { return service_->Figures().watchers_cut_off == 1; }));
  Awaited<StockWatch::Update> update;
  watch->Next(update.Setter());
  EXPECT_THAT(update.Get(), StatusIs(absl::StatusCode::kResourceExhausted, "cut off"));
}

TEST_F(InventoryServiceTest, StopEndsWatchesFinishesWhatWasAcceptedAndRefusesTheRest) {
  const auto watch = service_->Watch({}).value();
  Awaited<StockWatch::Update> snapshot, update;
  watch->Next(snapshot.Setter());
  EXPECT_OK(snapshot.Get());
  watch->Next(update.Setter());
  store_.Hold();
  Awaited<std::vector<Reply>> accepted;
  service_->Submit({{Restock{5, 10, "", ""}}}, {}, accepted.Setter());
  std::thread releaser([&] { store_.ReleaseAll(); });
  service_->Stop(minutes(1));
  releaser.join();
  ASSERT_TRUE(accepted.ready());
  EXPECT_OK(accepted.Get());
  EXPECT_THAT(update.Get(), StatusIs(absl::StatusCode::kUnavailable, "stopping"));
  EXPECT_THAT(service_->Watch({}), StatusIs(absl::StatusCode::kUnavailable, "stopping"));
  EXPECT_THAT(Submit({{Deduct{5, 1, 1}}}), StatusIs(absl::StatusCode::kUnavailable, "stopping"));
  service_->Stop(minutes(1));
}

// The store answers late; the service waits for it before it goes.
TEST_F(InventoryServiceTest, AServiceThatGoesWaitsForTheStore) {
  store_.Hold();
  Awaited<std::vector<Reply>> accepted;
  service_->Submit({{Restock{5, 10, "", ""}}}, {}, accepted.Setter());
  service_->Stop(std::chrono::milliseconds(1));
  EXPECT_FALSE(accepted.ready());
  std::thread releaser([&] { store_.ReleaseAll(); });
  service_.reset();
  EXPECT_TRUE(accepted.ready());
  releaser.join();
}

}  // namespace
}  // namespace inventory
