// What a reserve asks of each book.
#pragma once

#include <cstdint>
#include <vector>

#include "stock/types.h"

namespace inventory {

// The lines of one book, added up. The sum can pass the largest quantity: then no book has as much,
// and no reservation holds as much.
struct AskedLine {
  BookId book = 0;
  std::int64_t quantity = 0;
};

// The lines with those of one book added up, in the order first named. Near-linear.
std::vector<AskedLine> AddUp(const std::vector<ReservedLine>& lines);

}  // namespace inventory
