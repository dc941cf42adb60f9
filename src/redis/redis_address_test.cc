#include "redis/redis_address.h"

#include <gmock/gmock.h>

#include <string>

#include "base/status_matchers.h"

namespace inventory {
namespace {

// "host|port|socket"
std::string Parsed(std::string_view text) {
  const absl::StatusOr<RedisEndpoint> endpoint = ParseRedisAddress(text);
  EXPECT_OK(endpoint) << text;
  if (!endpoint.ok()) return "";
  return endpoint->host + "|" + std::to_string(endpoint->port) + "|" + endpoint->socket;
}

TEST(RedisAddressTest, TakesEveryForm) {
  EXPECT_EQ(Parsed("redis.example:6380"), "redis.example|6380|");
  EXPECT_EQ(Parsed("127.0.0.1"), "127.0.0.1|6379|");
  EXPECT_EQ(Parsed(":6380"), "localhost|6380|");
  EXPECT_EQ(Parsed("[::1]:6380"), "::1|6380|");
  EXPECT_EQ(Parsed("[::1]"), "::1|6379|");
  EXPECT_EQ(Parsed("/run/redis.sock"), "localhost|6379|/run/redis.sock");
  EXPECT_EQ(Parsed("unix:/run/redis.sock"), "localhost|6379|/run/redis.sock");
}

TEST(RedisAddressTest, RefusesWhatIsNone) {
  for (const std::string& text :
       {std::string(), std::string("::1"), std::string("::1:6379"), std::string("[::1"),
        std::string("[]:6379"), std::string("[::1]6379"), std::string("host:"),
        std::string("host:0"), std::string("host:65536"), std::string("host:+1"),
        std::string("host:6379x"), std::string("ho st"), std::string("redis://host"),
        std::string("user@host"), std::string("unix:redis.sock"), std::string("unix:"),
        "/" + std::string(107, 'x'), std::string("/a\0b", 4)}) {
    EXPECT_THAT(ParseRedisAddress(text),
                StatusIs(absl::StatusCode::kInvalidArgument, "write host:port"))
        << text;
  }
}

TEST(RedisAddressTest, SaysWhereItIs) {
  EXPECT_EQ(RedisEndpoint().Location(), "localhost:6379, db 0");
  EXPECT_EQ((RedisEndpoint{.host = "::1", .port = 1, .db = 2}).Location(), "[::1]:1, db 2");
  EXPECT_EQ((RedisEndpoint{.socket = "/s", .password = "secret"}).Location(), "unix:/s, db 0");
}

TEST(LookUpHostTest, AsksNobodyForDigits) {
  EXPECT_THAT(*LookUpHost("127.0.0.1", true), testing::ElementsAre("127.0.0.1"));
  EXPECT_THAT(*LookUpHost("::1", true), testing::ElementsAre("::1"));
  EXPECT_THAT(LookUpHost("localhost", true), StatusIs(absl::StatusCode::kNotFound, "localhost"));
  EXPECT_THAT(*LookUpHost("localhost", false), testing::Contains("127.0.0.1"));
}

TEST(RefusalStatusTest, SaysWhatToDo) {
  EXPECT_THAT(RefusalStatus("m", "LOADING Redis is loading the dataset in memory"),
              StatusIs(absl::StatusCode::kUnavailable, "m; it is loading its data"));
  EXPECT_THAT(RefusalStatus("m", "ERR DB index is out of range"),
              StatusIs(absl::StatusCode::kFailedPrecondition, "choose a db"));
  EXPECT_THAT(RefusalStatus("m", "220 mail.example"),
              StatusIs(absl::StatusCode::kUnavailable, "is it a Redis server?"));
}

}  // namespace
}  // namespace inventory
