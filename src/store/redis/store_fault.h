// Faults put in on purpose: each takes one safeguard out. Only programs that tests must see through
// have one (faulty_files() in this folder's CMakeLists.txt); what is shipped has none.
#pragma once

#ifndef INVENTORY_REDIS_STORE_FAULT
#define INVENTORY_REDIS_STORE_FAULT kNone
#endif

namespace inventory {

enum class RedisStoreFault {
  kNone,
  kRemembersNothing,  // an instance has nothing to hand in
  kTrustsAnyCopy,     // an older copy of the data is sold from
  kNothingIsOld,      // a line that Redis has no marker of is new
};

inline constexpr RedisStoreFault kRedisStoreFault = RedisStoreFault::INVENTORY_REDIS_STORE_FAULT;

}  // namespace inventory
