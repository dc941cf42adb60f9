// What must hold of any store's logs, whatever was asked of it: the design's I1-I4, I7 and I8,
// judged from the movements alone.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "stock/types.h"

namespace inventory {

// A book as a reader found it: all of its movements, oldest first, and its figures.
struct BookHistory {
  std::vector<Movement> log;
  Balance now;
};

// One line for each breach; empty: all hold. Call it at rest.
//  I1 nothing below 0.              I2 the figures stay within the limit.
//  I3 the figures are the fold of the log, and its sums agree.
//  I4 a line has each verb's effect at most once, and only in an order that makes sense.
//  I7 a reservation ends at most once, all of its lines together.
//  I8 the log has no gap, and each movement starts where the one before ended.
std::vector<std::string> BreachesOfInvariants(const std::map<BookId, BookHistory>& books);

}  // namespace inventory
