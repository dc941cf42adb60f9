#include "http/http_server.h"

#include <gmock/gmock.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status_matchers.h"
#include "http/http_client_testing.h"
#include "http/http_parts_testing.h"

namespace inventory {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

constexpr milliseconds kShort{30};

std::string GetRequest(const std::string& target, const std::string& more = "") {
  return absl::StrCat("GET ", target, " HTTP/1.1\r\nHost: localhost\r\n", more, "\r\n");
}
std::string PostRequest(const std::string& target, const std::string& body,
                        const std::string& more = "") {
  return absl::StrCat("POST ", target, " HTTP/1.1\r\nHost: localhost\r\n",
                      "Content-Type: application/json\r\nContent-Length: ", body.size(), "\r\n",
                      more, "\r\n", body);
}
const char kRestock[] = R"({"book_id":1,"quantity":5})";
const char kDeduct[] = R"({"book_id":1,"quantity":1,"order_id":7})";

class HttpServerTest : public testing::Test, protected HttpParts {
 protected:
  void Start(const HttpLimits& limits = {}) {
    absl::StatusOr<std::unique_ptr<HttpServer>> started =
        HttpServer::Start(api, access, {0, limits});
    ASSERT_OK(started);
    server = *std::move(started);
    client = Connect();
  }
  std::unique_ptr<RawHttpClient> Connect() const {
    return std::make_unique<RawHttpClient>(server->port());
  }
  RawHttpReply Ask(const std::string& request) {
    client->Send(request);
    return client->Read();
  }

  std::unique_ptr<HttpServer> server;
  std::unique_ptr<RawHttpClient> client;
};

TEST_F(HttpServerTest, AConnectionServesRequestAfterRequest) {
  Start();
  EXPECT_EQ(Ask(PostRequest("/restock", kRestock)).status, 200);
  const RawHttpReply stock = Ask(GetRequest("/stock/1"));
  EXPECT_EQ(stock.status, 200);
  EXPECT_THAT(stock.body, HasSubstr(R"("stock":5)"));
  EXPECT_THAT(stock.header, HasSubstr("Content-Type: application/json\r\n"));
  EXPECT_THAT(stock.header, HasSubstr("X-Content-Type-Options: nosniff\r\n"));
  EXPECT_THAT(stock.header, HasSubstr("Cache-Control: private, max-age=1\r\n"));
  const RawHttpReply order = Ask(GetRequest("/orders/7"));
  EXPECT_THAT(order.header, HasSubstr("Cache-Control: no-store\r\n"));
  EXPECT_EQ(Ask(GetRequest("/stock/1", "If-None-Match: *\r\n")).status, 304);
  EXPECT_EQ(Ask(GetRequest("/nothing")).status, 404);
  EXPECT_EQ(Ask(GetRequest("/stock/1", "Connection: close\r\n")).status, 200);
  EXPECT_TRUE(client->IsAtEnd());
}

TEST_F(HttpServerTest, RequestsThatComeTogetherAreAnsweredInOrder) {
  Start();
  client->Send(PostRequest("/restock", kRestock) + PostRequest("/deduct", kDeduct) +
               GetRequest("/stock/1"));
  EXPECT_THAT(client->Read().body, HasSubstr(R"("current_stock":5)"));
  EXPECT_THAT(client->Read().body, HasSubstr(R"("remaining_stock":4)"));
  EXPECT_THAT(client->Read().body, HasSubstr(R"("stock":4)"));
}

TEST_F(HttpServerTest, HeadIsGetWithoutTheBody) {
  Start();
  client->Send("HEAD /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const RawHttpReply head = client->Read(/*has_body=*/false);
  EXPECT_EQ(head.status, 200);
  EXPECT_THAT(head.header, HasSubstr("Content-Length: 20\r\n"));
  // A body after it would stand before the next answer.
  const RawHttpReply next = Ask(GetRequest("/healthz"));
  EXPECT_EQ(next.status, 200);
  EXPECT_EQ(next.body, R"({"status":"SERVING"})");
}

TEST_F(HttpServerTest, ACallerMayWaitForLeaveToSendItsBody) {
  Start();
  const std::string request = PostRequest("/restock", kRestock, "Expect: 100-continue\r\n");
  const std::size_t body = request.size() - (sizeof kRestock - 1);
  client->Send(request.substr(0, body));
  EXPECT_EQ(client->Read().status, 100);
  client->Send(request.substr(body));
  EXPECT_EQ(client->Read().status, 200);
}

struct BadBytes {
  std::string request;
  int status;
};

TEST_F(HttpServerTest, WhatIsTooLargeOrNoHttpIsRefusedAndTheConnectionEnds) {
  Start();
  const std::string post =
      "POST /deduct HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
  std::string chunks = post + "Transfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 17; ++i) chunks += "10000\r\n" + std::string(0x10000, ' ') + "\r\n";
  const std::vector<BadBytes> table = {
      {GetRequest("/stock/1", "X: " + std::string(9'000, 'x') + "\r\n"), 431},
      {GetRequest("/" + std::string(9'000, 'x')), 431},
      {PostRequest("/deduct", std::string(1'048'577, ' ')), 413},
      {chunks + "0\r\n\r\n", 413},
      {"no HTTP\r\n\r\n", 400},
      {std::string("\0\xFF\r\n\r\n", 6), 400},
      {"GET /stock/1 HTTP/1.1\r\nHost : localhost\r\n\r\n", 400},
      {post + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n", 400},
      {post + "Content-Length: -1\r\n\r\n", 400},
      {post + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {post + "Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400},
      {post + "Transfer-Encoding: gzip\r\n\r\n" + GetRequest("/healthz"), 400},
  };
  for (const BadBytes& bad : table) {
    SCOPED_TRACE(bad.request.substr(0, 120));
    client = Connect();
    const RawHttpReply reply = Ask(bad.request);
    EXPECT_EQ(reply.status, bad.status) << reply.body;
    EXPECT_THAT(reply.body, HasSubstr("{\"error\":{\"status\":\"INVALID_ARGUMENT\""));
    EXPECT_THAT(reply.header, HasSubstr("Connection: close\r\n"));
    EXPECT_TRUE(client->IsAtEnd());
  }
}

TEST_F(HttpServerTest, ARequestOfTheLargestSizeIsTaken) {
  Start();
  std::string body = kDeduct;
  body.resize(1'048'576, ' ');
  EXPECT_EQ(Ask(PostRequest("/deduct", body)).status, 409);  // sold out
}

TEST_F(HttpServerTest, WhoSendsTooSlowlyIsTold) {
  HttpLimits limits;
  limits.header = limits.body = kShort;
  Start(limits);
  const RawHttpReply in_header = Ask("GET /stock/1 HTTP/1.1\r\n");
  EXPECT_EQ(in_header.status, 408);
  EXPECT_THAT(in_header.body, HasSubstr("DEADLINE_EXCEEDED"));
  EXPECT_TRUE(client->IsAtEnd());
  client = Connect();
  const std::string request = PostRequest("/restock", kRestock);
  EXPECT_EQ(Ask(request.substr(0, request.size() - 1)).status, 408);
  EXPECT_TRUE(client->IsAtEnd());
}

TEST_F(HttpServerTest, AConnectionThatAsksNothingIsClosed) {
  HttpLimits limits;
  limits.idle = kShort;
  Start(limits);
  EXPECT_TRUE(client->IsAtEnd());
  client = Connect();
  EXPECT_EQ(Ask(GetRequest("/healthz")).status, 200);
  EXPECT_TRUE(client->IsAtEnd());
}

TEST_F(HttpServerTest, TooManyConnectionsAreTold) {
  HttpLimits limits;
  limits.connections = 2;
  limits.place = kShort;
  Start(limits);
  EXPECT_EQ(Ask(GetRequest("/healthz")).status, 200);
  const auto second = Connect();
  second->Send(GetRequest("/healthz"));
  EXPECT_EQ(second->Read().status, 200);
  auto third = Connect();
  third->Send(GetRequest("/healthz"));
  const RawHttpReply refused = third->Read();
  EXPECT_EQ(refused.status, 503);
  EXPECT_THAT(refused.header, HasSubstr("Retry-After: 1\r\n"));
  EXPECT_TRUE(third->IsAtEnd());
  client.reset();
  // The place is free as soon as the server sees that the first has gone.
  RawHttpReply reply;
  do {
    third = Connect();
    third->Send(GetRequest("/healthz"));
    reply = third->Read();
  } while (reply.status == 503);
  EXPECT_EQ(reply.status, 200);
}

TEST_F(HttpServerTest, OneTooManyWaitsForAPlace) {
  HttpLimits limits;
  limits.connections = 1;
  limits.place = std::chrono::hours(1);
  Start(limits);
  EXPECT_EQ(Ask(GetRequest("/healthz")).status, 200);
  const auto second = Connect();
  second->Send(GetRequest("/healthz"));
  const auto third = Connect();
  third->Send(GetRequest("/healthz", "Connection: close\r\n"));
  EXPECT_EQ(Ask(GetRequest("/healthz", "Connection: close\r\n")).status, 200);
  EXPECT_EQ(second->Read().status, 200);
  server->Stop(std::chrono::hours(1));  // which waits for nobody's place
}

TEST_F(HttpServerTest, AnAnswerThatDoesNotComeIsUnknown) {
  HttpLimits limits;
  limits.answer = kShort;
  Start(limits);
  store.Hold();
  const RawHttpReply reply = Ask(PostRequest("/restock", kRestock));
  EXPECT_EQ(reply.status, 504);
  EXPECT_THAT(reply.body, HasSubstr("unknown"));
  EXPECT_TRUE(client->IsAtEnd());
  store.ReleaseAll();
  client = Connect();
  EXPECT_THAT(Ask(GetRequest("/stock/1")).body, HasSubstr(R"("stock":5)"));
}

TEST_F(HttpServerTest, AStopFinishesWhatWasBegunAndBeginsNothing) {
  Start();
  server->SetServing(true);
  EXPECT_EQ(Ask(GetRequest("/readyz")).status, 200);
  const auto busy = Connect();
  store.Hold();
  busy->Send(PostRequest("/restock", kRestock));
  store.AwaitKept(1);
  const auto half = Connect();
  half->Send("GET /stock/1 HT");
  // It is seen to have begun before the stop: this connection was accepted later.
  const auto later = Connect();
  later->Send(GetRequest("/healthz"));
  EXPECT_EQ(later->Read().status, 200);

  server->BeginStop();
  EXPECT_TRUE(client->IsAtEnd());
  half->Send("TP/1.1\r\nHost: localhost\r\n\r\n");
  const RawHttpReply refused = half->Read();
  EXPECT_EQ(refused.status, 503);
  EXPECT_THAT(refused.body, HasSubstr("stopping"));
  EXPECT_FALSE(Connect()->connected());
  std::thread stopping([this] { server->Stop(std::chrono::seconds(60)); });
  store.ReleaseAll();
  const RawHttpReply finished = busy->Read();
  EXPECT_EQ(finished.status, 200);
  EXPECT_THAT(finished.header, HasSubstr("Connection: close\r\n"));
  stopping.join();
}

TEST_F(HttpServerTest, AnAnswerThatComesAfterTheStopIsDropped) {
  Start();
  store.Hold();
  client->Send(PostRequest("/restock", kRestock));
  store.AwaitKept(1);
  server->Stop(milliseconds(0));
  EXPECT_TRUE(client->IsAtEnd());
  server.reset();
  store.ReleaseAll();
}

TEST_F(HttpServerTest, ATakenPortIsAnErrorThatSaysSo) {
  Start();
  const auto second = HttpServer::Start(api, access, {server->port(), {}});
  EXPECT_EQ(second.status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(std::string(second.status().message()), HasSubstr("the port is taken"));
}

TEST_F(HttpServerTest, AnAddressOfAnotherMachineIsAnErrorThatSaysSo) {
  for (const char* address : {"192.0.2.1", "no such host."}) {
    EXPECT_THAT(HttpServer::Start(api, access, {.address = address}),
                StatusIs(absl::StatusCode::kInvalidArgument, address));
  }
}

TEST_F(HttpServerTest, ACallerOfHttp10IsServedOnce) {
  Start();
  client->Send("GET /healthz HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(client->Read().status, 200);
  EXPECT_TRUE(client->IsAtEnd());
}

}  // namespace
}  // namespace inventory
