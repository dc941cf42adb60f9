// How many files, sockets among them, this process may have open.
#pragma once

#include <cstdint>

namespace inventory {

// Raises the limit to the highest that is allowed (the soft to the hard one), and returns what it
// is now. For the start, before there are threads.
std::int64_t RaiseOpenFilesLimit();

}  // namespace inventory
