// The gateway's own description, for programs: OpenAPI 3.0.
#pragma once

#include <string>
#include <vector>

#include "http/http_route.h"

namespace inventory {

// As JSON: the routes, the messages of the wire contract and the outcomes each call can come to,
// from the tables that also serve them.
std::string OpenApiDocument(const std::vector<HttpRoute>& routes);

}  // namespace inventory
