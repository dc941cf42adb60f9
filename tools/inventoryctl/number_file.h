// Files of whole numbers: one row a line, fields apart by commas.
#pragma once

#include <cstdint>
#include <istream>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace inventory {

struct NumberColumn {
  std::string name;       // as in the heading: "book_id"
  std::uint64_t maximum;  // the smallest is 1
};

struct NumberRow {
  int line = 0;  // in the file, from 1
  std::vector<std::uint64_t> numbers;
};

// Reads all of it, or names the bad lines (the first 20) and gives nothing: a file is never half
// read. A heading with the columns' names may come first; empty lines, spaces around a field, a
// byte order mark and Windows line ends do no harm.
absl::StatusOr<std::vector<NumberRow>> ReadNumbers(std::istream& in,
                                                   const std::vector<NumberColumn>& columns);

}  // namespace inventory
