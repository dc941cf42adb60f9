#include "http/event_stream.h"

#include <gmock/gmock.h>

#include <chrono>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/status_matchers.h"
#include "http/http_client_testing.h"
#include "http/http_parts_testing.h"
#include "http/http_server.h"
#include "service/awaited_testing.h"

namespace inventory {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

constexpr char kToken[] = "operator-token-0123456789";

class EventStreamTest : public testing::Test, protected HttpParts {
 protected:
  EventStreamTest() {
    // Nothing but what a test is about ends or wakes a stream.
    limits.write = limits.sign_of_life = std::chrono::hours(1);
  }

  void Start() {
    absl::StatusOr<std::unique_ptr<HttpServer>> started =
        HttpServer::Start(api, access, {0, limits});
    ASSERT_OK(started);
    server = *std::move(started);
    client = Connect();
    other = Connect();
  }
  std::unique_ptr<RawHttpClient> Connect() const {
    return std::make_unique<RawHttpClient>(server->port());
  }
  static std::string Request(const std::string& method_and_target, const std::string& body = "") {
    return absl::StrCat(method_and_target, " HTTP/1.1\r\nHost: localhost\r\n",
                        "Authorization: Bearer ", kToken, "\r\n",
                        "Content-Type: application/json\r\nContent-Length: ", body.size(),
                        "\r\n\r\n", body);
  }
  // Until then everybody may do everything.
  void GiveTokens() {
    access.SetTokens(*TokenList::Parse(absl::StrCat("anna operator ", kToken), ';', "test"));
  }
  void Restock(int book, int quantity) {
    other->Send(Request("POST /restock",
                        absl::StrCat("{\"book_id\":", book, ",\"quantity\":", quantity, "}")));
    ASSERT_EQ(other->Read().status, 200);
  }
  // The header, and the events up to the end of the snapshot.
  std::string Open(const std::string& query = "") {
    client->Send(Request("GET /events" + query));
    return client->ReadUntil("\"snapshot_done\":true}\n\n");
  }
  bool NobodyWatches() {
    return Eventually([&] { return service->Figures().watchers == 0; });
  }

  HttpLimits limits;
  std::unique_ptr<HttpServer> server;
  std::unique_ptr<RawHttpClient> client;
  std::unique_ptr<RawHttpClient> other;
};

TEST_F(EventStreamTest, TheStateComesFirstAndThenEachChange) {
  Start();
  Restock(1, 11);
  const std::string opened = Open("?ids=1");
  EXPECT_THAT(opened, HasSubstr("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(opened, HasSubstr("Content-Type: text/event-stream\r\n"));
  EXPECT_THAT(opened, HasSubstr("Cache-Control: no-store\r\n"));
  EXPECT_THAT(opened, HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(opened, Not(HasSubstr("Content-Length")));
  EXPECT_THAT(opened,
              HasSubstr("\r\n\r\nretry: 2000\n\nid: 1\ndata: {\"changes\":[{\"book_id\":\"1\","
                        "\"stock\":11,\"locked_stock\":0,\"total_stock\":11,"
                        "\"sequence\":\"1\",\"low\":false}],\"snapshot_done\":true}\n\n"));
  Restock(2, 1);  // not this stream's
  other->Send(Request("POST /deduct", R"({"book_id":1,"quantity":2,"order_id":7})"));
  ASSERT_EQ(other->Read().status, 200);
  EXPECT_EQ(client->ReadUntil("\n\n"),
            "id: 2\ndata: {\"changes\":[{\"book_id\":\"1\",\"stock\":9,\"locked_stock\":0,"
            "\"total_stock\":9,\"sequence\":\"2\",\"low\":true}],\"snapshot_done\":false}\n\n");
}

TEST_F(EventStreamTest, AQuietStreamShowsThatItLives) {
  limits.sign_of_life = milliseconds(1);
  Start();
  Restock(1, 11);
  Open();
  EXPECT_EQ(client->ReadUntil("\n\n"), ":\n\n");
  EXPECT_EQ(client->ReadUntil("\n\n"), ":\n\n");
  Restock(1, 1);
  EXPECT_THAT(client->ReadUntil("\"stock\":12,"), HasSubstr("id: 2\ndata: "));
}

TEST_F(EventStreamTest, NothingMoreIsToldOnceTheTokensHaveChanged) {
  Start();
  Restock(1, 11);
  Open("?ids=1");
  GiveTokens();
  Restock(1, 5);
  EXPECT_THAT(client->ReadUntil("\n\n"),
              MatchesRegex("event: fault\ndata: .*tokens has changed.*"));
  EXPECT_TRUE(client->IsAtEnd());
  EXPECT_TRUE(NobodyWatches());
}

TEST_F(EventStreamTest, AQuietStreamEndsTooOnceTheTokensHaveChanged) {
  limits.sign_of_life = milliseconds(1);
  Start();
  Open();
  GiveTokens();
  EXPECT_THAT(client->ReadUntil("}\n\n"), HasSubstr("event: fault\n"));
  EXPECT_TRUE(client->IsAtEnd());
}

TEST_F(EventStreamTest, WhoHangsUpIsNoticedAtOnce) {
  Start();
  Open();
  EXPECT_EQ(service->Figures().watchers, 1u);
  client.reset();
  EXPECT_TRUE(NobodyWatches());
}

TEST_F(EventStreamTest, WhoTakesNothingIsCutOffAndTheOthersAreNot) {
  limits.write = milliseconds(200);
  Start();
  for (int book = 1; book <= 6'000; ++book) Restock(book, 1);  // more than the kernel holds
  client->Send(Request("GET /events"));
  client->ReadUntil("retry:");
  const auto reader = Connect();
  reader->Send(Request("GET /events?ids=1"));
  reader->ReadUntil("\"snapshot_done\":true}\n\n");
  EXPECT_TRUE(Eventually([&] { return service->Figures().watchers == 1; }));
  Restock(1, 1);
  EXPECT_THAT(reader->ReadUntil("\n\n"), HasSubstr("\"stock\":2,"));
}

TEST_F(EventStreamTest, AStreamThatCannotGoOnSaysWhy) {
  Start();
  Open();
  service->Stop(milliseconds(0));
  EXPECT_THAT(client->ReadUntil("\n\n"),
              HasSubstr("event: fault\ndata: {\"error\":{\"status\":\"UNAVAILABLE\",\"message\":"));
  EXPECT_TRUE(client->IsAtEnd());
}

TEST_F(EventStreamTest, AStopEndsTheStreams) {
  Start();
  Open();
  server->Stop(std::chrono::hours(1));
  EXPECT_TRUE(client->IsAtEnd());
  EXPECT_TRUE(NobodyWatches());
}

TEST_F(EventStreamTest, AStreamTakesNoPlaceOfAConnection) {
  limits.connections = 2;
  Start();
  Restock(1, 1);
  Open();
  const auto another = Connect();
  another->Send(Request("GET /healthz"));
  EXPECT_EQ(another->Read().status, 200);
}

TEST_F(EventStreamTest, HeadOpensNoStream) {
  Start();
  client->Send(Request("HEAD /events"));
  const RawHttpReply head = client->Read(/*has_body=*/false);
  EXPECT_EQ(head.status, 200);
  EXPECT_THAT(head.header, HasSubstr("Content-Type: text/event-stream\r\n"));
  EXPECT_TRUE(NobodyWatches());
  client->Send(Request("GET /healthz"));
  EXPECT_EQ(client->Read().body, R"({"status":"SERVING"})");
}

}  // namespace
}  // namespace inventory
