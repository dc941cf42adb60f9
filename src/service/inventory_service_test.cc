#include "service/inventory_service.h"

#include <gmock/gmock.h>

#include "base/status_matchers.h"
#include "service/awaited_testing.h"
#include "service/scripted_store_testing.h"
#include "service/validate.h"

namespace inventory {
namespace {

using std::chrono::minutes;
using testing::ElementsAre;

class ManualClock : public Clock {
 public:
  TimeMs Now() const override { return now_; }
  void Advance(TimeMs ms) { now_ += ms; }

 private:
  std::atomic<TimeMs> now_ = 1'000'000;
};

class InventoryServiceTest : public testing::Test {
 protected:
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
  service_ = InventoryService::Make(store_, settings_);
  EXPECT_FALSE(service_->IsLow(0));
}

TEST_F(InventoryServiceTest, AStoppedServiceRefusesChanges) {
  service_->Stop(minutes(1));
  EXPECT_THAT(Submit({{Deduct{5, 1, 1}}}), StatusIs(absl::StatusCode::kUnavailable, "stopping"));
  service_->Stop(minutes(1));
}

}  // namespace
}  // namespace inventory
