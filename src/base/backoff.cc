#include "base/backoff.h"

#include <algorithm>

namespace inventory {

std::chrono::milliseconds Backoff(int failures, std::chrono::milliseconds first,
                                  std::chrono::milliseconds longest, double fraction) {
  std::chrono::milliseconds wait = std::min(first, longest);
  for (int i = 1; i < failures && wait < longest; ++i) wait = std::min(wait * 2, longest);
  const std::chrono::milliseconds half = wait / 2;
  return half + std::chrono::milliseconds(
                    static_cast<std::int64_t>(static_cast<double>(half.count()) * fraction));
}

}  // namespace inventory
