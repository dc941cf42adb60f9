#include "store/redis/scripts.h"

namespace inventory {

const std::vector<RedisScript>& Scripts() {
  static const auto* scripts = new std::vector<RedisScript>{
#include "redis_scripts.inc"
  };
  return *scripts;
}

const RedisScript& Get(StoreScript script) { return Scripts()[static_cast<std::size_t>(script)]; }

}  // namespace inventory
