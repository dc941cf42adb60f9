// Where a Redis server is: names, addresses and what to say about them.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "redis/redis_connection.h"

namespace inventory {

// The host's addresses in digits, in the order to try them. `digits_only` never asks anybody and
// returns at once; without it the system may ask a name server, and take long. NotFound: there are
// none.
absl::StatusOr<std::vector<std::string>> LookUpHost(const std::string& host, bool digits_only);

// What an error by which the server does not let us in comes to: the message, what to do, and a
// code that tells a wrong setting from what may pass.
absl::Status RefusalStatus(const std::string& message, const std::string& error);

}  // namespace inventory
