// The database's tables: numbered migrations (schema/mysql/), and which store owns them.
#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "mysql/connection.h"

namespace inventory {

// Brings the tables to this program's version, under a named lock so that instances starting at the
// same time do not meet, and makes `store` the owner of a database that has none. Called once a
// process, before anything else is asked of the database. A new store, a new version and settings
// of the server that let it forget commits are logged.
//
// FailedPrecondition, with what to do, where going on would be wrong: a newer schema than this
// program knows; another program's tables; another store's stock. PermissionDenied, with the GRANT
// to ask for: no right to make tables, or to change their rows. Unavailable, where waiting helps:
// another instance is at it; the stock of the earlier Go service waits to be taken over
// (`inventoryctl adopt`). Other faults are the connection's.
absl::Status PrepareSchema(Connection& connection, std::string_view store);

}  // namespace inventory
