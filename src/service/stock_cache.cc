#include "service/stock_cache.h"

#include <utility>

namespace inventory {

StockCache::StockCache(StockStore& store, const Clock& clock, std::chrono::milliseconds ttl)
    : store_(store), clock_(clock), ttl_(ttl.count()) {}

void StockCache::Read(std::vector<BookId> books, Done<std::vector<BookStock>> done) {
  std::vector<BookStock> stocks;
  if (Find(books, stocks)) return done(std::move(stocks));
  // The copy is as old as the question, not as the answer.
  const TimeMs until = clock_.Now() + ttl_;
  store_.ReadStock(std::move(books), [copies = copies_, until, done = std::move(done)](
                                         absl::StatusOr<std::vector<BookStock>> read) mutable {
    if (read.ok()) Keep(*copies, *read, until);
    done(std::move(read));
  });
}

bool StockCache::Find(const std::vector<BookId>& books, std::vector<BookStock>& stocks) {
  const TimeMs now = clock_.Now();
  stocks.reserve(books.size());
  MutexLock lock(copies_->mutex);
  for (const BookId book : books) {
    const auto copy = copies_->by_book.find(book);
    if (copy == copies_->by_book.end() || copy->second.until <= now) return false;
    stocks.push_back(copy->second.stock);
  }
  return true;
}

void StockCache::Keep(Copies& copies, const std::vector<BookStock>& stocks, TimeMs until) {
  MutexLock lock(copies.mutex);
  // What is asked for is few; should it ever be many, beginning again costs one read each.
  if (copies.by_book.size() + stocks.size() > kMaxCopies) copies.by_book.clear();
  for (const BookStock& stock : stocks) {
    Copy& copy = copies.by_book[stock.book];
    // A change may have been told while the read was under way.
    if (stock.balance.sequence < copy.stock.balance.sequence) continue;
    copy = {stock, until};
  }
}

void StockCache::OnChanges(const std::vector<StockChanged>& changes) {
  const TimeMs until = clock_.Now() + ttl_;
  MutexLock lock(copies_->mutex);
  for (const StockChanged& change : changes) {
    const auto copy = copies_->by_book.find(change.book);
    if (copy == copies_->by_book.end()) continue;
    if (change.balance.sequence < copy->second.stock.balance.sequence) continue;
    copy->second = {{change.book, true, change.balance}, until};
  }
}

}  // namespace inventory
