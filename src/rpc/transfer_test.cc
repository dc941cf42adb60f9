// ExportStock and ImportStock as a client sees them.
#include <gmock/gmock.h>

#include <functional>
#include <string>
#include <vector>

#include "base/delimited.h"
#include "rpc/server_testing.h"

namespace inventory {
namespace {

using Facts = std::vector<v1::StockFacts>;

class RpcTransferTest : public testing::Test {
 protected:
  // Something of every kind.
  static void LiveALittle(TestServer& server) {
    server.Restock(2, 50);
    v1::RestockInventoryRequest restock;
    restock.set_book_id(1);
    restock.set_quantity(100);
    restock.set_request_id("r1");
    restock.set_remark("采购入库");
    server.Call(*server.stub, &v1::InventoryService::Stub::RestockInventory, restock);
    v1::AdjustStockRequest adjust;
    adjust.set_book_id(1);
    adjust.set_set_to(90);
    adjust.set_expected_stock(100);
    adjust.set_request_id("a1");
    server.Call(*server.stub, &v1::InventoryService::Stub::AdjustStock, adjust);
    server.Deduct(1, 5, 1001);
    server.Deduct(1, 5, 1002);
    server.Release(1, 5, 1002, "returned");
    server.Release(1, 1, 1003);
    server.Reserve(1004, {{2, 3}, {1, 2}}, 60);
  }

  static Facts Export(TestServer& server) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + kPatience);
    const auto stream = server.admin->ExportStock(&context, {});
    Facts facts;
    v1::ExportStockResponse response;
    while (stream->Read(&response)) {
      facts.insert(facts.end(), response.facts().begin(), response.facts().end());
    }
    const grpc::Status status = stream->Finish();
    EXPECT_TRUE(status.ok()) << status.error_message();
    return facts;
  }

  // `per_message` facts at a time.
  static grpc::Status Import(TestServer& server, const Facts& facts,
                             v1::ImportStockResponse& response, std::size_t per_message = 3) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + kPatience);
    const auto writer = server.admin->ImportStock(&context, &response);
    v1::ImportStockRequest request;
    for (std::size_t i = 0; i < facts.size(); ++i) {
      *request.add_facts() = facts[i];
      if ((i + 1) % per_message != 0 && i + 1 < facts.size()) continue;
      if (!writer->Write(request)) break;
      request.Clear();
    }
    writer->WritesDone();
    return writer->Finish();
  }

  static std::string Bytes(const Facts& facts) {
    std::string bytes;
    for (const v1::StockFacts& fact : facts) {
      const std::string message = fact.SerializeAsString();
      bytes += LengthPrefix(message.size()) + message;
    }
    return bytes;
  }

  // Makes the trailer true again.
  static void Sign(Facts& facts) {
    DelimitedSum sum;
    for (std::size_t i = 0; i + 1 < facts.size(); ++i) sum.Add(facts[i].SerializeAsString());
    facts.back().mutable_trailer()->set_crc32(sum.value());
  }
};

TEST_F(RpcTransferTest, AnEmptyStoreIsAHeaderAndATrailer) {
  TestServer server;
  const Facts facts = Export(server);
  ASSERT_EQ(facts.size(), 2u);
  EXPECT_EQ(facts[0].ShortDebugString(), "header { format: 1 }");
  DelimitedSum sum;
  sum.Add(facts[0].SerializeAsString());
  EXPECT_EQ(facts[1].trailer().crc32(), sum.value());
  EXPECT_EQ(facts[1].trailer().movements(), 0u);
}

TEST_F(RpcTransferTest, FactsCarryEverything) {
  TestServer server;
  LiveALittle(server);
  const Facts facts = Export(server);
  std::vector<std::string> texts;
  for (const v1::StockFacts& fact : facts) texts.push_back(fact.ShortDebugString());
  const std::string now = std::to_string(server.clock.now);
  const std::string deadline = std::to_string(server.clock.now + 60'000);
  ASSERT_EQ(facts.size(), 1 + 8 + 2 + 5 + 1 + 2 + 1u);
  EXPECT_EQ(texts[1],
            "movement { book_id: 1 change_type: \"restock\" quantity: 100 after_stock: 100 remark: "
            "\"\\351\\207\\207\\350\\264\\255\\345\\205\\245\\345\\272\\223\" created_at_ms: " +
                now + " sequence: 1 request_id: \"r1\" }");
  EXPECT_EQ(texts[9],
            "balance { book_id: 1 stock: 83 locked_stock: 2 total_stock: 85 sequence: 6 }");
  EXPECT_EQ(
      texts[12],
      "line { order_id: 1002 book_id: 1 state: \"returned\" quantity: 5 released_quantity: 5 }");
  EXPECT_EQ(texts[13], "line { order_id: 1003 book_id: 1 state: \"tombstone\" }");
  EXPECT_EQ(texts[16],
            "reservation { order_id: 1004 state: RESERVATION_STATE_RESERVED "
            "deadline_ms: " +
                deadline +
                " lines { book_id: 2 quantity: 3 } "
                "lines { book_id: 1 quantity: 2 } }");
  EXPECT_EQ(texts[17],
            "request { book_id: 1 request_id: \"a1\" change_type: \"adjust\" quantity: "
            "90 set_to: true expected_stock: 100 }");
  EXPECT_EQ(facts.back().trailer().movements(), 8u);
  EXPECT_EQ(facts.back().trailer().requests(), 2u);
}

TEST_F(RpcTransferTest, ExportedImportedAndExportedAgainIsTheSameBytes) {
  TestServer server;
  LiveALittle(server);
  const Facts facts = Export(server);
  for (const std::size_t per_message : {1, 2, 1'000}) {
    TestServer other;
    v1::ImportStockResponse response;
    const grpc::Status status = Import(other, facts, response, per_message);
    ASSERT_TRUE(status.ok()) << status.error_message();
    EXPECT_THAT(response, Answers(0, "success"));
    EXPECT_EQ(response.imported().ShortDebugString(), facts.back().trailer().ShortDebugString());
    EXPECT_EQ(Bytes(Export(other)), Bytes(facts));
    EXPECT_THAT(other.Deduct(1, 5, 1001), Answers(0, "订单已处理（幂等性）"));
  }
}

TEST_F(RpcTransferTest, ManyFactsComeInManyMessages) {
  TestServer server;
  for (BookId book = 1; book <= 1'500; ++book) server.Restock(book, 1);
  grpc::ClientContext context;
  const auto stream = server.admin->ExportStock(&context, {});
  v1::ExportStockResponse response;
  int messages = 0;
  int facts = 0;
  for (; stream->Read(&response); ++messages) {
    facts += response.facts_size();
    EXPECT_LE(response.facts_size(), 1'001);
  }
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_EQ(facts, 3'000 + 2);
  EXPECT_GE(messages, 4);
}

TEST_F(RpcTransferTest, AMessageOfAnExportIsBounded) {
  TestServer server;
  const std::string remark(255, 'x');
  std::vector<ReservedLine> lines;
  for (BookId book = 1; book <= 2'000; ++book) lines.push_back({book, 1});
  for (const ReservedLine& line : lines) server.Restock(line.book, 100);
  for (OrderId order = 1; order <= 60; ++order) server.Reserve(order, lines);
  grpc::ClientContext context;
  const auto stream = server.admin->ExportStock(&context, {});
  v1::ExportStockResponse response;
  Facts facts;
  while (stream->Read(&response)) {
    EXPECT_LT(response.ByteSizeLong(), 1'200'000u);
    facts.insert(facts.end(), response.facts().begin(), response.facts().end());
  }
  EXPECT_TRUE(stream->Finish().ok());
  TestServer other;
  v1::ImportStockResponse imported;
  const grpc::Status status = Import(other, facts, imported, 50);
  EXPECT_TRUE(status.ok()) << status.error_message();
}

struct BadImport {
  std::string refusal;
  std::function<void(Facts&)> damage;
};

TEST_F(RpcTransferTest, WhatIsNoExportIsRefusedAndLeavesNothing) {
  TestServer server;
  LiveALittle(server);
  const Facts facts = Export(server);
  TestServer other;
  const std::vector<BadImport> table = {
      {"the header is missing", [](Facts& f) { f.erase(f.begin()); }},
      {"format 2, this service reads format 1",
       [](Facts& f) { f[0].mutable_header()->set_format(2); }},
      {"a header comes first, and only there", [](Facts& f) { f.insert(f.begin(), f[0]); }},
      {"without its trailer: it was cut short", [](Facts& f) { f.pop_back(); }},
      {"without its trailer", [](Facts& f) { f.clear(); }},
      {"without its trailer", [](Facts& f) { f.resize(1); }},
      {"a fact comes after the trailer", [](Facts& f) { f.push_back(f[1]); }},
      {"the trailer does not agree",
       [](Facts& f) { f.back().mutable_trailer()->set_movements(7); }},
      {"the trailer does not agree", [](Facts& f) { f.back().mutable_trailer()->set_crc32(7); }},
      {"the trailer does not agree",
       [](Facts& f) { f[1].mutable_movement()->set_remark("another"); }},
      {"book 1, movement 2: no change is a 'sale'",
       [](Facts& f) { f[2].mutable_movement()->set_change_type("sale"); }},
      {"balance of book 1: the total is not the sum",
       [](Facts& f) { f[9].mutable_balance()->set_total_stock(1); }},
      {"line of order 1001, book 1: no line is 'sold'",
       [](Facts& f) { f[11].mutable_line()->set_state("sold"); }},
      {"reservation of order 1004: no reservation has state 0",
       [](Facts& f) { f[16].mutable_reservation()->clear_state(); }},
      {"request id 'a1' of book 1: no change is a ''",
       [](Facts& f) { f[17].mutable_request()->clear_change_type(); }},
      {"an empty one", [](Facts& f) { f[5].Clear(); }},
      {"book 1, movement 3: there is a gap", [](Facts& f) { f.erase(f.begin() + 2); }},
      {"1 request ids that the movements have are missing",
       [](Facts& f) {
         f.erase(f.end() - 2);
         f.back().mutable_trailer()->set_requests(1);
         Sign(f);
       }},
  };
  for (const BadImport& bad : table) {
    Facts damaged = facts;
    bad.damage(damaged);
    v1::ImportStockResponse response;
    const grpc::Status status = Import(other, damaged, response);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT) << bad.refusal;
    EXPECT_THAT(status.error_message(), testing::HasSubstr(bad.refusal));
    EXPECT_THAT(status.error_message(), testing::HasSubstr("kept")) << bad.refusal;
    EXPECT_EQ(Export(other).size(), 2u) << bad.refusal;
  }
  v1::ImportStockResponse response;
  EXPECT_TRUE(Import(other, facts, response).ok());
}

TEST_F(RpcTransferTest, AStoreThatIsNotEmptyRefuses) {
  TestServer server;
  LiveALittle(server);
  const Facts facts = Export(server);
  v1::ImportStockResponse response;
  const grpc::Status status = Import(server, facts, response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(status.error_message(), testing::HasSubstr("not empty"));
  EXPECT_EQ(Bytes(Export(server)), Bytes(facts));
}

TEST_F(RpcTransferTest, AClientThatGoesAwayLeavesNothing) {
  TestServer server;
  LiveALittle(server);
  const Facts facts = Export(server);
  TestServer other;
  {
    grpc::ClientContext context;
    v1::ImportStockResponse response;
    const auto writer = other.admin->ImportStock(&context, &response);
    v1::ImportStockRequest request;
    for (const v1::StockFacts& fact : facts) *request.add_facts() = fact;
    request.mutable_facts()->RemoveLast();
    ASSERT_TRUE(writer->Write(request));
    // Under way: seen from outside.
    v1::GetStatusResponse status;
    do {
      status = other.Call(*other.admin, &v1::InventoryAdminService::Stub::GetStatus,
                          v1::GetStatusRequest());
    } while (status.serving());
    EXPECT_THAT(status.reason(), testing::HasSubstr("an import is under way"));
    grpc::ClientContext refused;
    v1::DeductStockRequest deduct;
    deduct.set_book_id(1);
    deduct.set_quantity(1);
    deduct.set_order_id(5);
    v1::DeductStockResponse answer;
    const grpc::Status refusal = other.stub->DeductStock(&refused, deduct, &answer);
    EXPECT_EQ(refusal.error_code(), grpc::StatusCode::UNAVAILABLE);
    EXPECT_THAT(refusal.error_message(), testing::HasSubstr("an import is under way"));
    context.TryCancel();
    writer->Finish().ok();
  }
  v1::GetStatusResponse status;
  do {
    status = other.Call(*other.admin, &v1::InventoryAdminService::Stub::GetStatus,
                        v1::GetStatusRequest());
  } while (!status.serving());
  EXPECT_EQ(Export(other).size(), 2u);
}

}  // namespace
}  // namespace inventory
