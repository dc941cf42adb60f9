#include "stock/asked_lines.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace inventory {

std::vector<AskedLine> AddUp(const std::vector<ReservedLine>& lines) {
  // Sorted, so that the cost of many lines stays near-linear.
  std::vector<std::pair<BookId, std::size_t>> by_book;
  by_book.reserve(lines.size());
  for (std::size_t i = 0; i < lines.size(); ++i) by_book.emplace_back(lines[i].book, i);
  std::sort(by_book.begin(), by_book.end());
  // The whole of a book's sum stands where the book was named first.
  std::vector<std::int64_t> total(lines.size(), 0);
  for (std::size_t i = 0; i < by_book.size();) {
    const auto [book, first] = by_book[i];
    for (; i < by_book.size() && by_book[i].first == book; ++i) {
      total[first] += lines[by_book[i].second].quantity;
    }
  }
  std::vector<AskedLine> sums;
  sums.reserve(lines.size());
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (total[i] != 0) sums.push_back({lines[i].book, total[i]});
  }
  return sums;
}

}  // namespace inventory
