// The target of a request, taken apart.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace inventory {

struct HttpTarget {
  std::vector<std::string> path;                           // "stock", "7"; as sent
  std::vector<std::pair<std::string, std::string>> query;  // decoded, in order
};

// INVALID_ARGUMENT: no absolute path, or a query that is not encoded as it should be.
absl::StatusOr<HttpTarget> ParseHttpTarget(const std::string& target);

}  // namespace inventory
