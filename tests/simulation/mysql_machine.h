// Where the simulation's MySQL stores run.
#pragma once

#include "tests/simulation/world.h"
#include "tests/support/mariadb_server.h"

namespace inventory {

// Two instances over one database of a private server, which is killed and started again, or has
// all its connections cut, while they work. `server` outlives the machine.
// Each instance has one writer, which decides batches in the order of the calls, or several.
Machine MakeMysqlMachine(MariadbServer& server, const TestDatabase& database, bool one_writer);

}  // namespace inventory
