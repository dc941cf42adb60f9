// inventoryctl as a function, so that a test can run it.
#pragma once

#include "tools/inventoryctl/session.h"

namespace inventory {

// Parses the command line, runs the one command on it, and returns how that went.
ExitStatus RunInventoryctl(int argc, const char* const* argv, Streams streams);

}  // namespace inventory
