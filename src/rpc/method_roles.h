// What a caller must be for each RPC.
#pragma once

#include <map>
#include <string>

#include "access/role.h"

namespace inventory {

// Every method that is served, by full name: "inventory.v1.InventoryService.GetStock".
const std::map<std::string, Role>& MethodRoles();

// Operator for a method that the table forgot: it is closed until somebody thinks of it.
Role NeededRole(const std::string& method);

}  // namespace inventory
