// What a client shows and asks for on a connection: its token, and whose certificates it trusts.
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace inventory {

struct ChannelAccess {
  std::string token;   // sent with each call; empty: none
  std::string tls_ca;  // PEM; empty: without TLS
};

// From INVENTORY_TOKEN, or the file that INVENTORY_TOKEN_FILE names, and from the file `tls_ca`
// where it is not empty, else INVENTORY_TLS_CA names. A token is never taken from a command line,
// which every user of the machine can read. INVALID_ARGUMENT: a file cannot be read.
absl::StatusOr<ChannelAccess> ReadChannelAccess(std::string tls_ca = "");

}  // namespace inventory
