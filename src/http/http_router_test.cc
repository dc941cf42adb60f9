#include "http/http_router.h"

#include <gmock/gmock.h>

#include <chrono>
#include <future>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/clock.h"
#include "service/scripted_store_testing.h"

namespace inventory {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

using Fields = std::map<std::string, std::string>;

struct Bad {
  std::string method, target, body;
  Fields fields;
  int status;
  std::string says;
};

class HttpRouterTest : public testing::Test {
 protected:
  static ServiceSettings Small() {
    ServiceSettings settings;
    settings.queue_limit = 1;
    settings.batches_in_flight = 1;
    settings.watcher_limit = 1;
    return settings;
  }

  // The answer, when there is one.
  std::future<HttpAnswer> Send(const std::string& method, const std::string& target,
                               const std::string& body = "", const Fields& fields = {}) {
    HttpRequest request;
    request.method = method;
    request.target = target;
    request.body = body;
    if (!fields.contains("host")) request.fields.emplace("host", "localhost:9080");
    if (method == "POST" && !fields.contains("content-type")) {
      request.fields.emplace("content-type", "application/json");
    }
    for (const auto& [name, value] : fields) {
      if (!value.empty()) request.fields.emplace(name, value);
    }
    auto answered = std::make_shared<std::promise<HttpAnswer>>();
    std::future<HttpAnswer> answer = answered->get_future();
    router.Answer(request,
                  [answered](const DeferredHttpAnswer& make) { answered->set_value(make()); });
    return answer;
  }
  HttpAnswer Ask(const std::string& method, const std::string& target, const std::string& body = "",
                 const Fields& fields = {}) {
    return Send(method, target, body, fields).get();
  }
  HttpAnswer Get(const std::string& target, const Fields& fields = {}) {
    return Ask("GET", target, "", fields);
  }
  HttpAnswer Post(const std::string& target, const std::string& body, const Fields& fields = {}) {
    return Ask("POST", target, body, fields);
  }
  void Restock(int book, int quantity) {
    ASSERT_EQ(Post("/restock", absl::StrCat("{\"book_id\":", book, ",\"quantity\":", quantity, "}"))
                  .status,
              200);
  }

  void ExpectRefused(const Bad& bad) {
    SCOPED_TRACE(bad.method + " " + bad.target.substr(0, 60) + " " + bad.body.substr(0, 60));
    const HttpAnswer answer = Ask(bad.method, bad.target, bad.body, bad.fields);
    EXPECT_EQ(answer.status, bad.status) << answer.body;
    EXPECT_THAT(answer.body, StartsWith("{"));
    EXPECT_THAT(answer.body, HasSubstr(bad.says));
    const bool is_method = bad.status == 405;
    EXPECT_THAT(Field(answer, "Allow"), HasSubstr(is_method ? bad.says : ""));
  }
  static std::string NextPage(const std::string& body) {
    const std::string mark = R"("next_page_token":")";
    const std::size_t begin = body.find(mark) + mark.size();
    return body.substr(begin, body.find('"', begin) - begin);
  }
  static std::string Field(const HttpAnswer& answer, const std::string& name) {
    for (const auto& [key, value] : answer.fields) {
      if (key == name) return value;
    }
    return "";
  }

  SteadyClock clock;
  ScriptedStore store{clock};
  std::unique_ptr<InventoryService> service = InventoryService::Make(store, Small());
  InventoryApi api{*service, {}};
  Access access;
  HttpRouter router{api, access, std::chrono::seconds(60), [] { return "up 1\n"; }};
};

TEST_F(HttpRouterTest, EveryFieldIsWrittenByItsNameInTheContract) {
  Restock(1, 100);
  EXPECT_EQ(Get("/stock/1").body,
            R"({"code":0,"message":"success","book_id":"1","stock":100,"locked_stock":0,)"
            R"("total_stock":100,"sequence":"1"})");
  EXPECT_EQ(Post("/deduct", R"({"book_id":1,"quantity":100,"order_id":"7"})").body,
            R"({"code":0,"message":"扣减成功","remaining_stock":0})");
}

TEST_F(HttpRouterTest, TheConsoleIsAPageAndItsFiles) {
  const HttpAnswer page = Get("/");
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(Field(page, "Content-Type"), "text/html; charset=utf-8");
  EXPECT_EQ(Field(page, "Cache-Control"), "no-cache");
  const std::string mark = "src=\"";
  std::size_t begin = page.body.find("app.js");
  begin = page.body.rfind(mark, begin) + mark.size();
  const std::string app = page.body.substr(begin, page.body.find('"', begin) - begin);
  ASSERT_THAT(app, StartsWith("/console/"));
  const HttpAnswer file = Get(app);
  EXPECT_EQ(file.status, 200);
  EXPECT_EQ(Field(file, "Content-Type"), "text/javascript; charset=utf-8");
  EXPECT_THAT(Field(file, "Cache-Control"), HasSubstr("immutable"));
  EXPECT_THAT(file.body, HasSubstr("import "));
  // A file in a folder, which a module names.
  const std::string base = app.substr(0, app.rfind('/'));
  EXPECT_EQ(Get(base + "/views/stock.js").status, 200);
  EXPECT_EQ(Field(Get(base + "/icon.svg"), "Content-Type"), "image/svg+xml");
}

TEST_F(HttpRouterTest, TheConsoleRunsNothingFromElsewhere) {
  const std::string policy = Field(Get("/"), "Content-Security-Policy");
  EXPECT_THAT(policy, StartsWith("default-src 'none'; script-src 'self'; style-src 'self';"));
  EXPECT_THAT(policy, HasSubstr("frame-ancestors 'none'"));
  EXPECT_THAT(policy, Not(HasSubstr("unsafe")));
}

TEST_F(HttpRouterTest, AKnownFileOfTheConsoleIsNotSentAgain) {
  const std::string tag = Field(Get("/"), "ETag");
  const HttpAnswer again = Get("/", {{"if-none-match", tag}});
  EXPECT_EQ(again.status, 304);
  EXPECT_THAT(again.body, IsEmpty());
  EXPECT_EQ(Field(again, "ETag"), tag);
  EXPECT_EQ(Get("/", {{"if-none-match", "\"another\""}}).status, 200);
}

TEST_F(HttpRouterTest, TheConsoleHasNoOtherFiles) {
  for (const char* path : {"/console", "/console/", "/console/app.js", "/console/another/app.js",
                           "/index.html", "/console/../app.js"}) {
    const HttpAnswer answer = Get(path);
    EXPECT_EQ(answer.status, 404) << path;
    EXPECT_THAT(answer.body, HasSubstr("NOT_FOUND")) << path;
  }
  EXPECT_EQ(Post("/", "{}").status, 405);
}

TEST_F(HttpRouterTest, ManyBooksAtOnceKeepTheirOrder) {
  Restock(3, 5);
  const HttpAnswer answer = Get("/stock?ids=2,3");
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.body, HasSubstr(R"([{"book_id":"2","stock":0,"locked_stock":0,)"
                                     R"("total_stock":0,"sequence":"0","code":40401},)"
                                     R"({"book_id":"3","stock":5)"));
}

TEST_F(HttpRouterTest, AllBooksAreListedByPagesAndTheLowOnesAlone) {
  Restock(1, 50);
  Restock(2, 3);
  Restock(5, 50);
  const std::string first = Get("/stock?page_size=2").body;
  EXPECT_THAT(first, HasSubstr(R"("stocks":[{"book_id":"1","stock":50,)"));
  EXPECT_THAT(first, HasSubstr(R"({"book_id":"2","stock":3,)"));
  EXPECT_THAT(first, Not(HasSubstr(R"("book_id":"5")")));
  const std::string rest = Get("/stock?page_size=2&page_token=" + NextPage(first)).body;
  EXPECT_THAT(rest, HasSubstr(R"("stocks":[{"book_id":"5",)"));
  EXPECT_THAT(rest, HasSubstr(R"("next_page_token":"")"));
  EXPECT_THAT(Get("/stock?low_stock_only=false").body, HasSubstr(R"("stocks":[{"book_id":"1",)"));
  EXPECT_THAT(Get("/stock?low_stock_only=true").body, HasSubstr(R"("stocks":[{"book_id":"2",)"));
}

TEST_F(HttpRouterTest, TheStatusIsThatOfTheServiceAndItsStore) {
  const HttpAnswer answer = Get("/status");
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.body, HasSubstr(R"("serving":true)"));
  EXPECT_THAT(answer.body, HasSubstr(R"({"name":"queue_depth","value":"0","unit":"commands")"));
}

TEST_F(HttpRouterTest, AStreamIsAnsweredWithItsFirstEvent) {
  Restock(1, 5);
  Restock(2, 50);
  const HttpAnswer all = Get("/events");
  EXPECT_EQ(all.status, 200);
  EXPECT_EQ(Field(all, "Content-Type"), "text/event-stream");
  EXPECT_THAT(all.body, HasSubstr(R"("changes":[{"book_id":"1","stock":5,)"));
  EXPECT_THAT(all.body, HasSubstr(R"("book_id":"2")"));
  EXPECT_THAT(all.body, HasSubstr(R"("snapshot_done":true)"));
  const HttpAnswer too_many = Get("/events");
  EXPECT_EQ(too_many.status, 429);
  EXPECT_EQ(too_many.stream, nullptr);
}

TEST_F(HttpRouterTest, AStreamIsOfTheBooksThatAreAskedFor) {
  Restock(1, 5);
  Restock(2, 50);
  Restock(3, 50);
  EXPECT_THAT(Get("/events?ids=2,3").body, Not(HasSubstr(R"("book_id":"1")")));
  EXPECT_THAT(Get("/events?low_stock_only=true&min_interval_ms=10").body,
              Not(HasSubstr(R"("book_id":"2")")));
}

TEST_F(HttpRouterTest, AStreamThatCannotBeginHasAStatusThatSaysSo) {
  const std::vector<Bad> table = {
      {"GET", "/events?ids=0", "", {}, 400, "图书ID不能为空"},
      {"GET", "/events?ids=", "", {}, 400, "ids"},
      {"GET", "/events?books=1", "", {}, 400, "no parameter"},
      {"GET", "/events?low_stock_only=1", "", {}, 400, "neither true nor false"},
      {"GET", "/events?min_interval_ms=-1", "", {}, 400, "min_interval_ms"},
      {"POST", "/events", "", {}, 405, "GET, HEAD"},
  };
  for (const Bad& bad : table) ExpectRefused(bad);
  store.FailReads(absl::UnavailableError("the disk is full"));
  EXPECT_EQ(Get("/events").status, 503);
}

TEST_F(HttpRouterTest, LogsArePagedAndFiltered) {
  for (int i = 0; i < 3; ++i) Restock(1, 1);
  EXPECT_THAT(Get("/stock/1/logs?page_size=1&page=2").body, HasSubstr(R"("sequence":"2")"));
  const std::string token = NextPage(Get("/stock/1/logs?page_size=2").body);
  EXPECT_THAT(Get("/stock/1/logs?page_size=2&page_token=" + token).body,
              HasSubstr(R"("sequence":"1")"));
  EXPECT_THAT(Get("/stock/1/logs?change_type=deduct").body, HasSubstr(R"("logs":[])"));
  EXPECT_EQ(Get("/stock/1/logs?page=1&page_token=" + token).status, 400);
}

TEST_F(HttpRouterTest, AReservationFromHoldToReturn) {
  Restock(1, 10);
  EXPECT_EQ(Post("/reserve", R"({"order_id":7,"lines":[{"book_id":1,"quantity":4}]})").status, 200);
  EXPECT_THAT(Get("/reservations/7").body, HasSubstr(R"("state":"RESERVATION_STATE_RESERVED")"));
  EXPECT_EQ(Post("/reservations/7/confirm", "").status, 200);
  EXPECT_EQ(Post("/reservations/7/cancel", R"({"reason":"late"})").status, 409);
  EXPECT_THAT(Get("/orders/7").body, HasSubstr("ORDER_LINE_STATE_SOLD"));
  EXPECT_EQ(Post("/release", R"({"book_id":1,"order_id":7})").status, 200);
  EXPECT_THAT(Get("/stock/1").body, HasSubstr(R"("stock":10)"));
}

TEST_F(HttpRouterTest, ABatchIsAnsweredLineByLine) {
  Restock(1, 1);
  const HttpAnswer answer = Post("/deduct/batch",
                                 R"({"items":[{"book_id":1,"quantity":1,"order_id":7},
                                              {"book_id":1,"quantity":1,"order_id":8}]})");
  // The queue of this test's service has room for one.
  EXPECT_EQ(answer.status, 429);
  EXPECT_THAT(Post("/deduct/batch", R"({"items":[{"book_id":1,"quantity":1,"order_id":7}]})").body,
              HasSubstr(R"("results":[{"code":0)"));
}

TEST_F(HttpRouterTest, TheOutcomeIsTheStatus) {
  Restock(1, 1);
  EXPECT_EQ(Get("/stock/2").status, 404);
  EXPECT_THAT(Get("/stock/2").body, HasSubstr("40401"));
  EXPECT_EQ(Get("/stock/0").status, 400);
  EXPECT_EQ(Get("/reservations/9").status, 404);
  EXPECT_EQ(Post("/deduct", R"({"book_id":1,"quantity":2,"order_id":7})").status, 409);
  EXPECT_EQ(Post("/deduct", R"({"book_id":1,"quantity":0,"order_id":7})").status, 400);
  EXPECT_EQ(Post("/adjust", R"({"book_id":1,"set_to":5,"expected_stock":9})").status, 412);
  EXPECT_EQ(Post("/reserve", R"({"order_id":7,"lines":[{"book_id":1,"quantity":1}],)"
                             R"("ttl_seconds":9000000})")
                .status,
            422);
}

TEST_F(HttpRouterTest, TheTagTellsWhetherFiguresAreStillRight) {
  Restock(1, 5);
  const HttpAnswer answer = Get("/stock/1");
  const std::string tag = Field(answer, "ETag");
  EXPECT_EQ(tag, "\"1-5-0\"");
  EXPECT_EQ(Field(answer, "Cache-Control"), "private, max-age=1");
  for (const std::string& same : {tag, "W/" + tag, "\"x\", " + tag, std::string("*")}) {
    const HttpAnswer unchanged = Get("/stock/1", {{"if-none-match", same}});
    EXPECT_EQ(unchanged.status, 304) << same;
    EXPECT_THAT(unchanged.body, IsEmpty());
    EXPECT_EQ(Field(unchanged, "ETag"), tag);
  }
  Restock(1, 1);
  EXPECT_EQ(Get("/stock/1", {{"if-none-match", tag}}).status, 200);
  EXPECT_EQ(Get("/stock/2", {{"if-none-match", "*"}}).status, 404);
}

TEST_F(HttpRouterTest, TheIdempotencyKeyIsTheRequestId) {
  const std::string body = R"({"book_id":1,"quantity":5})";
  const Fields key = {{"idempotency-key", "a"}};
  EXPECT_THAT(Post("/restock", body, key).body, HasSubstr("补充成功"));
  EXPECT_THAT(Post("/restock", body, key).body, HasSubstr("请求已处理（幂等性）"));
  EXPECT_THAT(Post("/restock", R"({"book_id":1,"quantity":5,"request_id":"a"})", key).body,
              HasSubstr("请求已处理（幂等性）"));
  EXPECT_EQ(Post("/adjust", R"({"book_id":1,"delta":1})", key).status, 422);
  EXPECT_EQ(Post("/restock", R"({"book_id":1,"quantity":5,"request_id":"b"})", key).status, 400);
  EXPECT_EQ(Post("/restock", body, {{"idempotency-key", "\xFF"}}).status, 400);
  EXPECT_THAT(Get("/stock/1").body, HasSubstr(R"("stock":5)"));
}

TEST_F(HttpRouterTest, WhatDoesNotFitIsRefusedAndChangesNothing) {
  Restock(1, 5);
  const std::string deduct = R"({"book_id":1,"quantity":1,"order_id":7})";
  const std::vector<Bad> table = {
      {"GET", "/nothing", "", {}, 404, "no such path"},
      {"GET", "/stock/1/", "", {}, 404, "no such path"},
      {"GET", "/stock/1/logs/2", "", {}, 404, "no such path"},
      {"GET", "*", "", {}, 400, "no path"},
      {"GET", "/stock/", "", {}, 400, "book_id"},
      {"GET", "/stock/x", "", {}, 400, "book_id"},
      {"GET", "/stock/-1", "", {}, 400, "book_id"},
      {"GET", "/stock/+1", "", {}, 400, "book_id"},
      {"GET", "/stock/18446744073709551616", "", {}, 400, "book_id"},
      {"GET", "/stock/1?a=b", "", {}, 400, "no parameter"},
      {"GET", "/stock/1?%zz", "", {}, 400, "hex digits"},
      {"GET", "/stock?page_token=x", "", {}, 400, "分页标记无效"},
      {"GET", "/stock?low_stock_only=yes", "", {}, 400, "neither true nor false"},
      {"GET", "/stock?ids=1&page_size=2", "", {}, 400, "no parameter"},
      {"GET", "/status?x=1", "", {}, 400, "no parameter"},
      {"GET", "/stock?ids=", "", {}, 400, "ids"},
      {"GET", "/stock?ids=1,,2", "", {}, 400, "ids"},
      {"GET", "/stock?ids=1&ids=2", "", {}, 400, "twice"},
      {"GET", "/stock?book_ids=1", "", {}, 400, "no parameter"},
      {"GET", "/stock/1/logs?page=4294967296", "", {}, 400, "page"},
      {"GET", "/stock/1/logs?change_type=%ff", "", {}, 400, "UTF-8"},
      {"GET", "/stock/1/logs?change_type=sold", "", {}, 400, "变更类型无效"},
      {"GET", "/" + std::string(5'000, 'x'), "", {}, 414, "longer than 4096"},
      {"DELETE", "/stock/1", "", {}, 405, "GET, HEAD"},
      {"GET", "/deduct", "", {}, 405, "POST"},
      {"OPTIONS", "/deduct", "", {}, 405, "POST"},
      {"HEAD", "/deduct", "", {}, 405, "POST"},
      {"POST", "/deduct?x=1", deduct, {}, 400, "no parameter"},
      {"POST", "/deduct", "", {}, 400, "no JSON object"},
      {"POST", "/deduct", "null", {}, 400, "no JSON object"},
      {"POST", "/deduct", "[]", {}, 400, "no JSON object"},
      {"POST", "/deduct", "{", {}, 400, "does not fit"},
      {"POST", "/deduct", deduct + "x", {}, 400, "does not fit"},
      {"POST", "/deduct", R"({"books":1})", {}, 400, "books"},
      {"POST", "/deduct", R"({"book_id":-1})", {}, 400, "does not fit"},
      {"POST", "/deduct", R"({"book_id":1,"quantity":1.5,"order_id":7})", {}, 400, "does not fit"},
      {"POST", "/deduct", R"({"book_id":1,"quantity":2147483648,"order_id":7})", {}, 400, ""},
      {"POST", "/release", "{\"reason\":\"\xFF\"}", {}, 400, ""},
      {"POST", "/deduct", std::string(10'000, '{'), {}, 400, ""},
      {"POST", "/deduct", deduct, {{"content-type", ""}}, 415, "application/json"},
      {"POST", "/deduct", deduct, {{"content-type", "text/plain"}}, 415, "application/json"},
      {"POST", "/deduct", deduct, {{"content-type", "application/json; charset=gbk"}}, 415, ""},
      {"POST", "/reservations/7/confirm", "", {{"content-type", ""}}, 415, "application/json"},
      {"POST", "/reservations/7/confirm", R"({"order_id":8})", {}, 400, "another in the body"},
      {"POST", "/reservations/x/cancel", "", {}, 400, "order_id"},
      {"POST", "/deduct", deduct, {{"host", ""}}, 400, "Host"},
      {"POST", "/deduct", deduct, {{"host", "shop.example"}}, 421, "made up"},
      {"POST", "/deduct", deduct, {{"host", "127.0.0.1.shop.example:9080"}}, 421, ""},
      {"GET", "/healthz", "", {{"host", "shop.example"}}, 421, "made up"},
      {"POST", "/deduct", deduct, {{"origin", "http://shop.example"}}, 403, "web pages"},
      {"POST", "/deduct", deduct, {{"origin", "null"}}, 403, "web pages"},
  };
  for (const Bad& bad : table) ExpectRefused(bad);
  EXPECT_THAT(Get("/stock/1").body, HasSubstr(R"("stock":5)"));
}

TEST_F(HttpRouterTest, TheNamesOfThisMachineAreTaken) {
  for (const char* host : {"localhost", "LocalHost:1", "127.0.0.1:9080", "[::1]:9080", "[::1]",
                           "10.1.2.3:80", "[fe80::1]"}) {
    EXPECT_EQ(Get("/healthz", {{"host", host}}).status, 200) << host;
  }
  EXPECT_EQ(Post("/deduct", R"({"book_id":1,"quantity":1,"order_id":7})",
                 {{"origin", "http://localhost:9080"},
                  {"content-type", "Application/JSON ; charset=UTF-8"}})
                .status,
            409);
}

TEST_F(HttpRouterTest, WhatAForeignPageTriesIsCounted) {
  EXPECT_EQ(Get("/stock/1", {{"host", "shop.example"}}).status, 421);
  EXPECT_EQ(Get("/stock/1", {{"origin", "http://shop.example"}}).status, 403);
  EXPECT_EQ(access.Figures().foreign_page, 2u);
  const HttpAnswer preflight = Ask("OPTIONS", "/deduct", "", {{"origin", "http://shop.example"}});
  EXPECT_EQ(preflight.status, 405);
  EXPECT_EQ(Field(preflight, "Access-Control-Allow-Origin"), "");
}

class HttpAccessTest : public HttpRouterTest {
 protected:
  HttpAccessTest() {
    access.SetTokens(
        *TokenList::Parse("eye viewer viewer-token-0123456789;"
                          "shop seller seller-token-0123456789;"
                          "anna operator operator-token-0123456789",
                          ';', "test"));
  }
  static Fields Bearer(Role role) {
    return {{"authorization", absl::StrCat("Bearer ", RoleName(role), "-token-0123456789")}};
  }
};

TEST_F(HttpAccessTest, EveryRouteLetsItsRoleInAndNobodyElse) {
  struct Row {
    std::string method, target;
    Role needed;
  };
  const std::vector<Row> table = {
      {"GET", "/stock/1", Role::kViewer},
      {"HEAD", "/stock/1", Role::kViewer},
      {"GET", "/stock?ids=1", Role::kViewer},
      {"GET", "/stock", Role::kViewer},
      {"GET", "/stock/1/logs", Role::kViewer},
      {"GET", "/status", Role::kViewer},
      {"GET", "/metrics", Role::kViewer},
      {"GET", "/events", Role::kViewer},
      {"GET", "/reservations/1", Role::kViewer},
      {"GET", "/orders/1", Role::kViewer},
      {"POST", "/deduct", Role::kSeller},
      {"POST", "/deduct/batch", Role::kSeller},
      {"POST", "/release", Role::kSeller},
      {"POST", "/reserve", Role::kSeller},
      {"POST", "/reservations/1/confirm", Role::kSeller},
      {"POST", "/reservations/1/cancel", Role::kSeller},
      {"POST", "/restock", Role::kOperator},
      {"POST", "/adjust", Role::kOperator},
  };
  for (const Row& row : table) {
    SCOPED_TRACE(row.method + " " + row.target);
    const HttpAnswer unknown = Ask(row.method, row.target);
    EXPECT_EQ(unknown.status, 401);
    EXPECT_THAT(unknown.body, HasSubstr(absl::StrCat("role ", RoleName(row.needed))));
    EXPECT_EQ(Field(unknown, "WWW-Authenticate"), "Bearer realm=\"inventory-service\"");
    EXPECT_EQ(
        Ask(row.method, row.target, "", {{"authorization", "Bearer wrong-0123456789"}}).status,
        401);
    for (const Role role : {Role::kViewer, Role::kSeller, Role::kOperator}) {
      SCOPED_TRACE(RoleName(role));
      const bool may = row.needed == Role::kViewer || role == row.needed;
      const HttpAnswer answer = Ask(row.method, row.target, "", Bearer(role));
      EXPECT_NE(answer.status, 401);
      EXPECT_EQ(answer.status != 403, may) << answer.body;
    }
  }
  for (const char* open : {"/healthz", "/readyz", "/", "/console/app.js"}) {
    EXPECT_NE(Get(open).status, 401) << open;
  }
}

TEST_F(HttpAccessTest, TheTokensNameIsTheMovementsActor) {
  EXPECT_EQ(Post("/restock", R"({"book_id":1,"quantity":5})", Bearer(Role::kOperator)).status, 200);
  EXPECT_EQ(
      Post("/deduct", R"({"book_id":1,"quantity":1,"order_id":7})", Bearer(Role::kSeller)).status,
      200);
  const std::string logs = Get("/stock/1/logs", Bearer(Role::kViewer)).body;
  EXPECT_THAT(logs, HasSubstr(R"("actor":"anna")"));
  EXPECT_THAT(logs, HasSubstr(R"("actor":"shop")"));
}

TEST_F(HttpAccessTest, ATokenInTheUrlIsRefusedAndNotRepeated) {
  for (const char* name : {"token", "access_token", "%74oken"}) {
    const HttpAnswer answer =
        Get(absl::StrCat("/stock/1?", name, "=viewer-token-0123456789"), Bearer(Role::kViewer));
    EXPECT_EQ(answer.status, 400) << name;
    EXPECT_THAT(answer.body, HasSubstr("no place in a URL"));
    EXPECT_THAT(answer.body, testing::Not(HasSubstr("0123456789")));
  }
  EXPECT_EQ(access.Figures().token_in_url, 3u);
}

TEST_F(HttpAccessTest, WithTokensAnyNameOfTheMachineWillDo) {
  Fields fields = Bearer(Role::kSeller);
  fields["host"] = "shop.example";
  EXPECT_EQ(Post("/deduct", "{}", fields).status, 400);
  fields["origin"] = "https://shop.example";
  EXPECT_EQ(Post("/deduct", "{}", fields).status, 400);
  fields["origin"] = "https://evil.example";
  EXPECT_EQ(Post("/deduct", "{}", fields).status, 403);
  EXPECT_EQ(Get("/stock/1", {{"host", ""}}).status, 400);
}

TEST_F(HttpRouterTest, AFaultIsNoOutcome) {
  store.FailReads(absl::UnavailableError("the disk \"is\"\nfull\xFF"));
  const HttpAnswer answer = Get("/stock/1");
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.body,
            "{\"error\":{\"status\":\"UNAVAILABLE\","
            "\"message\":\"the disk \\\"is\\\"\\u000afull\xEF\xBF\xBD\"}}");
  EXPECT_EQ(Field(answer, "Retry-After"), "1");
  const std::vector<std::pair<absl::Status, int>> table = {
      {absl::InvalidArgumentError(""), 400}, {absl::NotFoundError(""), 404},
      {absl::AbortedError(""), 409},         {absl::ResourceExhaustedError(""), 429},
      {absl::InternalError(""), 500},        {absl::UnimplementedError(""), 501},
      {absl::DeadlineExceededError(""), 504}};
  for (const auto& [fault, status] : table) {
    store.FailReads(fault);
    const HttpAnswer other = Get("/stock/1");
    EXPECT_EQ(other.status, status);
    EXPECT_EQ(Field(other, "Retry-After"), status == 429 ? "1" : "");
  }
}

TEST_F(HttpRouterTest, WhatFindsTheQueueFullOrIsLateIsNotDone) {
  Restock(1, 5);
  store.Hold();
  const std::string body = R"({"book_id":1,"quantity":1,"order_id":)";
  std::future<HttpAnswer> handed_over = Send("POST", "/deduct", body + "1}");
  store.AwaitKept(1);
  std::future<HttpAnswer> queued = Send("POST", "/deduct", body + "2}");
  EXPECT_EQ(Post("/deduct", body + "3}").status, 429);
  store.ReleaseAll();
  EXPECT_EQ(handed_over.get().status, 200);
  EXPECT_EQ(queued.get().status, 200);

  HttpRouter hasty(api, access, std::chrono::seconds(-1), nullptr);
  HttpRequest request;
  request.method = "POST";
  request.target = "/deduct";
  request.fields = {{"host", "localhost"}, {"content-type", "application/json"}};
  request.body = body + "4}";
  std::promise<HttpAnswer> late;
  hasty.Answer(request, [&late](const DeferredHttpAnswer& make) { late.set_value(make()); });
  EXPECT_EQ(late.get_future().get().status, 504);
  EXPECT_THAT(Get("/stock/1").body, HasSubstr(R"("stock":3)"));
}

TEST_F(HttpRouterTest, MetricsAreTextAndNoJson) {
  const HttpAnswer metrics = Get("/metrics");
  EXPECT_EQ(metrics.status, 200);
  EXPECT_EQ(metrics.body, "up 1\n");
  EXPECT_EQ(Field(metrics, "Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_EQ(Get("/metrics?name=up").body, "up 1\n");  // Prometheus may be told to send parameters
  EXPECT_EQ(Post("/metrics", "{}").status, 405);
}

TEST_F(HttpRouterTest, ReadyFollowsTheServiceAndHealthDoesNot) {
  EXPECT_EQ(Get("/readyz").status, 503);
  EXPECT_EQ(Get("/healthz").status, 200);
  router.SetServing(true);
  EXPECT_EQ(Get("/readyz").status, 200);
  router.SetServing(false);
  EXPECT_EQ(Get("/readyz").status, 503);
}

}  // namespace
}  // namespace inventory
