// Every RPC as a client sees it: codes, messages and figures.
#include <gmock/gmock.h>

#include <map>
#include <string>
#include <thread>

#include "rpc/server_testing.h"

namespace inventory {
namespace {

using Stub = v1::InventoryService::Stub;
using Admin = v1::InventoryAdminService::Stub;

class EveryRpcTest : public testing::Test {
 protected:
  template <typename Response, typename Request>
  Response Call(grpc::Status (Stub::*send)(grpc::ClientContext*, const Request&, Response*),
                const Request& request) {
    return server_.Call(*server_.stub, send, request);
  }

  TestServer server_;
};

// The eight checks of the service that came before, in its order.
TEST_F(EveryRpcTest, TheEightChecks) {
  EXPECT_THAT(server_.Restock(1, 100), Answers(0, "补充成功"));  // 1
  const v1::GetStockResponse stock = server_.Get(1);             // 2
  EXPECT_THAT(stock, Answers(0, "success"));
  EXPECT_EQ(stock.book_id(), 1u);
  EXPECT_EQ(stock.stock(), 100);

  server_.Restock(2, 50);
  server_.Restock(3, 200);
  v1::BatchGetStockRequest books;  // 3
  for (const BookId book : {1, 2, 3}) books.add_book_ids(book);
  const auto batch = Call(&Stub::BatchGetStock, books);
  EXPECT_THAT(batch, Answers(0, "success"));
  ASSERT_EQ(batch.stocks_size(), 3);
  EXPECT_EQ(batch.stocks(0).stock(), 100);
  EXPECT_EQ(batch.stocks(1).stock(), 50);
  EXPECT_EQ(batch.stocks(2).stock(), 200);

  const auto deducted = server_.Deduct(1, 5, 1001);  // 4
  EXPECT_THAT(deducted, Answers(0, "扣减成功"));
  EXPECT_EQ(deducted.remaining_stock(), 95);
  const auto again = server_.Deduct(1, 5, 1001);  // 5
  EXPECT_THAT(again, Answers(0, "订单已处理（幂等性）"));
  EXPECT_EQ(again.remaining_stock(), 95);
  const auto too_many = server_.Deduct(1, 200, 1002);  // 6
  EXPECT_THAT(too_many, Answers(40100, "库存不足"));
  EXPECT_EQ(too_many.remaining_stock(), 95);
  const auto released = server_.Release(1, 5, 1001);  // 7
  EXPECT_THAT(released, Answers(0, "释放成功"));
  EXPECT_EQ(released.current_stock(), 100);
  EXPECT_THAT(server_.Release(1, 5, 1001), Answers(0, "订单已释放（幂等性）"));

  std::vector<std::thread> buyers;  // 8
  for (const OrderId order : {2001, 2002, 2003}) {
    buyers.emplace_back(
        [this, order] { EXPECT_THAT(server_.Deduct(2, 10, order), Answers(0, "扣减成功")); });
  }
  for (std::thread& buyer : buyers) buyer.join();
  EXPECT_EQ(server_.Get(2).stock(), 20);
}

TEST_F(EveryRpcTest, BatchGetStockKeepsTheOrderAskedAndThePlaceOfTheUnknown) {
  server_.Restock(5, 7);
  v1::BatchGetStockRequest request;
  for (const BookId book : {9, 5, 9, 5}) request.add_book_ids(book);
  const auto response = Call(&Stub::BatchGetStock, request);
  ASSERT_EQ(response.stocks_size(), 4);
  for (const int unknown : {0, 2}) {
    EXPECT_EQ(response.stocks(unknown).book_id(), 9u);
    EXPECT_EQ(response.stocks(unknown).code(), 40401u);
  }
  for (const int known : {1, 3}) {
    EXPECT_EQ(response.stocks(known).code(), 0u);
    EXPECT_EQ(response.stocks(known).stock(), 7);
    EXPECT_EQ(response.stocks(known).total_stock(), 7);
    EXPECT_EQ(response.stocks(known).sequence(), 1u);
  }
}

TEST_F(EveryRpcTest, BatchGetStockOfNothingIsNothing) {
  EXPECT_THAT(Call(&Stub::BatchGetStock, v1::BatchGetStockRequest()), Answers(0, "success"));
}

TEST_F(EveryRpcTest, AnUnknownBookIsNotFoundWhenReadAndSoldOutWhenBought) {
  EXPECT_THAT(server_.Get(77), Answers(40401, "库存记录不存在"));
  EXPECT_EQ(server_.Get(77).book_id(), 77u);
  EXPECT_THAT(server_.Deduct(77, 1, 1), Answers(40100, "库存不足"));
  v1::GetInventoryLogsRequest logs;
  logs.set_book_id(77);
  EXPECT_THAT(server_.Logs(logs), Answers(40401, "库存记录不存在"));
}

TEST_F(EveryRpcTest, BatchDeductAnswersEachItemInItsPlace) {
  server_.Restock(1, 10);
  v1::BatchDeductStockRequest request;
  const auto add = [&request](BookId book, Quantity quantity, OrderId order) {
    v1::DeductStockRequest& item = *request.add_items();
    item.set_book_id(book);
    item.set_quantity(quantity);
    item.set_order_id(order);
  };
  add(1, 4, 100);
  add(1, 7, 101);
  add(1, 0, 102);
  add(1, 4, 100);
  const auto response = Call(&Stub::BatchDeductStock, request);
  EXPECT_THAT(response, Answers(0, "success"));
  ASSERT_EQ(response.results_size(), 4);
  EXPECT_THAT(response.results(0), Answers(0, ""));
  EXPECT_EQ(response.results(0).remaining_stock(), 6);
  EXPECT_THAT(response.results(1), Answers(40100, "库存不足"));
  EXPECT_EQ(response.results(1).remaining_stock(), 6);
  EXPECT_THAT(response.results(2), Answers(40001, "扣减数量必须大于0"));
  EXPECT_THAT(response.results(3), Answers(0, ""));
  EXPECT_EQ(response.results(3).remaining_stock(), 6);
  EXPECT_EQ(server_.Get(1).stock(), 6);
}

TEST_F(EveryRpcTest, AReservationIsConfirmed) {
  server_.Restock(1, 10);
  server_.Restock(2, 10);
  const auto reserved = server_.Reserve(500, {{1, 3}, {2, 4}}, 60);
  EXPECT_THAT(reserved, Answers(0, "预占成功"));
  EXPECT_EQ(reserved.expires_at_ms(), server_.clock.now + 60'000);
  ASSERT_EQ(reserved.lines_size(), 2);
  EXPECT_EQ(reserved.lines(0).book_id(), 1u);
  EXPECT_EQ(reserved.lines(0).code(), 0u);
  EXPECT_EQ(reserved.lines(0).remaining_stock(), 7);
  EXPECT_EQ(server_.Get(1).locked_stock(), 3);
  EXPECT_EQ(server_.Get(1).total_stock(), 10);

  v1::GetReservationRequest get;
  get.set_order_id(500);
  auto reservation = Call(&Stub::GetReservation, get);
  EXPECT_EQ(reservation.state(), v1::RESERVATION_STATE_RESERVED);
  EXPECT_EQ(reservation.expires_at_ms(), reserved.expires_at_ms());
  ASSERT_EQ(reservation.lines_size(), 2);
  EXPECT_EQ(reservation.lines(1).book_id(), 2u);
  EXPECT_EQ(reservation.lines(1).quantity(), 4);
  EXPECT_EQ(reservation.lines(1).state(), v1::ORDER_LINE_STATE_RESERVED);
  EXPECT_EQ(reservation.lines(1).expires_at_ms(), reserved.expires_at_ms());

  v1::ConfirmReservationRequest confirm;
  confirm.set_order_id(500);
  const auto confirmed = Call(&Stub::ConfirmReservation, confirm);
  EXPECT_THAT(confirmed, Answers(0, "确认成功"));
  ASSERT_EQ(confirmed.lines_size(), 2);
  EXPECT_THAT(Call(&Stub::ConfirmReservation, confirm), Answers(0, "订单已处理（幂等性）"));
  reservation = Call(&Stub::GetReservation, get);
  EXPECT_EQ(reservation.state(), v1::RESERVATION_STATE_CONFIRMED);
  EXPECT_EQ(reservation.lines(0).state(), v1::ORDER_LINE_STATE_SOLD);
  EXPECT_EQ(reservation.lines(0).expires_at_ms(), 0);
  EXPECT_EQ(server_.Get(2).total_stock(), 6);
}

TEST_F(EveryRpcTest, AReservationThatFallsShortTakesNothingAndNamesTheLine) {
  server_.Restock(1, 10);
  server_.Restock(2, 1);
  const auto response = server_.Reserve(501, {{1, 3}, {2, 4}});
  EXPECT_THAT(response, Answers(40100, "库存不足"));
  ASSERT_EQ(response.lines_size(), 2);
  EXPECT_EQ(response.lines(0).code(), 0u);
  EXPECT_EQ(response.lines(1).code(), 40100u);
  EXPECT_EQ(response.lines(1).remaining_stock(), 1);
  EXPECT_EQ(response.expires_at_ms(), 0);
  EXPECT_EQ(server_.Get(1).stock(), 10);
}

TEST_F(EveryRpcTest, AReservationIsCancelledOrExpires) {
  server_.Restock(1, 10);
  server_.Reserve(502, {{1, 3}}, 60);
  v1::CancelReservationRequest cancel;
  cancel.set_order_id(502);
  cancel.set_reason("changed my mind");
  EXPECT_THAT(Call(&Stub::CancelReservation, cancel), Answers(0, "取消成功"));
  EXPECT_THAT(Call(&Stub::CancelReservation, cancel), Answers(0, "订单已释放（幂等性）"));

  server_.Reserve(503, {{1, 3}}, 60);
  server_.clock.now += 60'000;
  v1::GetReservationRequest get;
  get.set_order_id(503);
  const auto expired = Call(&Stub::GetReservation, get);
  EXPECT_EQ(expired.state(), v1::RESERVATION_STATE_EXPIRED);
  ASSERT_EQ(expired.lines_size(), 1);
  EXPECT_EQ(expired.lines(0).state(), v1::ORDER_LINE_STATE_EXPIRED);
  v1::ConfirmReservationRequest confirm;
  confirm.set_order_id(503);
  EXPECT_THAT(Call(&Stub::ConfirmReservation, confirm), Answers(40903, "预占已过期"));
}

TEST_F(EveryRpcTest, AReservationThatNeverWasIsNotFound) {
  v1::GetReservationRequest get;
  get.set_order_id(600);
  EXPECT_THAT(Call(&Stub::GetReservation, get), Answers(40402, "预占记录不存在"));
  // A cancel that comes first is remembered, and is no reservation either.
  v1::CancelReservationRequest cancel;
  cancel.set_order_id(600);
  EXPECT_THAT(Call(&Stub::CancelReservation, cancel), Answers(40402, "预占记录不存在"));
  EXPECT_THAT(Call(&Stub::GetReservation, get), Answers(40402, "预占记录不存在"));
  EXPECT_THAT(server_.Reserve(600, {{1, 1}}), Answers(40902, "订单已释放"));
}

TEST_F(EveryRpcTest, AnOrderShowsItsLinesAndItsLogOldestFirst) {
  server_.Restock(1, 10);
  server_.Restock(2, 10);
  server_.Deduct(1, 2, 700);
  server_.Release(1, 2, 700, "returned");
  server_.clock.now += 1;
  server_.Deduct(2, 3, 700);
  server_.Release(3, 1, 700);  // a tombstone: never shown
  v1::GetOrderRequest request;
  request.set_order_id(700);
  const auto order = Call(&Stub::GetOrder, request);
  EXPECT_THAT(order, Answers(0, "success"));
  ASSERT_EQ(order.lines_size(), 2);
  EXPECT_EQ(order.lines(0).book_id(), 1u);
  EXPECT_EQ(order.lines(0).state(), v1::ORDER_LINE_STATE_RELEASED);
  EXPECT_EQ(order.lines(1).book_id(), 2u);
  EXPECT_EQ(order.lines(1).state(), v1::ORDER_LINE_STATE_SOLD);
  ASSERT_EQ(order.logs_size(), 3);
  EXPECT_EQ(order.logs(0).change_type(), "deduct");
  EXPECT_EQ(order.logs(1).change_type(), "release");
  EXPECT_EQ(order.logs(1).remark(), "returned");
  EXPECT_EQ(order.logs(2).book_id(), 2u);
}

TEST_F(EveryRpcTest, StockIsAdjusted) {
  server_.Restock(1, 10);
  v1::AdjustStockRequest request;
  request.set_book_id(1);
  request.set_delta(-4);
  request.set_request_id("count-1");
  EXPECT_THAT(Call(&Stub::AdjustStock, request), Answers(0, "调整成功"));
  const auto again = Call(&Stub::AdjustStock, request);
  EXPECT_THAT(again, Answers(0, "请求已处理（幂等性）"));
  EXPECT_EQ(again.current_stock(), 6);
  request.set_set_to(4);
  EXPECT_THAT(Call(&Stub::AdjustStock, request), Answers(40904, "请求号已用于其他内容"));
  request.set_request_id("count-2");
  request.set_expected_stock(5);
  EXPECT_THAT(Call(&Stub::AdjustStock, request), Answers(40905, "库存已变化"));
  request.set_expected_stock(6);
  const auto set = Call(&Stub::AdjustStock, request);
  EXPECT_THAT(set, Answers(0, "调整成功"));
  EXPECT_EQ(set.current_stock(), 4);
  // An expected 0 is not "no expectation".
  request.set_request_id("count-3");
  request.set_expected_stock(0);
  EXPECT_THAT(Call(&Stub::AdjustStock, request), Answers(40905, "库存已变化"));
}

TEST_F(EveryRpcTest, LogsComeNewestFirstInPages) {
  server_.Restock(1, 100);
  for (OrderId order = 1; order <= 24; ++order) server_.Deduct(1, 1, order);
  v1::GetInventoryLogsRequest request;
  request.set_book_id(1);
  const auto first = server_.Logs(request);
  EXPECT_THAT(first, Answers(0, "success"));
  EXPECT_EQ(first.total(), 25u);
  ASSERT_EQ(first.logs_size(), 20);
  EXPECT_EQ(first.logs(0).sequence(), 25u);
  EXPECT_EQ(first.logs(0).order_id(), 24u);
  EXPECT_EQ(first.logs(0).change_type(), "deduct");
  EXPECT_EQ(first.logs(0).quantity(), 1);
  EXPECT_EQ(first.logs(0).before_stock(), 77);
  EXPECT_EQ(first.logs(0).after_stock(), 76);
  EXPECT_EQ(first.logs(0).created_at(), server_.clock.now / 1'000);
  EXPECT_EQ(first.logs(0).created_at_ms(), server_.clock.now);

  request.set_page(2);
  const auto second = server_.Logs(request);
  ASSERT_EQ(second.logs_size(), 5);
  EXPECT_EQ(second.logs(0).sequence(), 5u);
  EXPECT_EQ(second.logs(4).change_type(), "restock");
  EXPECT_TRUE(second.next_page_token().empty());

  request.clear_page();
  request.set_page_token(first.next_page_token());
  const auto by_token = server_.Logs(request);
  ASSERT_EQ(by_token.logs_size(), 5);
  EXPECT_EQ(by_token.logs(0).sequence(), 5u);
}

TEST_F(EveryRpcTest, LogsAreFiltered) {
  server_.Restock(1, 100);
  for (OrderId order = 1; order <= 10; ++order) {
    server_.clock.now += 1'000;
    server_.Deduct(1, 1, order);
  }
  v1::GetInventoryLogsRequest request;
  request.set_book_id(1);
  request.set_change_type("deduct");
  request.set_since_ms(server_.clock.now - 4'000);
  request.set_until_ms(server_.clock.now);
  request.set_page_size(3);
  std::vector<OrderId> orders;
  for (int calls = 0; calls < 10; ++calls) {
    const auto page = server_.Logs(request);
    EXPECT_EQ(page.total(), 0u);
    for (const v1::InventoryLog& log : page.logs()) orders.push_back(log.order_id());
    if (page.next_page_token().empty()) break;
    request.set_page_token(page.next_page_token());
  }
  EXPECT_THAT(orders, testing::ElementsAre(9, 8, 7, 6));
  v1::GetInventoryLogsRequest by_order;
  by_order.set_book_id(1);
  by_order.set_order_id(3);
  ASSERT_EQ(server_.Logs(by_order).logs_size(), 1);
}

TEST_F(EveryRpcTest, AllStockIsListedOrOnlyTheLow) {
  for (BookId book = 1; book <= 5; ++book) server_.Restock(book, book == 3 ? 2 : 50);
  v1::ListStockRequest request;
  request.set_page_size(2);
  std::vector<BookId> books;
  for (int calls = 0; calls < 10; ++calls) {
    const auto page = Call(&Stub::ListStock, request);
    EXPECT_THAT(page, Answers(0, "success"));
    EXPECT_LE(page.stocks_size(), 2);
    for (const v1::StockInfo& stock : page.stocks()) books.push_back(stock.book_id());
    if (page.next_page_token().empty()) break;
    request.set_page_token(page.next_page_token());
  }
  EXPECT_THAT(books, testing::ElementsAre(1, 2, 3, 4, 5));
  v1::ListStockRequest low;
  low.set_low_stock_only(true);
  const auto page = Call(&Stub::ListStock, low);
  ASSERT_EQ(page.stocks_size(), 1);
  EXPECT_EQ(page.stocks(0).book_id(), 3u);
}

TEST_F(EveryRpcTest, StatusTellsProcessStoreAndFigures) {
  server_.Restock(1, 1);
  const auto status = server_.Call(*server_.admin, &Admin::GetStatus, v1::GetStatusRequest());
  EXPECT_EQ(status.version(), "1.2.3");
  EXPECT_EQ(status.commit(), "abcdef");
  EXPECT_EQ(status.store(), "memory");
  EXPECT_TRUE(status.serving());
  EXPECT_EQ(status.started_at_ms(), 17);
  EXPECT_EQ(status.now_ms(), server_.clock.now);
  std::map<std::string, std::int64_t> figures;
  for (const v1::StatusFigure& figure : status.figures()) figures[figure.name()] = figure.value();
  EXPECT_EQ(figures.at("commands"), 1);
  EXPECT_EQ(figures.at("books"), 1);
  EXPECT_EQ(figures.at("queue_depth"), 0);

  EXPECT_OK(server_.store->Close());
  const auto closed = server_.Call(*server_.admin, &Admin::GetStatus, v1::GetStatusRequest());
  EXPECT_FALSE(closed.serving());
  EXPECT_THAT(closed.reason(), testing::HasSubstr("closed"));
}

TEST_F(EveryRpcTest, AWatchTellsTheStockAndThenWhatChanges) {
  server_.Restock(1, 100);
  server_.Restock(2, 100);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kPatience);
  v1::WatchStockRequest request;
  request.add_book_ids(1);
  const auto stream = server_.stub->WatchStock(&context, request);
  v1::WatchStockResponse response;
  do {
    ASSERT_TRUE(stream->Read(&response));
    for (const v1::StockChange& change : response.changes()) {
      EXPECT_EQ(change.book_id(), 1u);
      EXPECT_EQ(change.stock(), 100);
      EXPECT_FALSE(change.low());
    }
  } while (!response.snapshot_done());
  server_.Deduct(2, 1, 800);
  server_.Reserve(801, {{1, 95}});
  ASSERT_TRUE(stream->Read(&response));
  ASSERT_EQ(response.changes_size(), 1);
  EXPECT_EQ(response.changes(0).book_id(), 1u);
  EXPECT_EQ(response.changes(0).stock(), 5);
  EXPECT_EQ(response.changes(0).locked_stock(), 95);
  EXPECT_EQ(response.changes(0).total_stock(), 100);
  EXPECT_EQ(response.changes(0).sequence(), 2u);
  EXPECT_TRUE(response.changes(0).low());
  EXPECT_FALSE(response.snapshot_done());
  context.TryCancel();
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::CANCELLED);
}

// What the table of handlers leaves out would hang or say UNIMPLEMENTED; only what this store
// cannot do may, and it says so.
TEST_F(EveryRpcTest, NoMethodOfTheContractIsForgotten) {
  const std::string one_place = "this store keeps its stock in one place, without a ledger";
  const std::map<std::string, std::string> refused = {
      {"Reconcile", one_place},
      {"ListQuarantine", one_place},
      {"RetryQuarantine", one_place},
      {"AdoptStock",
       "the memory store has no tables of the earlier service: take them over with "
       "store: mysql"}};
  const auto& file = *v1::GetStockRequest::descriptor()->file();
  for (int i = 0; i < file.service_count(); ++i) {
    for (int j = 0; j < file.service(i)->method_count(); ++j) {
      const auto& method = *file.service(i)->method(j);
      if (method.name() == "WatchStock") continue;   // has no end; tested by itself
      if (method.name() == "ImportStock") continue;  // wants more than nothing; transfer_test.cc
      const std::string path = "/" + file.service(i)->full_name() + "/" + method.name();
      const RawAnswer answer = CallRaw(server_.channel, path, "");
      if (const auto text = refused.find(method.name()); text != refused.end()) {
        EXPECT_EQ(answer.status.error_code(), grpc::StatusCode::UNIMPLEMENTED) << path;
        EXPECT_EQ(answer.status.error_message(), text->second);
      } else {
        EXPECT_TRUE(answer.status.ok()) << path << ": " << answer.status.error_message();
      }
    }
  }
}

}  // namespace
}  // namespace inventory
