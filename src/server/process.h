// The process: opens what the configuration names, serves until it is asked to stop, closes.
#pragma once

#include <string>

#include "server/config_reader.h"

namespace inventory {

enum ExitStatus : int {
  kExitOk = 0,
  kExitFailed = 1,            // could not start, or could not close the store
  kExitBadConfiguration = 2,  // also: bad command line
};

// Runs the service. `origin` says where the configuration came from, for
// the log. A fault at the start is logged, and goes to stderr too where the log is elsewhere.
ExitStatus Serve(const LoadedConfig& loaded, const std::string& origin);

}  // namespace inventory
