#include <gmock/gmock.h>

#include <future>

#include "base/status_matchers.h"
#include "redis/awaited_connection_testing.h"
#include "redis/script.h"
#include "tests/support/redis_server.h"

namespace inventory {
namespace {

constexpr RedisScript kOne{"one", "return 1", "e0e1f9fabfc9d4800c877a703b823ac0578ff8db"};
constexpr RedisScript kTwo{"two", "return 2", "7f923f79fe76194c868d7e1d0820de36700eb649"};

absl::Status Load(AwaitedConnection& connection, const std::vector<RedisScript>& scripts,
                  RedisConnection::Generation generation = 0) {
  std::promise<absl::Status> loaded;
  LoadScripts(
      connection.get(), scripts,
      [&loaded](const absl::Status& status) { loaded.set_value(status); }, generation);
  return loaded.get_future().get();
}

TEST(ScriptTest, AreThereAfterwards) {
  AwaitedConnection connection(RedisServer::NewDatabase());
  connection.AwaitConnected();
  ASSERT_OK(Load(connection, {kOne, kTwo}));
  const auto answer = connection.get().Call({"EVALSHA", std::string(kTwo.sha1), "0"});
  ASSERT_OK(answer);
  EXPECT_EQ(answer->integer, 2);
  EXPECT_OK(Load(connection, {}));
}

TEST(ScriptTest, NamesTheOneThatIsWrong) {
  AwaitedConnection connection(RedisServer::NewDatabase());
  connection.AwaitConnected();
  EXPECT_THAT(Load(connection, {kOne, {"three", "return 3", kTwo.sha1}, kTwo}),
              StatusIs(absl::StatusCode::kFailedPrecondition, "calls the script three "));
  EXPECT_THAT(Load(connection, {kOne, {"broken", "return (", kTwo.sha1}, kTwo}),
              StatusIs(absl::StatusCode::kFailedPrecondition, "take the script broken: ERR"));
}

TEST(ScriptTest, LeavesAFaultOfTheConnectionAsItIs) {
  AwaitedConnection connection(RedisServer::NewDatabase());
  const RedisConnection::Generation generation = connection.AwaitConnected();
  EXPECT_EQ(RedisFaultOf(Load(connection, {kOne, kTwo}, generation + 1)), RedisFault::kNotSent);
}

}  // namespace
}  // namespace inventory
