#include "store/redis/redis_server_facts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace inventory {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr char kInfo[] =
    "# Server\r\nredis_version:7.0.15\r\nrun_id:aa\r\n\r\n# Memory\r\nmaxmemory_policy:noeviction"
    "\r\n# Persistence\r\naof_enabled:1\r\n# Replication\r\nrole:master\r\nconnected_slaves:2\r\n"
    "master_replid:bb\r\n";

TEST(RedisServerFactsTest, ReadsInfo) {
  const RedisServerFacts facts = ParseServerInfo(kInfo);
  EXPECT_EQ(facts.version, "7.0.15");
  EXPECT_EQ(facts.run_id, "aa");
  EXPECT_EQ(facts.replication_id, "bb");
  EXPECT_FALSE(facts.is_replica);
  EXPECT_TRUE(facts.appends);
  EXPECT_EQ(facts.replicas, 2U);
  EXPECT_TRUE(CheckServer(facts).ok());
  EXPECT_THAT(ServerWarnings(facts, 2), IsEmpty());
}

TEST(RedisServerFactsTest, RefusesWhereStockCanNotBeKept) {
  const RedisServerFacts good = ParseServerInfo(kInfo);
  RedisServerFacts facts = good;
  facts.version = "6.2.14";
  EXPECT_THAT(CheckServer(facts).message(), HasSubstr("Redis 7.0 or newer"));
  facts = good;
  facts.is_replica = true;
  EXPECT_THAT(CheckServer(facts).message(), HasSubstr("point redis.addr at the primary"));
  facts = good;
  facts.eviction = "allkeys-lru";
  EXPECT_THAT(CheckServer(facts).message(), HasSubstr("set maxmemory-policy noeviction"));
  EXPECT_EQ(CheckServer(facts).code(), absl::StatusCode::kFailedPrecondition);
}

TEST(RedisServerFactsTest, WarnsOfWeakPersistence) {
  RedisServerFacts facts = ParseServerInfo(kInfo);
  facts.appends = false;
  EXPECT_THAT(ServerWarnings(facts, 3),
              ElementsAre(HasSubstr("set appendonly yes"), HasSubstr("asks for 3 replicas")));
}

}  // namespace
}  // namespace inventory
