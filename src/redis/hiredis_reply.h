// hiredis' replies as values.
#pragma once

#include "redis/reply.h"

struct redisReply;

namespace inventory {

RedisReply FromHiredis(const redisReply& from);

}  // namespace inventory
