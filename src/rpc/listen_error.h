// Why a server could not listen: gRPC tells its log, but not its caller.
#pragma once

#include <string>

#include "absl/status/status.h"

namespace inventory {

// Tries the address once more to learn the reason, and says what to do about it.
absl::Status ListenError(const std::string& address, int port);

}  // namespace inventory
