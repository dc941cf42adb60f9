// What an administrator can grant.
#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "mysql/connection.h"

namespace inventory {

// What the service needs: to change rows, and to bring the tables to a new version.
inline constexpr std::string_view kServiceRights =
    "SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, INDEX";

// And to rename other tables out of the way of its own, once.
inline constexpr std::string_view kRenamingRights =
    "SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, INDEX, DROP";

// To a fault of rights, the statement that grants `rights` to this connection's account. Any other
// status as it is.
absl::Status WithGrant(Connection& connection, const absl::Status& status, std::string_view rights);

}  // namespace inventory
