#include "redis/hiredis_reply.h"

#include <hiredis/hiredis.h>

#include <cstddef>

namespace inventory {
namespace {

RedisReply::Kind KindOf(int type) {
  switch (type) {
    case REDIS_REPLY_STRING: return RedisReply::Kind::kText;
    case REDIS_REPLY_ARRAY: return RedisReply::Kind::kArray;
    case REDIS_REPLY_INTEGER: return RedisReply::Kind::kInteger;
    case REDIS_REPLY_STATUS: return RedisReply::Kind::kStatus;
    case REDIS_REPLY_ERROR: return RedisReply::Kind::kError;
    default: return RedisReply::Kind::kNil;
  }
}

}  // namespace

// hiredis allows few levels, so the depth is bounded.
RedisReply FromHiredis(const redisReply& from) {
  RedisReply reply;
  reply.kind = KindOf(from.type);
  if (from.type == REDIS_REPLY_INTEGER) reply.integer = from.integer;
  if (from.str != nullptr) reply.text.assign(from.str, from.len);
  reply.elements.reserve(from.elements);
  for (std::size_t i = 0; i < from.elements; ++i) {
    reply.elements.push_back(FromHiredis(*from.element[i]));
  }
  return reply;
}

}  // namespace inventory
