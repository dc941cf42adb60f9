// What a part of the service says of itself in numbers, for status pages and metrics alike: one
// source for each, with its name, its unit and a word about it. Plain values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace inventory {

struct Figure {
  enum class Kind {
    kNow,         // rises and falls
    kSinceStart,  // only rises, from 0 at the start of the process
  };

  std::string name;  // "journal_record"; in metrics "inventory_journal_record"
  std::int64_t value = 0;
  std::string unit;  // "bytes", "ms", "us", "records", …; may be empty
  std::string help;
  Kind kind = Kind::kNow;
};

// How often values fell into which bucket since the start.
struct Distribution {
  std::string name;  // "commit_seconds"; in metrics "inventory_commit_seconds"
  std::string help;
  std::vector<double> bounds;         // ascending; each is the largest value of its bucket
  std::vector<std::uint64_t> counts;  // one more than bounds: the last has what is above all
  double sum = 0;
};

}  // namespace inventory
