// The stock a load run sells from: seen to before, counted before and after.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace inventory {
class LoadClient;
}

namespace inventory::bench {

// The books first … first + count - 1.
struct BookRange {
  std::uint64_t first = 0;
  std::uint64_t count = 1;
};

// Restocks every book that has less than half a billion units by a billion. `run` makes the request
// ids this run's own. Uses all slots of `client`, which must be free.
absl::Status StockUp(LoadClient& client, const BookRange& books, const std::string& run);

// The units available of all the books together.
absl::StatusOr<std::int64_t> CountUnits(LoadClient& client, const BookRange& books);

}  // namespace inventory::bench
