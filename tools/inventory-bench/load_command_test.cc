// The load commands against a small service in this process.
#include "tools/inventory-bench/load_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <set>
#include <string>

#include "base/status_matchers.h"
#include "client/load_client.h"
#include "tools/inventory-bench/fake_shop_testing.h"

namespace inventory::bench {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

DeductOptions Orders(const FakeShop& shop, std::uint64_t calls, int batch = 1) {
  DeductOptions options;
  options.load.connection.address = shop.address();
  options.load.plan = {.in_flight = 4, .warm_up = std::chrono::milliseconds(0), .calls = calls};
  options.load.books.count = 5;
  options.batch = batch;
  return options;
}

TEST(LoadCommandTest, DeductMakesExactlyTheCallsAskedFor) {
  FakeShop shop;
  const auto report = RunDeduct(Orders(shop, 100));
  ASSERT_OK(report);
  EXPECT_TRUE(report->Passed()) << ToTable(*report);
  EXPECT_EQ(report->result.calls, 100u);
  EXPECT_EQ(report->result.items, 100u);
  EXPECT_EQ(report->result.tally.ok_items(), 100u);
}

TEST(LoadCommandTest, ABatchCountsItsOrders) {
  FakeShop shop;
  const auto report = RunDeduct(Orders(shop, 10, 70));
  ASSERT_OK(report);
  EXPECT_TRUE(report->Passed()) << ToTable(*report);
  EXPECT_EQ(report->result.calls, 10u);
  EXPECT_EQ(report->result.items, 700u);
}

TEST(LoadCommandTest, RandomOrderIdsAndZipfBooksAreServedToo) {
  FakeShop shop;
  DeductOptions options = Orders(shop, 100);
  options.load.order_ids = OrderIdKind::kRandom;
  options.load.popularity = Popularity::kZipf;
  const auto report = RunDeduct(options);
  ASSERT_OK(report);
  EXPECT_TRUE(report->Passed()) << ToTable(*report);
}

TEST(LoadCommandTest, ATimetableIsKeptAndEveryCallMeasured) {
  FakeShop shop;
  DeductOptions options = Orders(shop, 50);
  options.load.plan.rate = 2'000;
  const auto report = RunDeduct(options);
  ASSERT_OK(report);
  EXPECT_EQ(report->result.latency.count(), 50u);
  // 50 calls of 2,000 a second cannot all have started before their time.
  EXPECT_GE(report->result.time, std::chrono::microseconds(49 * 500));
}

TEST(LoadCommandTest, GetReadsEveryBookAskedFor) {
  FakeShop shop;
  GetOptions options;
  options.load = Orders(shop, 20).load;
  const auto report = RunGet(options);
  ASSERT_OK(report);
  EXPECT_TRUE(report->Passed()) << ToTable(*report);
  EXPECT_EQ(report->result.items, 60u);
}

TEST(LoadCommandTest, ARefusalIsCountedByItsCodeAndFails) {
  FakeShop shop(Fault::kRefuses);
  const auto report = RunDeduct(Orders(shop, 30));
  ASSERT_OK(report);
  EXPECT_FALSE(report->Passed());
  EXPECT_THAT(report->result.tally.refused(), ElementsAre(Pair(40100u, 10u)));
  EXPECT_THAT(report->faults, ElementsAre());  // the books lost what was told
}

TEST(LoadCommandTest, AFailedCallIsCountedByItsStatusAndFails) {
  FakeShop shop(Fault::kLosesAnswers);
  const auto report = RunDeduct(Orders(shop, 30));
  ASSERT_OK(report);
  EXPECT_FALSE(report->Passed());
  EXPECT_THAT(report->result.tally.failed(), ElementsAre(Pair(grpc::StatusCode::UNAVAILABLE, 10u)));
  EXPECT_EQ(report->result.tally.first_error(), "UNAVAILABLE: outcome unknown");
  EXPECT_THAT(report->faults, ElementsAre());  // unknown outcomes may have sold
}

TEST(LoadCommandTest, ASaleThatTookNothingFails) {
  FakeShop shop(Fault::kForgetsSales);
  const auto report = RunDeduct(Orders(shop, 30));
  ASSERT_OK(report);
  EXPECT_FALSE(report->Passed());
  EXPECT_THAT(report->faults,
              ElementsAre(HasSubstr("the books lost 27 units, the answers say 30")));
}

// Every order that was answered with yes, and no other.
TEST(LoadCommandTest, ARecordHoldsWhatWasAnsweredWithYes) {
  FakeShop shop(Fault::kRefuses);
  v1::RestockInventoryRequest restock;
  v1::RestockInventoryResponse restocked;
  restock.set_book_id(7);
  restock.set_quantity(1'000);
  shop.RestockInventory(nullptr, &restock, &restocked);
  DeductOptions options = Orders(shop, 30);
  options.load.books = {.first = 7, .count = 1};
  options.load.quantity = 2;
  options.record = ::testing::TempDir() + "/record_" + std::to_string(getpid());
  const auto report = RunDeduct(options);
  ASSERT_OK(report);
  EXPECT_EQ(report->result.tally.ok_items(), 20u);

  std::ifstream file(options.record);
  std::set<std::uint64_t> orders;
  std::int64_t time = 0;
  std::uint64_t order = 0;
  std::uint64_t book = 0;
  std::int32_t quantity = 0;
  while (file >> time >> order >> book >> quantity) {
    EXPECT_GT(time, 0);
    EXPECT_EQ(book, 7u);
    EXPECT_EQ(quantity, 2);
    orders.insert(order);
  }
  EXPECT_EQ(orders.size(), 20u);
  std::remove(options.record.c_str());

  options.record = "/nowhere/at/all";
  EXPECT_THAT(RunDeduct(options), StatusIs(absl::StatusCode::kNotFound, "/nowhere/at/all"));
}

TEST(LoadCommandTest, SeveralAddressesAreOfOneStock) {
  FakeShop shop;
  DeductOptions options = Orders(shop, 100);
  options.load.connection.address = shop.address() + "," + shop.address();
  const auto report = RunDeduct(options);
  ASSERT_OK(report);
  EXPECT_TRUE(report->Passed()) << ToTable(*report);
  EXPECT_THAT(report->what, HasSubstr("1 connection to each of 2 instances"));
  options.load.connection.address += ",127.0.0.1:1";
  EXPECT_THAT(RunDeduct(options),
              StatusIs(absl::StatusCode::kUnavailable, "start inventory-service"));
}

TEST(LoadCommandTest, SaysWhenNothingAnswers) {
  EXPECT_THAT(LoadClient::Connect({.address = "127.0.0.1:1"}, std::chrono::milliseconds(50)),
              StatusIs(absl::StatusCode::kUnavailable, "start inventory-service"));
}

}  // namespace
}  // namespace inventory::bench
