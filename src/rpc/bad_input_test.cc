// What a client gets for what nobody should send: a named outcome or a status that says what is
// wrong, and no effect.
#include <gmock/gmock.h>

#include <limits>

#include "rpc/server_testing.h"

namespace inventory {
namespace {

using Stub = v1::InventoryService::Stub;
using testing::HasSubstr;

constexpr Quantity kLargest = std::numeric_limits<Quantity>::max();

class BadInputTest : public testing::Test {
 protected:
  template <typename Response, typename Request>
  Response Call(grpc::Status (Stub::*send)(grpc::ClientContext*, const Request&, Response*),
                const Request& request) {
    return server_.Call(*server_.stub, send, request);
  }
  RawAnswer Raw(const std::string& method, const std::string& bytes) {
    return CallRaw(server_.channel, "/inventory.v1.InventoryService/" + method, bytes);
  }

  TestServer server_;
};

TEST_F(BadInputTest, BytesThatAreNoMessage) {
  for (const std::string& bytes : {std::string("\xff\xff\xff\xff"), std::string("\x08"),
                                   std::string("\x0a\xff garbage"), std::string(100, '\xff')}) {
    for (const std::string method : {"DeductStock", "BatchDeductStock", "GetStock", "ListStock"}) {
      const RawAnswer answer = Raw(method, bytes);
      EXPECT_EQ(answer.status.error_code(), grpc::StatusCode::INVALID_ARGUMENT) << method;
      EXPECT_THAT(answer.status.error_message(), HasSubstr("inventory.v1." + method + "Request"));
    }
  }
}

TEST_F(BadInputTest, TextsThatAreNotUtf8) {
  server_.Restock(1, 10);
  // book_id 1, quantity 1, request_id of one byte that begins nothing.
  const RawAnswer restock = Raw("RestockInventory", std::string("\x08\x01\x10\x01\x1a\x01\xff"));
  EXPECT_EQ(restock.status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(restock.status.error_message(), HasSubstr("UTF-8"));
  // The same with reason, the first half of 库.
  const RawAnswer release = Raw("ReleaseStock", std::string("\x08\x01\x18\x01\x22\x02\xe5\xba"));
  EXPECT_EQ(release.status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(server_.Get(1).stock(), 10);
}

TEST_F(BadInputTest, ARequestPastTheReceiveLimit) {
  const RawAnswer answer = Raw("DeductStock", std::string(5'000'000, '\0'));
  EXPECT_EQ(answer.status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
}

TEST_F(BadInputTest, AMethodThatIsNone) {
  EXPECT_EQ(Raw("SellEverything", "").status.error_code(), grpc::StatusCode::UNIMPLEMENTED);
}

TEST_F(BadInputTest, ZeroIds) {
  EXPECT_THAT(server_.Get(0), Answers(40001, "图书ID不能为空"));
  EXPECT_THAT(server_.Deduct(0, 1, 1), Answers(40001, "图书ID不能为空"));
  EXPECT_THAT(server_.Deduct(1, 1, 0), Answers(40001, "订单ID不能为空"));
  EXPECT_THAT(server_.Release(0, 1, 1), Answers(40001, "图书ID不能为空"));
  EXPECT_THAT(server_.Release(1, 1, 0), Answers(40001, "订单ID不能为空"));
  EXPECT_THAT(server_.Restock(0, 1), Answers(40001, "图书ID不能为空"));
  EXPECT_THAT(server_.Reserve(0, {{1, 1}}), Answers(40001, "订单ID不能为空"));
  EXPECT_THAT(server_.Reserve(1, {{1, 1}, {0, 1}}), Answers(40001, "图书ID不能为空"));
  EXPECT_THAT(Call(&Stub::ConfirmReservation, v1::ConfirmReservationRequest()),
              Answers(40001, "订单ID不能为空"));
  EXPECT_THAT(Call(&Stub::CancelReservation, v1::CancelReservationRequest()),
              Answers(40001, "订单ID不能为空"));
  EXPECT_THAT(Call(&Stub::GetReservation, v1::GetReservationRequest()),
              Answers(40001, "订单ID不能为空"));
  EXPECT_THAT(Call(&Stub::GetOrder, v1::GetOrderRequest()), Answers(40001, "订单ID不能为空"));
  EXPECT_THAT(Call(&Stub::AdjustStock, v1::AdjustStockRequest()), Answers(40001, "图书ID不能为空"));
  EXPECT_THAT(server_.Logs({}), Answers(40001, "图书ID不能为空"));
  v1::BatchGetStockRequest books;
  books.add_book_ids(1);
  books.add_book_ids(0);
  EXPECT_THAT(Call(&Stub::BatchGetStock, books), Answers(40001, "图书ID不能为空"));
}

TEST_F(BadInputTest, QuantitiesOutOfRange) {
  server_.Restock(1, 10);
  for (const Quantity quantity : {0, -1, std::numeric_limits<Quantity>::min()}) {
    EXPECT_THAT(server_.Deduct(1, quantity, 1), Answers(40001, "扣减数量必须大于0"));
    EXPECT_THAT(server_.Restock(1, quantity), Answers(40001, "补充数量必须大于0"));
    EXPECT_THAT(server_.Reserve(1, {{1, quantity}}), Answers(40001, "预占数量必须大于0"));
  }
  EXPECT_THAT(server_.Release(1, -1, 1), Answers(40001, "释放数量不能小于0"));
  EXPECT_THAT(server_.Restock(1, kLargest), Answers(40101, "库存超过上限"));
  EXPECT_THAT(server_.Deduct(1, kLargest, 1), Answers(40100, "库存不足"));
  EXPECT_THAT(server_.Reserve(1, {{1, kLargest}, {1, kLargest}}), Answers(40100, "库存不足"));
  EXPECT_THAT(server_.Reserve(2, {}), Answers(40001, "预占明细不能为空"));
  EXPECT_EQ(server_.Get(1).stock(), 10);
  EXPECT_EQ(server_.Get(1).sequence(), 1u) << "refusals leave no trace";
}

TEST_F(BadInputTest, AdjustmentsOutOfRange) {
  server_.Restock(1, 10);
  v1::AdjustStockRequest request;
  request.set_book_id(1);
  EXPECT_THAT(Call(&Stub::AdjustStock, request), Answers(40001, "调整内容不能为空"));
  request.set_delta(-11);
  EXPECT_THAT(Call(&Stub::AdjustStock, request), Answers(40100, "库存不足"));
  request.set_delta(kLargest);
  EXPECT_THAT(Call(&Stub::AdjustStock, request), Answers(40101, "库存超过上限"));
  request.set_set_to(-1);
  EXPECT_THAT(Call(&Stub::AdjustStock, request), Answers(40100, "库存不足"));
  EXPECT_EQ(server_.Get(1).sequence(), 1u);
}

TEST_F(BadInputTest, TimeToLiveOutOfRange) {
  server_.Restock(1, 10);
  constexpr std::int32_t kThirtyDays = 30 * 24 * 3'600;
  EXPECT_THAT(server_.Reserve(1, {{1, 1}}, -1), Answers(40001, "预占时长不能小于0"));
  EXPECT_THAT(server_.Reserve(1, {{1, 1}}, kThirtyDays + 1),
              Answers(40002, "超出限制：预占时长最多30天"));
  EXPECT_THAT(server_.Reserve(1, {{1, 1}}, kLargest), Answers(40002, "超出限制：预占时长最多30天"));
  EXPECT_THAT(server_.Reserve(1, {{1, 1}}, kThirtyDays), Answers(0, "预占成功"));
}

TEST_F(BadInputTest, MoreItemsThanACallMayHave) {
  server_.Restock(1, kLargest);
  v1::BatchDeductStockRequest request;
  for (int i = 0; i < 10'000; ++i) {
    v1::DeductStockRequest& item = *request.add_items();
    // The longest encodings, to show that the largest allowed call fits the receive limit.
    item.set_book_id(std::numeric_limits<BookId>::max());
    item.set_quantity(kLargest);
    item.set_order_id(std::numeric_limits<OrderId>::max() - static_cast<OrderId>(i));
  }
  const auto largest = Call(&Stub::BatchDeductStock, request);
  EXPECT_THAT(largest, Answers(0, "success"));
  EXPECT_EQ(largest.results_size(), 10'000);
  const std::uint64_t before = server_.service->Figures().commands;
  *request.add_items() = request.items(0);
  const auto refused = Call(&Stub::BatchDeductStock, request);
  EXPECT_THAT(refused, Answers(40002, "超出限制：一次最多10000项"));
  EXPECT_EQ(refused.results_size(), 0);
  EXPECT_EQ(server_.service->Figures().commands, before) << "nothing was submitted";
  const std::vector<ReservedLine> lines(10'001, ReservedLine{1, 1});
  EXPECT_THAT(server_.Reserve(1, lines), Answers(40002, "超出限制：一次最多10000项"));
}

TEST_F(BadInputTest, MoreIdsThanACallMayHave) {
  v1::BatchGetStockRequest request;
  for (int i = 0; i < 1'000; ++i) request.add_book_ids(1);
  EXPECT_EQ(Call(&Stub::BatchGetStock, request).stocks_size(), 1'000);
  request.add_book_ids(1);
  EXPECT_THAT(Call(&Stub::BatchGetStock, request), Answers(40002, "超出限制：一次最多1000个ID"));
}

TEST_F(BadInputTest, TextsOf256Bytes) {
  server_.Restock(1, 10);
  const std::string longest(255, 'x');
  v1::RestockInventoryRequest restock;
  restock.set_book_id(1);
  restock.set_quantity(1);
  restock.set_remark(longest);
  EXPECT_THAT(Call(&Stub::RestockInventory, restock), Answers(0, "补充成功"));
  restock.set_remark(longest + "x");
  EXPECT_THAT(Call(&Stub::RestockInventory, restock), Answers(40002, "超出限制：文本最多255字节"));
  restock.clear_remark();
  restock.set_request_id(longest + "x");
  EXPECT_THAT(Call(&Stub::RestockInventory, restock), Answers(40002, "超出限制：文本最多255字节"));
  EXPECT_THAT(server_.Release(1, 1, 5, longest + "x"), Answers(40002, "超出限制：文本最多255字节"));
  v1::CancelReservationRequest cancel;
  cancel.set_order_id(5);
  cancel.set_reason(longest + "x");
  EXPECT_THAT(Call(&Stub::CancelReservation, cancel), Answers(40002, "超出限制：文本最多255字节"));
  v1::AdjustStockRequest adjust;
  adjust.set_book_id(1);
  adjust.set_delta(1);
  adjust.set_reason(longest + "x");
  EXPECT_THAT(Call(&Stub::AdjustStock, adjust), Answers(40002, "超出限制：文本最多255字节"));
  EXPECT_EQ(server_.Get(1).stock(), 11);
}

TEST_F(BadInputTest, PagesThatAreNone) {
  server_.Restock(1, 10);
  v1::GetInventoryLogsRequest request;
  request.set_book_id(1);
  request.set_page(4'294'967'295);
  EXPECT_THAT(server_.Logs(request), Answers(40002, "超出限制：页码过大"));
  request.set_page_size(4'294'967'295);
  EXPECT_THAT(server_.Logs(request), Answers(40002, "超出限制：页码过大"));
  request.set_page(1);
  EXPECT_THAT(server_.Logs(request), Answers(0, "success")) << "a large page size is the largest";
  request.set_page(2);
  EXPECT_EQ(server_.Logs(request).logs_size(), 0) << "past the end there is nothing";
  request.set_order_id(7);
  EXPECT_THAT(server_.Logs(request), Answers(40001, "分页参数无效"))
      << "filters go by page_token, not by number";
}

TEST_F(BadInputTest, PageTokensThatAreNone) {
  server_.Restock(1, 10);
  server_.Restock(2, 10);
  for (OrderId order = 1; order <= 5; ++order) server_.Deduct(1, 1, order);
  v1::GetInventoryLogsRequest request;
  request.set_book_id(1);
  request.set_page_size(2);
  const std::string token = server_.Logs(request).next_page_token();
  ASSERT_FALSE(token.empty());
  request.set_page_token("garbage");
  EXPECT_THAT(server_.Logs(request), Answers(40001, "分页标记无效"));
  request.set_page_token(std::string(100'000, 'A'));
  EXPECT_THAT(server_.Logs(request), Answers(40001, "分页标记无效"));
  request.set_page_token(token);
  EXPECT_EQ(server_.Logs(request).logs_size(), 2);
  request.set_page(1);
  EXPECT_THAT(server_.Logs(request), Answers(40001, "分页参数无效")) << "page with page_token";
  request.clear_page();
  request.set_book_id(2);
  EXPECT_THAT(server_.Logs(request), Answers(40001, "分页标记无效")) << "of another book";
  v1::ListStockRequest list;
  list.set_page_token(token);
  EXPECT_THAT(Call(&Stub::ListStock, list), Answers(40001, "分页标记无效")) << "of another list";
}

TEST_F(BadInputTest, FiltersThatAreNone) {
  server_.Restock(1, 10);
  v1::GetInventoryLogsRequest request;
  request.set_book_id(1);
  request.set_change_type("DEDUCT");
  EXPECT_THAT(server_.Logs(request), Answers(40001, "变更类型无效"));
  request.clear_change_type();
  request.set_since_ms(-1);
  EXPECT_THAT(server_.Logs(request), Answers(40001, "时间范围无效"));
  request.set_since_ms(5);
  request.set_until_ms(4);
  EXPECT_THAT(server_.Logs(request), Answers(40001, "时间范围无效"));
}

TEST_F(BadInputTest, BackupNamesThatWouldLeaveTheFolder) {
  v1::BackupRequest request;
  const auto backup = [&] {
    return server_.Call(*server_.admin, &v1::InventoryAdminService::Stub::Backup, request);
  };
  for (const std::string name : {"", "..", ".hidden", "a/b", "/etc", "a b", "库存"}) {
    request.set_name(name);
    EXPECT_THAT(backup(), Answers(40001, "名称无效")) << name;
  }
  request.set_name(std::string(256, 'x'));
  EXPECT_THAT(backup(), Answers(40002, "超出限制：文本最多255字节"));
}

TEST_F(BadInputTest, AWatchIsRefusedWithAStatus) {
  v1::WatchStockRequest request;
  const auto watch = [&] {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + kPatience);
    const auto stream = server_.stub->WatchStock(&context, request);
    v1::WatchStockResponse response;
    EXPECT_FALSE(stream->Read(&response));
    return stream->Finish();
  };
  request.add_book_ids(0);
  grpc::Status status = watch();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(status.error_message(), "图书ID不能为空");
  request.clear_book_ids();
  for (BookId book = 1; book <= 1'001; ++book) request.add_book_ids(book);
  status = watch();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(status.error_message(), "超出限制：一次最多1000个ID");
  EXPECT_EQ(Raw("WatchStock", "\xff\xff").status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

}  // namespace
}  // namespace inventory
