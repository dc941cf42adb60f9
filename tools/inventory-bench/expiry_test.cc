#include "tools/inventory-bench/expiry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace inventory::bench {
namespace {

using ::testing::HasSubstr;

constexpr std::int64_t kDue = 1'800'000'000'000;

// Orders 1 and 2 fall due at kDue and expire so many ms later.
SaleHistory Expired(std::int64_t first_late, std::int64_t second_late) {
  SaleHistory history;
  std::uint64_t order = 0;
  for (const std::int64_t late : {first_late, second_late}) {
    v1::InventoryLog& movement = history.log.emplace_back();
    movement.set_change_type("expire");
    movement.set_order_id(++order);
    movement.set_created_at_ms(kDue + late);
  }
  return history;
}

TEST(ExpiryTest, InTimeIsProved) {
  EXPECT_TRUE(AllHold(ProveExpiry(Expired(0, 1'000), {{1, kDue}, {2, kDue}})));
}

TEST(ExpiryTest, EarlyLateMissingAndTwiceAreSeen) {
  const Deadlines deadlines = {{1, kDue}, {2, kDue}};
  EXPECT_THAT(ToText(ProveExpiry(Expired(-1, 0), deadlines)), HasSubstr("FAIL  none before"));
  EXPECT_THAT(ToText(ProveExpiry(Expired(0, 1'001), deadlines)), HasSubstr("FAIL  all within"));
  EXPECT_THAT(ToText(ProveExpiry(Expired(0, 0), {{1, kDue}, {2, kDue}, {3, kDue}})),
              HasSubstr("FAIL  of 3 reservations 2 expired"));
  SaleHistory twice = Expired(0, 0);
  twice.log.push_back(twice.log.back());
  EXPECT_THAT(ToText(ProveExpiry(twice, deadlines)), HasSubstr("FAIL  order 2 expired"));
  EXPECT_THAT(ToText(ProveExpiry(Expired(0, 0), {{1, kDue}})), HasSubstr("FAIL  order 2 expired"));
}

TEST(ExpiryTest, AsksForTheSecondThatBeginsAtTheDueTime) {
  const auto due = std::chrono::system_clock::now() + std::chrono::seconds(60);
  ReserveWorkload workload(7, OrderIds(OrderIdKind::kGrowing, due), due, 1);
  v1::ReserveStockRequest request;
  ASSERT_TRUE(Parse(workload.Next(0).request, request));
  EXPECT_GE(request.ttl_seconds(), 59);
  EXPECT_LE(request.ttl_seconds(), 60);

  v1::ReserveStockResponse response;
  response.set_expires_at_ms(kDue);
  Tally tally;
  workload.Read(0, response.SerializeAsString(), tally);
  EXPECT_EQ(workload.deadlines(), (Deadlines{{request.order_id(), kDue}}));
}

}  // namespace
}  // namespace inventory::bench
