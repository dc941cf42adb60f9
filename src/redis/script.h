// The scripts that decide inside Redis.
#pragma once

#include <string_view>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "redis/redis_connection.h"

namespace inventory {

// Texts that live as long as the program.
struct RedisScript {
  std::string_view name;  // "deduct", for messages
  std::string_view text;
  std::string_view sha1;  // of the text, 40 small hexadecimal digits: what EVALSHA calls it by
};

// Gives the server all of them, in one go; afterwards EVALSHA finds them there, until the server
// restarts or somebody flushes its scripts. `done` is called as Send calls it. A fault of the
// connection comes as it is (RedisFaultOf); FAILED_PRECONDITION, naming the script: the server did
// not take it, or calls it by another SHA-1 than we do, so that EVALSHA would not find it.
void LoadScripts(RedisConnection& connection, const std::vector<RedisScript>& scripts,
                 absl::AnyInvocable<void(const absl::Status&)> done,
                 RedisConnection::Generation generation = 0);

}  // namespace inventory
