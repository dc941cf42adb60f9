// The rows of the table that answer from the api: which call a request is, where its fields come
// from and all it can come to.
#pragma once

#include <vector>

#include "api/inventory_api.h"
#include "http/http_route.h"

namespace inventory {

// `api` outlives them.
std::vector<HttpRoute> ApiRoutes(InventoryApi& api);

}  // namespace inventory
