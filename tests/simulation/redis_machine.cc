#include "tests/simulation/redis_machine.h"

#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "tests/stack/redis_stack.h"

namespace inventory {
namespace {

// One of the keys of this pattern, or nothing.
absl::StatusOr<std::string> SomeKey(const RedisServer& redis, const std::string& pattern,
                                    std::minstd_rand& dice) {
  ASSIGN_OR_RETURN(const RedisReply keys, redis.Ask({"KEYS", pattern}));
  if (keys.elements.empty()) return std::string();
  return keys.elements[dice() % keys.elements.size()].text;
}

absl::Status DeleteSome(const RedisServer& redis, const std::string& pattern,
                        std::minstd_rand& dice) {
  ASSIGN_OR_RETURN(const std::string key, SomeKey(redis, pattern, dice));
  return key.empty() ? absl::OkStatus() : redis.Ask({"DEL", key}).status();
}

// What an operator's hand, another program or a failing machine does to Redis.
absl::Status BreakRedis(RedisServer& redis, std::minstd_rand& dice) {
  switch (dice() % 9) {
    case 0: return redis.Ask({"FLUSHALL"}).status();
    case 1: return redis.Ask({"SCRIPT", "FLUSH"}).status();
    case 2: return redis.Ask({"CLIENT", "KILL", "TYPE", "normal"}).status();
    case 3: return redis.Ask({"DEL", "outbox"}).status();
    case 4: return redis.Ask({"DEL", "epoch"}).status();
    case 5: return DeleteSome(redis, "stock:*", dice);
    case 6: return DeleteSome(redis, "book:*", dice);
    case 7: {
      ASSIGN_OR_RETURN(const std::string key, SomeKey(redis, "stock:*", dice));
      if (key.empty()) return absl::OkStatus();
      return redis.Ask({"SET", key, "1000000"}).status();
    }
    default: redis.Kill(); return redis.StartAgain();
  }
}

}  // namespace

Machine MakeRedisMachine(RedisServer& redis, MariadbServer& database) {
  const auto data = std::make_shared<TestDatabase>(TestDatabase::Make());
  redis.Ask({"FLUSHALL"}).status().IgnoreError();
  Machine machine;
  machine.instances = 2;
  // Batches that name nothing in common, or that wait for the ledger, may be passed by others.
  machine.in_flight = 1;
  machine.whole_batches = false;
  machine.imports = false;
  machine.open = [&redis, data](const Clock& clock,
                                int) -> absl::StatusOr<std::unique_ptr<StockStore>> {
    RedisStackSettings settings;
    settings.dsn = data->socket_dsn();
    settings.store.endpoint = redis.socket_endpoint();
    settings.store.clock = &clock;
    return OpenRedisStack(settings);
  };
  machine.disturb = [&redis, &database](std::minstd_rand& dice) -> absl::Status {
    if (dice() % 12 != 0) return BreakRedis(redis, dice);
    database.Kill();
    return database.StartAgain();
  };
  return machine;
}

}  // namespace inventory
