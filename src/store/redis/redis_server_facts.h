// What a Redis server says of itself, and whether a store may be kept there.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "redis/redis_connection.h"

namespace inventory {

struct RedisServerFacts {
  std::string version;         // "7.0.15"
  std::string run_id;          // another after every start
  std::string replication_id;  // another after a promotion
  bool is_replica = false;
  std::string eviction;  // maxmemory_policy
  bool appends = false;  // AOF is on
  std::uint64_t replicas = 0;
};

// Of the text of INFO. A line that is missing leaves its field as it is.
RedisServerFacts ParseServerInfo(const std::string& info);

// Waits for the server's answer.
absl::StatusOr<RedisServerFacts> LookAtServer(RedisConnection& connection,
                                              RedisConnection::Generation generation);

// FAILED_PRECONDITION, with what to do: no stock may be kept there.
absl::Status CheckServer(const RedisServerFacts& facts);

// What an operator should know of it: a sentence each.
std::vector<std::string> ServerWarnings(const RedisServerFacts& facts, int wait_replicas);

}  // namespace inventory
