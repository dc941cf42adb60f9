#include "stock/outcome.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <map>
#include <set>
#include <string_view>
#include <vector>

namespace inventory {
namespace {

struct Row {
  Outcome outcome;
  std::uint32_t code;
  int http_status;
  std::string_view message;
};

// The texts and numbers callers see: written down again, so that a slip in the table is caught.
TEST(OutcomeTable, CodesMessagesAndHttpStatusesAreTheContracts) {
  const std::vector<Row> contract = {
      {Outcome::kOk, 0, 200, "success"},
      {Outcome::kDeducted, 0, 200, "扣减成功"},
      {Outcome::kReleased, 0, 200, "释放成功"},
      {Outcome::kRestocked, 0, 200, "补充成功"},
      {Outcome::kReserved, 0, 200, "预占成功"},
      {Outcome::kConfirmed, 0, 200, "确认成功"},
      {Outcome::kCancelled, 0, 200, "取消成功"},
      {Outcome::kAdjusted, 0, 200, "调整成功"},
      {Outcome::kDuplicateOrder, 0, 200, "订单已处理（幂等性）"},
      {Outcome::kDuplicateRelease, 0, 200, "订单已释放（幂等性）"},
      {Outcome::kDuplicateRequest, 0, 200, "请求已处理（幂等性）"},
      {Outcome::kBookIdMissing, 40001, 400, "图书ID不能为空"},
      {Outcome::kOrderIdMissing, 40001, 400, "订单ID不能为空"},
      {Outcome::kDeductQuantityInvalid, 40001, 400, "扣减数量必须大于0"},
      {Outcome::kRestockQuantityInvalid, 40001, 400, "补充数量必须大于0"},
      {Outcome::kNothingToRelease, 40001, 400, "订单未扣减库存，无需释放"},
      {Outcome::kTooManyItems, 40002, 422, "超出限制：一次最多10000项"},
      {Outcome::kInsufficientStock, 40100, 409, "库存不足"},
      {Outcome::kStockLimit, 40101, 409, "库存超过上限"},
      {Outcome::kBookNotFound, 40401, 404, "库存记录不存在"},
      {Outcome::kReservationNotFound, 40402, 404, "预占记录不存在"},
      {Outcome::kOrderConflict, 40901, 409, "订单内容与之前不一致"},
      {Outcome::kOrderReleased, 40902, 409, "订单已释放"},
      {Outcome::kReservationExpired, 40903, 410, "预占已过期"},
      {Outcome::kRequestIdReused, 40904, 422, "请求号已用于其他内容"},
      {Outcome::kStockChanged, 40905, 412, "库存已变化"},
  };
  for (const Row& row : contract) {
    const OutcomeInfo& info = Info(row.outcome);
    EXPECT_EQ(info.code, row.code) << info.enumerator;
    EXPECT_EQ(info.http_status, row.http_status) << info.enumerator;
    EXPECT_EQ(info.message, row.message) << info.enumerator;
  }
}

TEST(OutcomeTable, EveryRowIsWhole) {
  const std::map<std::uint32_t, int> http = {
      {0, 200},     {40001, 400}, {40002, 422}, {40100, 409}, {40101, 409}, {40401, 404},
      {40402, 404}, {40901, 409}, {40902, 409}, {40903, 410}, {40904, 422}, {40905, 412}};
  std::set<std::string_view> enumerators;
  std::set<std::string_view> messages;
  for (int i = 0; i < kOutcomeCount; ++i) {
    const OutcomeInfo& info = Info(static_cast<Outcome>(i));
    EXPECT_TRUE(enumerators.insert(info.enumerator).second) << info.enumerator;
    EXPECT_TRUE(messages.insert(info.message).second) << info.enumerator << ": text used twice";
    EXPECT_FALSE(info.name.empty()) << info.enumerator;
    const auto found = http.find(info.code);
    ASSERT_NE(found, http.end()) << info.enumerator << ": unknown code " << info.code;
    EXPECT_EQ(info.http_status, found->second) << info.enumerator;
    EXPECT_EQ(IsSuccess(static_cast<Outcome>(i)), info.code == 0) << info.enumerator;
  }
}

// A gateway has only the code in its hands.
TEST(OutcomeTable, ACodeTellsTheHttpStatus) {
  for (int i = 0; i < kOutcomeCount; ++i) {
    const OutcomeInfo& info = Info(static_cast<Outcome>(i));
    EXPECT_EQ(HttpStatusOf(info.code), info.http_status) << info.enumerator;
  }
  EXPECT_EQ(HttpStatusOf(12'345), 500);
}

// Of several that apply, the smallest is the answer.
TEST(OutcomeTable, StandsInTheOrderOfChecks) {
  const std::vector<std::vector<std::uint32_t>> order = {
      {40001}, {40002}, {0},     {40904}, {40401, 40402}, {40902, 40903},
      {40901}, {40905}, {40100}, {40101}, {40001},        {0}};
  std::size_t stage = 0;
  for (int i = 0; i < kOutcomeCount; ++i) {
    const OutcomeInfo& info = Info(static_cast<Outcome>(i));
    const auto is_in = [&](std::size_t s) {
      return std::count(order[s].begin(), order[s].end(), info.code) > 0;
    };
    while (stage < order.size() && !is_in(stage)) ++stage;
    ASSERT_LT(stage, order.size()) << info.enumerator << " stands in the wrong place";
  }
  EXPECT_EQ(stage, order.size() - 1);
}

}  // namespace
}  // namespace inventory
