// Hand-made histories: one that is right, and every way in which it could be wrong.
#include "tools/inventory-bench/sale_proof.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/status_matchers.h"
#include "client/channel.h"
#include "client/inventory_client.h"
#include "tools/inventory-bench/fake_shop_testing.h"

namespace inventory::bench {
namespace {

using ::testing::HasSubstr;

// Builds a history movement by movement, as a right service would write it.
class HistoryBuilder {
 public:
  HistoryBuilder& Move(const std::string& type, int quantity, int available, int locked,
                       std::uint64_t order) {
    v1::InventoryLog& movement = history_.log.emplace_back();
    movement.set_sequence(history_.log.size());
    movement.set_change_type(type);
    movement.set_quantity(quantity);
    movement.set_before_stock(available_);
    movement.set_after_stock(available_ += available);
    movement.set_locked_after(locked_ += locked);
    movement.set_order_id(order);
    return *this;
  }
  HistoryBuilder& Stock(int n) { return Move("restock", n, n, 0, 0); }
  HistoryBuilder& Sell(std::uint64_t order, int n = 1) { return Move("deduct", n, -n, 0, order); }

  SaleHistory Build() {
    history_.stock.set_stock(available_);
    history_.stock.set_locked_stock(locked_);
    history_.stock.set_total_stock(available_ + locked_);
    history_.stock.set_sequence(history_.log.size());
    return history_;
  }

 private:
  SaleHistory history_;
  int available_ = 0;
  int locked_ = 0;
};

// Three copies, orders 1 to 3 bought, 4 did not.
SaleHistory SoldOut() {
  SaleHistory history = HistoryBuilder().Stock(3).Sell(1).Sell(2).Sell(3).Build();
  history.stocked = 3;
  history.answers = SaleAnswers{.yes = {1, 2, 3}, .no = {4}, .nothing = {}};
  return history;
}

// The text of the only claim that fails; empty if none or several do.
std::string OnlyFailure(const SaleHistory& history) {
  std::string failure;
  int failures = 0;
  for (const ProofLine& line : ProveSale(history)) {
    if (line.holds) continue;
    failure = line.text;
    ++failures;
  }
  return failures == 1 ? failure : std::to_string(failures) + " failures";
}

TEST(SaleProofTest, AcceptsARightSale) {
  const auto proof = ProveSale(SoldOut());
  EXPECT_TRUE(AllHold(proof)) << ToText(proof);
  EXPECT_EQ(proof.size(), 8u);
}

TEST(SaleProofTest, AcceptsEveryKindOfMovement) {
  const auto proof = ProveSale(HistoryBuilder()
                                   .Stock(100)
                                   .Sell(1, 5)
                                   .Move("release", 5, 5, 0, 1)
                                   .Move("reserve", 7, -7, 7, 2)
                                   .Move("confirm", 7, 0, -7, 2)
                                   .Move("release", 7, 7, 0, 2)
                                   .Move("reserve", 2, -2, 2, 3)
                                   .Move("cancel", 2, 2, -2, 3)
                                   .Move("reserve", 2, -2, 2, 4)
                                   .Move("expire", 2, 2, -2, 4)
                                   .Move("reserve", 2, -2, 2, 5)
                                   .Move("release", 2, 2, -2, 5)
                                   .Move("reserve", 9, -9, 9, 6)
                                   .Move("adjust", 10, -10, 0, 0)
                                   .Move("adjust", 0, 0, 0, 0)
                                   .Sell(7, 3)
                                   .Build());
  EXPECT_TRUE(AllHold(proof)) << ToText(proof);
}

TEST(SaleProofTest, AcceptsThatAnUnansweredOrderBoughtOrNot) {
  SaleHistory history = SoldOut();
  history.answers->yes.erase(3);
  history.answers->nothing = {3, 5};
  EXPECT_TRUE(AllHold(ProveSale(history)));
}

TEST(SaleProofTest, RejectsADoubleSale) {
  SaleHistory history = HistoryBuilder().Stock(3).Sell(1).Sell(2).Sell(2).Build();
  EXPECT_THAT(OnlyFailure(history), HasSubstr("served twice: no, movement 4"));
}

TEST(SaleProofTest, RejectsASaleOfAReservedOrder) {
  SaleHistory history = HistoryBuilder().Stock(3).Move("reserve", 1, -1, 1, 1).Sell(1).Build();
  EXPECT_THAT(OnlyFailure(history), HasSubstr("served twice: no, movement 3"));
}

TEST(SaleProofTest, RejectsASecondRelease) {
  SaleHistory history = HistoryBuilder()
                            .Stock(3)
                            .Sell(1)
                            .Move("release", 1, 1, 0, 1)
                            .Sell(2)
                            .Move("release", 1, 1, 0, 1)
                            .Build();
  EXPECT_THAT(OnlyFailure(history), HasSubstr("served twice: no, movement 5"));
}

TEST(SaleProofTest, RejectsOverselling) {
  SaleHistory history = HistoryBuilder().Stock(1).Sell(1).Sell(2).Build();
  EXPECT_THAT(OnlyFailure(history), HasSubstr("below zero: no, movement 3"));
}

TEST(SaleProofTest, RejectsAGapInTheSequence) {
  SaleHistory history = SoldOut();
  history.log[3].set_sequence(5);
  history.stock.set_sequence(5);
  EXPECT_THAT(OnlyFailure(history), HasSubstr("no gap: movements 1 to 4: no, number 4 is"));
}

TEST(SaleProofTest, RejectsALostMovement) {
  SaleHistory history = SoldOut();
  history.log.erase(history.log.begin() + 2);
  history.answers.reset();
  const auto proof = ProveSale(history);
  EXPECT_THAT(ToText(proof), HasSubstr("FAIL  units stocked 3 = sold 2 + left 0"));
  EXPECT_THAT(ToText(proof), HasSubstr("FAIL  the log has no gap"));
  EXPECT_THAT(ToText(proof), HasSubstr("FAIL  each movement begins where"));
}

TEST(SaleProofTest, RejectsAMovementThatDoesAnotherThingThanItsType) {
  for (const auto& [type, available, locked] : {std::tuple("deduct", 1, 0),
                                                {"release", -1, 0},
                                                {"restock", 1, 1},
                                                {"reserve", -1, 0},
                                                {"confirm", 0, 0},
                                                {"cancel", 1, 0},
                                                {"expire", 0, -1},
                                                {"adjust", 2, 0},
                                                {"gift", -1, 0}}) {
    SaleHistory history = HistoryBuilder()
                              .Stock(5)
                              .Move("reserve", 2, -2, 2, 1)
                              .Move(type, 1, available, locked, 9)
                              .Build();
    EXPECT_THAT(ToText(ProveSale(history)), HasSubstr("what its type says: no, movement 3"))
        << type;
  }
}

TEST(SaleProofTest, RejectsABrokenChain) {
  SaleHistory history = SoldOut();
  history.log[2].set_before_stock(3);
  EXPECT_THAT(OnlyFailure(history), HasSubstr("begins where the one before ended"));
}

TEST(SaleProofTest, RejectsAStockThatIsNotTheLogsEnd) {
  SaleHistory history = HistoryBuilder().Stock(3).Sell(1).Build();
  history.stock.set_sequence(1);
  EXPECT_THAT(OnlyFailure(history), HasSubstr("the log ends with 2 available"));
  history.stock.set_sequence(2);
  history.stock.set_total_stock(3);
  EXPECT_THAT(OnlyFailure(history), HasSubstr("its total is 3"));
}

TEST(SaleProofTest, RejectsAnotherNumberOfUnitsThanWereStocked) {
  SaleHistory history = SoldOut();
  history.stocked = 4;
  EXPECT_THAT(OnlyFailure(history), HasSubstr("4 were stocked"));
}

TEST(SaleProofTest, RejectsALostOrder) {
  SaleHistory history = SoldOut();
  history.answers->yes.insert(9);
  EXPECT_THAT(OnlyFailure(history), HasSubstr("told yes is in the log: 4: no, order 9"));
}

TEST(SaleProofTest, RejectsASaleToAnOrderThatWasToldNo) {
  SaleHistory history = SoldOut();
  history.answers->yes.erase(3);
  history.answers->no.insert(3);
  EXPECT_THAT(OnlyFailure(history), HasSubstr("order 3 was told no"));
}

TEST(SaleProofTest, RejectsASaleToAStranger) {
  SaleHistory history = SoldOut();
  history.answers->yes.erase(3);
  EXPECT_THAT(OnlyFailure(history), HasSubstr("order 3 is not of this sale"));
}

TEST(SaleHistoryTest, ReadsTheWholeLogOldestFirst) {
  FakeShop shop;
  InventoryClient client(MakeChannel(shop.address()));
  v1::RestockInventoryRequest restock;
  restock.set_book_id(5);
  restock.set_quantity(1'000);
  ASSERT_OK(client.RestockInventory(restock));
  v1::DeductStockRequest deduct;
  deduct.set_book_id(5);
  deduct.set_quantity(2);
  for (int order = 1; order <= 250; ++order) {
    deduct.set_order_id(order);
    ASSERT_OK(client.DeductStock(deduct));
  }
  const auto history = ReadSaleHistory(client, 5);
  ASSERT_OK(history);
  EXPECT_EQ(history->log.size(), 251u);
  EXPECT_EQ(history->stock.stock(), 500);
  const auto proof = ProveSale(*history);
  EXPECT_TRUE(AllHold(proof)) << ToText(proof);
}

TEST(SaleHistoryTest, AnUnknownBookHasNone) {
  FakeShop shop;
  InventoryClient client(MakeChannel(shop.address()));
  EXPECT_THAT(ReadSaleHistory(client, 5), StatusIs(absl::StatusCode::kNotFound, "40401"));
}

}  // namespace
}  // namespace inventory::bench
