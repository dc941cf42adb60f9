// Redis stores on a Redis and a database, both of which are broken in between.
#pragma once

#include "tests/simulation/world.h"
#include "tests/support/mariadb_server.h"
#include "tests/support/redis_server.h"

namespace inventory {

// Two instances. The servers outlive the machine; both are killed now and then, and Redis forgets
// all with it: what was answered must come back from the ledger and from what the instances
// remember.
Machine MakeRedisMachine(RedisServer& redis, MariadbServer& database);

}  // namespace inventory
