// The flash sale against a small service in this process: right, and wrong in every way it can be.
#include "tools/inventory-bench/sale_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/status_matchers.h"
#include "client/load_client.h"
#include "tools/inventory-bench/fake_shop_testing.h"

namespace inventory::bench {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

FlashSaleOptions Sale(const FakeShop& shop, int buyers, int copies) {
  FlashSaleOptions options;
  options.connection.address = shop.address();
  options.plan.buyers = buyers;
  options.plan.copies = copies;
  options.in_flight = 20;
  return options;
}

// The report of 400 buyers and 40 copies at a shop with this fault.
SaleReport Sell(Fault fault) {
  FakeShop shop(fault);
  const auto report = RunFlashSaleCommand(Sale(shop, 400, 40));
  EXPECT_OK(report);
  return report.ok() ? *report : SaleReport{};
}

TEST(FlashSaleTest, ARightShopPasses) {
  const SaleReport report = Sell(Fault::kNone);
  EXPECT_TRUE(report.passed) << report.text;
  EXPECT_THAT(report.text, AllOf(HasSubstr("PASS  40 bought, of 40 who could"),
                                 HasSubstr("PASS  units stocked 40 = sold 40 + left 0"),
                                 HasSubstr("in the log: 40\n"), Not(HasSubstr("FAIL"))));
}

TEST(FlashSaleTest, MoreCopiesThanBuyersLeavesTheRest) {
  FakeShop shop;
  const auto report = RunFlashSaleCommand(Sale(shop, 50, 70));
  ASSERT_OK(report);
  EXPECT_TRUE(report->passed) << report->text;
  EXPECT_THAT(report->text, HasSubstr("units stocked 70 = sold 50 + left 20"));
}

TEST(FlashSaleTest, LostAnswersAreRetriedAndStillSoldOnce) {
  const SaleReport report = Sell(Fault::kLosesAnswers);
  EXPECT_TRUE(report.passed) << report.text;
  EXPECT_THAT(report.text, HasSubstr(" UNAVAILABLE"));
}

TEST(FlashSaleTest, AShopThatSellsTwiceFails) {
  const SaleReport report = Sell(Fault::kSellsTwice);
  EXPECT_FALSE(report.passed);
  EXPECT_THAT(report.text, HasSubstr("FAIL  no order was served twice: no, movement"));
}

TEST(FlashSaleTest, AShopThatOversellsFails) {
  const SaleReport report = Sell(Fault::kOversells);
  EXPECT_FALSE(report.passed);
  EXPECT_THAT(report.text, AllOf(HasSubstr("FAIL  41 bought, of 40 who could"),
                                 HasSubstr("FAIL  stock was never below zero")));
}

TEST(FlashSaleTest, AShopThatForgetsSalesFails) {
  const SaleReport report = Sell(Fault::kForgetsSales);
  EXPECT_FALSE(report.passed);
  EXPECT_THAT(report.text, HasSubstr("FAIL  every order that was told yes is in the log"));
}

TEST(FlashSaleTest, AShopThatTakesBackItsYesFails) {
  const SaleReport report = Sell(Fault::kTakesBackItsYes);
  EXPECT_FALSE(report.passed);
  EXPECT_THAT(report.text, HasSubstr("was told yes, then sold out"));
}

TEST(FlashSaleTest, AShopThatRefusesWithStockLeftFails) {
  const SaleReport report = Sell(Fault::kRefuses);
  EXPECT_FALSE(report.passed);
  EXPECT_THAT(report.text, HasSubstr("was told sold out while"));
}

TEST(FlashSaleTest, WillNotSellABookThatHasAHistory) {
  FakeShop shop;
  FlashSaleOptions options = Sale(shop, 5, 5);
  options.plan.book = 77;
  EXPECT_OK(RunFlashSaleCommand(options));
  EXPECT_THAT(RunFlashSaleCommand(options),
              StatusIs(absl::StatusCode::kFailedPrecondition, "has a history already"));
}

TEST(FlashSaleTest, GivesUpInTheEndAndSaysSo) {
  auto shop = std::make_unique<FakeShop>();
  FlashSalePlan plan{.book = 1, .buyers = 20, .copies = 5};
  plan.timeout = std::chrono::milliseconds(50);
  plan.patience = std::chrono::milliseconds(100);
  const auto client = LoadClient::Connect({.address = shop->address(), .slots = 5});
  ASSERT_OK(client);
  shop.reset();
  const FlashSaleResult result = RunFlashSale(plan, **client, [](const FlashSaleCounts&) {});
  EXPECT_EQ(result.counts.gave_up, 20);
  EXPECT_EQ(result.answers.nothing.size(), 20u);
  EXPECT_EQ(result.problem_count, 0u) << result.problems.front();
}

TEST(ProveTest, ProvesABookFromItsLogAlone) {
  FakeShop shop;
  FlashSaleOptions sale = Sale(shop, 50, 20);
  sale.plan.book = 77;
  ASSERT_OK(RunFlashSaleCommand(sale));
  ProveOptions options{.connection = sale.connection, .book = 77, .stocked = 20};
  const auto report = RunProve(options);
  ASSERT_OK(report);
  EXPECT_TRUE(report->passed) << report->text;
  options.stocked = 21;
  const auto wrong = RunProve(options);
  ASSERT_OK(wrong);
  EXPECT_FALSE(wrong->passed);
}

}  // namespace
}  // namespace inventory::bench
