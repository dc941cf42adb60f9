#include "http/openapi_document.h"

#include <gmock/gmock.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "base/clock.h"
#include "http/http_routes.h"
#include "service/scripted_store_testing.h"

namespace inventory {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

class OpenApiDocumentTest : public testing::Test {
 protected:
  const json& Operation(const std::string& path, const std::string& method) const {
    return document.at("paths").at(path).at(method);
  }
  const json& Property(const std::string& message, const std::string& field) const {
    return document.at("components").at("schemas").at(message).at("properties").at(field);
  }

  SteadyClock clock;
  ScriptedStore store{clock};
  std::unique_ptr<InventoryService> service = InventoryService::Make(store, ServiceSettings{});
  InventoryApi api{*service, {}};
  const json document = json::parse(OpenApiDocument(ApiRoutes(api)));
};

TEST_F(OpenApiDocumentTest, EveryRouteIsInItWithItsRole) {
  std::size_t operations = 0;
  for (const auto& [path, methods] : document.at("paths").items()) operations += methods.size();
  EXPECT_EQ(operations, ApiRoutes(api).size());
  EXPECT_EQ(Operation("/deduct", "post").at("operationId"), "DeductStock");
  EXPECT_EQ(Operation("/deduct", "post").at("x-role"), "seller");
  EXPECT_EQ(Operation("/stock", "get").at("operationId"), "BatchGetStockOrListStock");
}

TEST_F(OpenApiDocumentTest, APageOrFileIsNot) {
  const json other = json::parse(OpenApiDocument({{"GET", "/page", Role::kAnyone, nullptr}}));
  EXPECT_TRUE(other.at("paths").empty());
}

TEST_F(OpenApiDocumentTest, EachStatusHasItsOutcomes) {
  const json& responses = Operation("/deduct", "post").at("responses");
  const json& refused = responses.at("409").at("x-outcomes");
  EXPECT_EQ(refused, json::parse(R"([
      {"code":40902,"name":"order_released","message":"订单已释放"},
      {"code":40901,"name":"order_conflict","message":"订单内容与之前不一致"},
      {"code":40100,"name":"insufficient_stock","message":"库存不足"}])"));
  EXPECT_EQ(responses.at("200").at("content").at("application/json").at("schema").at("$ref"),
            "#/components/schemas/DeductStockResponse");
  EXPECT_EQ(responses.at("503").at("content").at("application/json").at("schema").at("$ref"),
            "#/components/schemas/Error");
  // Under 400 there may come either.
  EXPECT_EQ(
      responses.at("400").at("content").at("application/json").at("schema").at("anyOf").size(), 2u);
  EXPECT_FALSE(Operation("/stock/{book_id}", "get").at("responses").contains("409"));
  EXPECT_TRUE(Operation("/stock/{book_id}", "get").at("responses").contains("304"));
}

TEST_F(OpenApiDocumentTest, FieldsAreAsProtobufWritesThem) {
  EXPECT_EQ(Property("GetStockResponse", "book_id"),
            json::parse(R"({"type":"string","format":"uint64","pattern":"^[0-9]{1,20}$"})"));
  EXPECT_EQ(Property("GetStockResponse", "stock"),
            json::parse(R"({"type":"integer","format":"int32",
                            "description":"available: what can be sold now"})"));
  // A request may give a number.
  EXPECT_EQ(Property("DeductStockRequest", "book_id").at("anyOf").size(), 2u);
  EXPECT_EQ(Property("GetOrderResponse", "lines").at("items").at("$ref"),
            "#/components/schemas/OrderLineInfo");
  EXPECT_THAT(Property("OrderLineInfo", "state").at("enum"),
              testing::Contains("ORDER_LINE_STATE_SOLD"));
  const json& answer = document.at("components").at("schemas").at("DeductStockResponse");
  EXPECT_THAT(answer.at("required"), ElementsAre("code", "message", "remaining_stock"));
  const json& request = document.at("components").at("schemas").at("DeductStockRequest");
  EXPECT_FALSE(request.contains("required"));
  EXPECT_EQ(request.at("additionalProperties"), false);
}

TEST_F(OpenApiDocumentTest, ParametersAreThoseThatAreTaken) {
  const json& logs = Operation("/stock/{book_id}/logs", "get").at("parameters");
  EXPECT_EQ(logs.at(0).at("name"), "book_id");
  EXPECT_EQ(logs.at(0).at("in"), "path");
  EXPECT_EQ(logs.at(0).at("required"), true);
  EXPECT_EQ(logs.size(), 8u);
  const json& books = Operation("/stock", "get").at("parameters");
  EXPECT_EQ(books.at(0), json::parse(R"({"name":"ids","in":"query","description":"at most 1,000",
      "style":"form","explode":false,"schema":{"type":"array","items":
      {"type":"string","format":"uint64","pattern":"^[0-9]{1,20}$"}}})"));
  const json& restock = Operation("/restock", "post");
  EXPECT_EQ(restock.at("parameters").at(0).at("name"), "Idempotency-Key");
  EXPECT_EQ(restock.at("requestBody").at("required"), true);
  EXPECT_EQ(Operation("/reservations/{order_id}/cancel", "post").at("requestBody").at("required"),
            false);
}

TEST_F(OpenApiDocumentTest, AStreamSaysWhatItsEventsAre) {
  const json& content =
      Operation("/events", "get").at("responses").at("200").at("content").at("text/event-stream");
  EXPECT_EQ(content.at("schema").at("x-event-data").at("$ref"),
            "#/components/schemas/WatchStockResponse");
  EXPECT_THAT(Property("StockChange", "low").at("description").get<std::string>(),
              HasSubstr("warning_threshold"));
}

}  // namespace
}  // namespace inventory
