// Order lines in memory, found by (order, book) and listed by order.
#pragma once

#include <algorithm>
#include <cstddef>

#include "absl/container/flat_hash_map.h"
#include "store/embedded/rows.h"

namespace inventory {

// Most orders have one line of a book being sold hot, so the first line of an order stands under
// the order's own key (one probe, 41 bytes a slot); further ones hang behind it in a chain. Lines
// are never taken out: a table is dropped whole. Not safe for concurrent use while it is changed.
class LineTable {
 public:
  // Null: not here. Valid until the next Put.
  const LineRow* Find(LineKey key) const {
    if (key.order > max_order_) return nullptr;
    const auto first = first_.find(key.order);
    if (first == first_.end()) return nullptr;
    if (first->second.book == key.book) return &first->second.row;
    if (first->second.next == 0) return nullptr;
    const auto more = more_.find(key);
    return more == more_.end() ? nullptr : &more->second.row;
  }

  void Put(LineKey key, const LineRow& row) {
    const auto [first, is_first] = first_.try_emplace(key.order, First{key.book, 0, row});
    max_order_ = std::max(max_order_, key.order);
    if (is_first) return;
    if (first->second.book == key.book) {
      first->second.row = row;
      return;
    }
    const auto [more, is_new] = more_.try_emplace(key, More{first->second.next, row});
    if (is_new) {
      first->second.next = key.book;
    } else {
      more->second.row = row;
    }
  }

  // visit(BookId, const LineRow&) for each line of the order.
  template <typename Visit>
  void ForEachOfOrder(OrderId order, Visit visit) const {
    const auto first = first_.find(order);
    if (first == first_.end()) return;
    visit(first->second.book, first->second.row);
    for (BookId book = first->second.next; book != 0;) {
      const More& more = more_.find({order, book})->second;
      visit(book, more.row);
      book = more.next;
    }
  }

  // visit(LineKey, const LineRow&) for each line, in no order.
  template <typename Visit>
  void ForEach(Visit visit) const {
    for (const auto& [order, first] : first_) visit(LineKey{order, first.book}, first.row);
    for (const auto& [key, more] : more_) visit(key, more.row);
  }

  void Reserve(std::size_t lines) { first_.reserve(lines); }
  std::size_t size() const { return first_.size() + more_.size(); }
  OrderId max_order() const { return max_order_; }

 private:
  struct First {
    BookId book;
    BookId next;  // the head of the chain in more_; 0: none
    LineRow row;
  };
  struct More {
    BookId next;
    LineRow row;
  };
  absl::flat_hash_map<OrderId, First> first_;
  absl::flat_hash_map<LineKey, More> more_;
  OrderId max_order_ = 0;
};

}  // namespace inventory
