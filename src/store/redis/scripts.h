// The scripts of scripts/, as they are given to Redis.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "redis/script.h"

namespace inventory {

// In the order of their names.
enum class StoreScript : std::size_t {
  kAdjustStock,
  kCancelReservation,
  kCloseEpoch,
  kConfirmReservation,
  kDeductStock,
  kExpireReservation,
  kGetStock,
  kInspectStock,
  kLoadStock,
  kOpenEpoch,
  kReleaseStock,
  kRepairStock,
  kReserveStock,
  kRestockInventory,
  kRestoreReservation,
};

// All of them; they live for ever.
const std::vector<RedisScript>& Scripts();
const RedisScript& Get(StoreScript script);
// What EVALSHA calls it by.
inline std::string Sha1(StoreScript script) { return std::string(Get(script).sha1); }

}  // namespace inventory
