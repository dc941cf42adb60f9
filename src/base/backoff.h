// How long to wait before a retry.
#pragma once

#include <chrono>

namespace inventory {

// The wait after `failures` (≥ 1) failed attempts: `fraction` (0 … 1, drawn at random by the
// caller) picks a time between half and all of first × 2^(failures - 1), which is at most
// `longest`. Random, so that clients that failed together do not come back together.
std::chrono::milliseconds Backoff(int failures, std::chrono::milliseconds first,
                                  std::chrono::milliseconds longest, double fraction);

}  // namespace inventory
