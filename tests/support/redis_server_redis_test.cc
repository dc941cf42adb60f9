#include <gmock/gmock.h>

#include <chrono>
#include <thread>

#include "base/status_matchers.h"
#include "tests/support/redis_server.h"

namespace inventory {
namespace {

using Words = std::vector<std::string>;

// The answer as text, or the fault's.
std::string Ask(const RedisServer& server, const Words& command, int db = 0) {
  const absl::StatusOr<RedisReply> reply = server.Ask(command, db);
  if (!reply.ok()) return reply.status().ToString();
  return reply->is(RedisReply::Kind::kInteger) ? std::to_string(reply->integer) : reply->text;
}

TEST(RedisServerTest, KeepsItsDataAndPortThroughStopsAndCrashes) {
  auto server = RedisServer::Start({.append_only = true, .append_fsync = "always"});
  ASSERT_OK(server);
  const int port = (*server)->port();
  EXPECT_EQ(Ask(**server, {"INCR", "n"}), "1");
  ASSERT_OK((*server)->Stop());
  EXPECT_EQ((*server)->pid(), 0);
  EXPECT_FALSE((*server)->Ask({"PING"}).ok());
  ASSERT_OK((*server)->StartAgain());
  EXPECT_EQ(Ask(**server, {"INCR", "n"}), "2");
  (*server)->Kill();
  ASSERT_OK((*server)->StartAgain());
  EXPECT_EQ(Ask(**server, {"INCR", "n"}), "3");
  EXPECT_EQ((*server)->port(), port);
  EXPECT_THAT((*server)->StartAgain(), StatusIs(absl::StatusCode::kFailedPrecondition, "runs"));
}

TEST(RedisServerTest, ForgetsWhereThatIsAsked) {
  auto server = RedisServer::Start();
  ASSERT_OK(server);
  EXPECT_EQ(Ask(**server, {"INCR", "n"}), "1");
  ASSERT_OK((*server)->Stop());
  ASSERT_OK((*server)->StartAgain());
  EXPECT_EQ(Ask(**server, {"INCR", "n"}), "1");
}

TEST(RedisServerTest, IsSetUpAsAsked) {
  auto server = RedisServer::Start({.append_only = true,
                                    .append_fsync = "no",
                                    .password = "secret",
                                    .max_memory_bytes = 50'000'000,
                                    .databases = 3,
                                    .arguments = {"--maxclients", "123"}});
  ASSERT_OK(server);
  const auto setting = [&server](const std::string& name) {
    const absl::StatusOr<RedisReply> reply = (*server)->Ask({"CONFIG", "GET", name});
    return reply.ok() && reply->elements.size() == 2 ? reply->elements[1].text : "";
  };
  EXPECT_EQ(setting("appendonly"), "yes");
  EXPECT_EQ(setting("appendfsync"), "no");
  EXPECT_EQ(setting("requirepass"), "secret");
  EXPECT_EQ(setting("maxmemory"), "50000000");
  EXPECT_EQ(setting("databases"), "3");
  EXPECT_EQ(setting("maxclients"), "123");
  EXPECT_EQ((*server)->endpoint(2).password, "secret");
}

TEST(RedisServerTest, MayBeAReplica) {
  auto primary = RedisServer::Start({.password = "secret"});
  ASSERT_OK(primary);
  auto replica = RedisServer::Start({.replica_of = (*primary)->endpoint()});
  ASSERT_OK(replica);
  EXPECT_EQ(Ask(**primary, {"SET", "k", "v"}), "OK");
  while (Ask(**replica, {"GET", "k"}) != "v") std::this_thread::yield();
  EXPECT_EQ(Ask(**primary, {"WAIT", "1", "0"}), "1");
}

TEST(RedisServerTest, KeepsTheDataInAFolderThatIsNamed) {
  const TempFolder folder;
  for (const char* const n : {"1", "2"}) {
    auto server = RedisServer::Start({.folder = folder.path() + "/a/b", .append_only = true});
    ASSERT_OK(server);
    EXPECT_EQ(Ask(**server, {"INCR", "n"}), n);
    ASSERT_OK((*server)->Stop());
  }
}

TEST(RedisServerTest, EndsWithTheThreadThatStartedIt) {
  absl::StatusOr<std::unique_ptr<RedisServer>> server;
  std::thread([&server] { server = RedisServer::Start(); }).join();
  ASSERT_OK(server);
  const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  absl::Status again;
  do {  // refused as long as it runs
    again = (*server)->StartAgain();
  } while (!again.ok() && std::chrono::steady_clock::now() < end);
  EXPECT_OK(again);
}

TEST(RedisServerTest, SaysWhyItDidNotStart) {
  EXPECT_THAT(RedisServer::Start({.arguments = {"--no-such-option", "1"}}),
              StatusIs(absl::StatusCode::kUnavailable, "no-such-option"));
  EXPECT_THAT(RedisServer::Start({.folder = "/tmp/" + std::string(100, 'x')}),
              StatusIs(absl::StatusCode::kInvalidArgument, "too long a path"));
}

TEST(RedisServerTest, EachDatabaseIsItsOwn) {
  const int one = RedisServer::NewDatabase().db;
  const int other = RedisServer::NewDatabase().db;
  EXPECT_NE(one, 0);
  EXPECT_EQ(Ask(RedisServer::Shared(), {"INCR", "n"}, one), "1");
  EXPECT_EQ(Ask(RedisServer::Shared(), {"INCR", "n"}, other), "1");
}

}  // namespace
}  // namespace inventory
