// The highest order id that is old: see LedgerProgress::watermark.
#pragma once

#include <deque>

#include "base/clock.h"
#include "stock/types.h"

namespace inventory {

// Remembers the applied orders of the last half TTL, by time in parts of it. Used by one thread.
//
// Errs upwards: an order counts as old a little before it is. So does whoever begins: all that was
// applied before is old to him.
class Watermark {
 public:
  // `ttl`: of a marker, in milliseconds.
  explicit Watermark(TimeMs ttl);

  // Every order that the ledger holds is at most `highest`.
  void Begin(OrderId highest);
  // An entry is applied; they come in the order of their times.
  void Add(TimeMs time, OrderId highest);
  // At `as_of`. Never goes down.
  OrderId At(TimeMs as_of);

 private:
  struct Part {
    TimeMs begin = 0;
    OrderId highest = 0;
  };

  const TimeMs half_;
  const TimeMs part_;  // so long is a part
  OrderId old_ = 0;
  std::deque<Part> parts_;  // ascending
};

}  // namespace inventory
