#include "store/embedded/durable_books.h"

#include <algorithm>
#include <iterator>

namespace inventory {
namespace {

// How many books are looked at under the lock at a time, so that publishing never waits long.
constexpr std::size_t kStride = 256;

}  // namespace

void DurableBooks::Publish(const std::vector<StockChanged>& changes,
                           const std::vector<RecordNumber>& records) {
  MutexLock lock(mutex_);
  for (std::size_t i = 0; i < changes.size(); ++i) {
    // Only a book's last figures will be seen; a hot book's run of changes is one write.
    if (i + 1 < changes.size() && changes[i + 1].book == changes[i].book) continue;
    const auto [book, is_new] = books_.try_emplace(changes[i].book);
    if (is_new) unsorted_.push_back(changes[i].book);
    book->second = {changes[i].balance, records[i]};
  }
}

void DurableBooks::Restore(BookId book, const BookRow& row) {
  MutexLock lock(mutex_);
  if (books_.insert_or_assign(book, row).second) unsorted_.push_back(book);
}

void DurableBooks::Clear() {
  MutexLock sorted_lock(sorted_mutex_);
  sorted_.clear();
  {
    MutexLock lock(mutex_);
    books_.clear();
    unsorted_.clear();
  }
  MutexLock sparse_lock(sparse_mutex_);
  sparse_.clear();
}

void DurableBooks::AddSparse(const std::vector<SparseRow>& rows) {
  if (rows.empty()) return;
  MutexLock lock(sparse_mutex_);
  for (const SparseRow& row : rows) sparse_.emplace(std::pair(row.book, row.sequence), row);
}

void DurableBooks::DropSparse(RecordNumber saved) {
  MutexLock lock(sparse_mutex_);
  for (auto row = sparse_.begin(); row != sparse_.end();) {
    row = row->second.record <= saved ? sparse_.erase(row) : std::next(row);
  }
}

std::optional<SparseRow> DurableBooks::FindSparse(BookId book, std::uint64_t sequence) const {
  MutexLock lock(sparse_mutex_);
  const auto row = sparse_.lower_bound({book, sequence});
  if (row == sparse_.end() || row->second.book != book) return std::nullopt;
  return row->second;
}

std::optional<BookRow> DurableBooks::Find(BookId book) const {
  MutexLock lock(mutex_);
  const auto found = books_.find(book);
  if (found == books_.end()) return std::nullopt;
  return found->second;
}

std::vector<BookStock> DurableBooks::Read(const std::vector<BookId>& books) const {
  std::vector<BookStock> stocks;
  stocks.reserve(books.size());
  MutexLock lock(mutex_);
  for (const BookId book : books) {
    const auto found = books_.find(book);
    const bool known = found != books_.end();
    stocks.push_back({book, known, known ? found->second.balance : Balance{}});
  }
  return stocks;
}

std::vector<BookRow> DurableBooks::Rows(const std::vector<BookId>& books) const {
  std::vector<BookRow> rows;
  rows.reserve(books.size());
  for (std::size_t begin = 0; begin < books.size(); begin += kStride) {
    const std::size_t end = std::min(books.size(), begin + kStride);
    MutexLock lock(mutex_);
    for (std::size_t i = begin; i < end; ++i) rows.push_back(books_.find(books[i])->second);
  }
  return rows;
}

StockPage DurableBooks::List(const StockListQuery& query) {
  MutexLock sorted_lock(sorted_mutex_);
  std::vector<BookId> added;
  {
    MutexLock lock(mutex_);
    added.swap(unsorted_);
  }
  if (!added.empty()) {
    std::sort(added.begin(), added.end());
    const auto middle = static_cast<std::ptrdiff_t>(sorted_.size());
    sorted_.insert(sorted_.end(), added.begin(), added.end());
    std::inplace_merge(sorted_.begin(), sorted_.begin() + middle, sorted_.end());
  }

  StockPage page;
  auto next = std::upper_bound(sorted_.begin(), sorted_.end(), query.after);
  while (next != sorted_.end()) {
    MutexLock lock(mutex_);
    for (std::size_t i = 0; i < kStride && next != sorted_.end(); ++i, ++next) {
      const Balance& balance = books_.find(*next)->second.balance;
      if (query.below && balance.available >= *query.below) continue;
      if (page.books.size() == static_cast<std::size_t>(query.limit)) {
        page.next_after = page.books.back().book;
        return page;
      }
      page.books.push_back({*next, true, balance});
    }
  }
  return page;
}

std::size_t DurableBooks::size() const {
  MutexLock lock(mutex_);
  return books_.size();
}

}  // namespace inventory
