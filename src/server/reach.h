// From where the listeners may be reached.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "server/config.h"

namespace inventory {

struct Reach {
  std::string server_address;
  std::string http_address;
  std::string warning;  // one line for the log; empty: nothing to say
};

// Beyond this machine only where callers are asked for tokens that nobody on the way can read, or
// where the settings say in words that it may be otherwise. Else 127.0.0.1 stands for "every
// address"; an address that is another machine's business alone is INVALID_ARGUMENT, and the text
// says what to set.
absl::StatusOr<Reach> DecideReach(const Config& config);

}  // namespace inventory
