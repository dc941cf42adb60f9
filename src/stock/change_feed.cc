#include "stock/change_feed.h"

namespace inventory {

void ChangeFeed::Observe(StockObserver* observer) {
  MutexLock lock(mutex_);
  observer_ = observer;
}

void ChangeFeed::Publish(const std::vector<StockChanged>& changes) {
  MutexLock lock(mutex_);
  std::vector<StockChanged> news;
  news.reserve(changes.size());
  for (const StockChanged& change : changes) {
    Told& told = told_[change.book];
    if (change.balance.sequence <= told.sequence) continue;
    told = {change.balance.sequence, change.balance.available};
    news.push_back(change);
  }
  if (observer_ && !news.empty()) observer_->OnChanges(news);
}

void ChangeFeed::PublishFound(const std::vector<BookStock>& found) {
  MutexLock lock(mutex_);
  std::vector<StockChanged> news;
  for (const BookStock& stock : found) {
    const Balance& balance = stock.balance;
    const auto [entry, first] = told_.try_emplace(stock.book, Told{0, balance.available});
    Told& told = entry->second;
    if (balance.sequence <= told.sequence) continue;
    news.push_back({stock.book, told.available, balance});
    told = {balance.sequence, balance.available};
  }
  if (observer_ && !news.empty()) observer_->OnChanges(news);
}

}  // namespace inventory
