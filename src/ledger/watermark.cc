#include "ledger/watermark.h"

#include <algorithm>

namespace inventory {
namespace {

constexpr TimeMs kParts = 60;

}  // namespace

Watermark::Watermark(TimeMs ttl)
    : half_(std::max<TimeMs>(ttl / 2, 1)), part_(std::max<TimeMs>(half_ / kParts, 1)) {}

void Watermark::Begin(OrderId highest) {
  old_ = std::max(old_, highest);
  parts_.clear();
}

void Watermark::Add(TimeMs time, OrderId highest) {
  if (parts_.empty() || time >= parts_.back().begin + part_) {
    parts_.push_back({time, highest});
  } else {
    parts_.back().highest = std::max(parts_.back().highest, highest);
  }
}

OrderId Watermark::At(TimeMs as_of) {
  while (!parts_.empty() && parts_.front().begin <= as_of - half_) {
    old_ = std::max(old_, parts_.front().highest);
    parts_.pop_front();
  }
  return old_;
}

}  // namespace inventory
