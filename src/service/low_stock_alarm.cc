#include "service/low_stock_alarm.h"

#include <utility>

#include "telemetry/log.h"

namespace inventory {

bool LowStockAlarm::Check(const std::vector<StockChanged>& changes) {
  bool news = false;
  for (const StockChanged& change : changes) {
    if (IsLow(change.available_before) || !IsLow(change.balance.available)) continue;
    warnings_.fetch_add(1, std::memory_order_relaxed);
    MutexLock lock(mutex_);
    news = news || falls_.empty();
    if (falls_.size() < kLines) {
      falls_.push_back({change.book, change.balance.available});
    } else {
      ++left_out_;
    }
  }
  return news;
}

LowStockAlarm::Time LowStockAlarm::Write(Time now) {
  std::vector<Fall> falls;
  std::uint64_t left_out = 0;
  {
    MutexLock lock(mutex_);
    if (falls_.empty()) return Time::max();
    if (now < next_write_) return next_write_;
    std::swap(falls, falls_);
    std::swap(left_out, left_out_);
  }
  for (const Fall& fall : falls) {
    LogWarn(
        "stock is low",
        {{"book", fall.book}, {"available", fall.available}, {"warning_threshold", threshold_}});
  }
  if (left_out > 0) {
    LogWarn("stock is low: more warnings in the same second are left out",
            {{"left_out", left_out}});
  }
  next_write_ = now + kPeriod;
  return Time::max();
}

}  // namespace inventory
