#include "store/redis/redis_server_facts.h"

#include <cstdlib>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "base/status_macros.h"

namespace inventory {

RedisServerFacts ParseServerInfo(const std::string& info) {
  absl::flat_hash_map<absl::string_view, absl::string_view> fields;
  for (const absl::string_view line : absl::StrSplit(info, '\n')) {
    const absl::string_view text = absl::StripSuffix(line, "\r");
    const std::size_t colon = text.find(':');
    if (colon != text.npos) fields[text.substr(0, colon)] = text.substr(colon + 1);
  }
  const auto field = [&fields](absl::string_view name) { return std::string(fields[name]); };
  RedisServerFacts facts;
  facts.version = field("redis_version");
  facts.run_id = field("run_id");
  facts.replication_id = field("master_replid");
  facts.is_replica = field("role") == "slave";
  facts.eviction = field("maxmemory_policy");
  facts.appends = field("aof_enabled") == "1";
  facts.replicas = std::strtoull(field("connected_slaves").c_str(), nullptr, 10);
  return facts;
}

absl::StatusOr<RedisServerFacts> LookAtServer(RedisConnection& connection,
                                              RedisConnection::Generation generation) {
  ASSIGN_OR_RETURN(const RedisReply reply, connection.Call({"INFO"}, generation));
  if (!reply.is(RedisReply::Kind::kText)) {
    return absl::UnavailableError(
        absl::StrCat("Redis does not tell about itself (INFO): ", reply.text));
  }
  return ParseServerInfo(reply.text);
}

absl::Status CheckServer(const RedisServerFacts& facts) {
  if (std::atoi(facts.version.c_str()) < 7) {
    return absl::FailedPreconditionError(
        absl::StrCat("Redis ", facts.version, " is too old: the scripts need Redis 7.0 or newer"));
  }
  if (facts.is_replica) {
    return absl::FailedPreconditionError(
        "this Redis is a replica, which takes no writes: point redis.addr at the primary");
  }
  if (facts.eviction != "noeviction" && !facts.eviction.empty()) {
    return absl::FailedPreconditionError(absl::StrCat(
        "Redis may evict keys (maxmemory-policy ", facts.eviction,
        "), and stock with them: set maxmemory-policy noeviction, in redis.conf or with "
        "CONFIG SET, or give this service a Redis of its own"));
  }
  return absl::OkStatus();
}

std::vector<std::string> ServerWarnings(const RedisServerFacts& facts, int wait_replicas) {
  std::vector<std::string> warnings;
  if (!facts.appends) {
    warnings.push_back(
        "Redis keeps no append-only file: what it has sold and the ledger has not stored yet is "
        "lost "
        "with it, and only what instances remember comes back; set appendonly yes");
  }
  if (facts.replicas < static_cast<std::uint64_t>(wait_replicas)) {
    warnings.push_back(absl::StrCat("redis.wait_replicas asks for ", wait_replicas,
                                    " replicas and Redis has ", facts.replicas,
                                    ": every change will be answered with UNAVAILABLE"));
  }
  return warnings;
}

}  // namespace inventory
