// Facts in memory by age, so that saved ones can leave memory together.
//
//   young   changed since the last checkpoint began
//   saving  being checkpointed: unchanging, shared with the checkpointer
//   saved   checkpointed: the stored row has the same record number, so a whole table may go
//
// A fact stands in the newest table that was young when it last changed; look-ups go from new to
// old. Dropping a generation costs nothing per fact, and no fact carries a list node.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <utility>

#include "absl/container/flat_hash_map.h"

namespace inventory {

// A generation's table over a hash map; LineTable is the other kind.
template <typename Key, typename Row>
class MapTable {
 public:
  template <typename LookupKey>
  const Row* Find(const LookupKey& key) const {
    const auto found = rows_.find(key);
    return found == rows_.end() ? nullptr : &found->second;
  }
  template <typename PutKey>
  void Put(PutKey&& key, Row row) {
    rows_.insert_or_assign(std::forward<PutKey>(key), std::move(row));
  }
  template <typename Visit>
  void ForEach(Visit visit) const {
    for (const auto& [key, row] : rows_) visit(key, row);
  }
  void Reserve(std::size_t rows) { rows_.reserve(rows); }
  std::size_t size() const { return rows_.size(); }

 private:
  absl::flat_hash_map<Key, Row> rows_;
};

// Used by one thread; what Freeze returned may be read by another.
template <typename Table>
class Generations {
 public:
  // Null: not in memory. Valid until the next call of any other method.
  template <typename Key>
  auto Find(const Key& key) const -> decltype(std::declval<const Table&>().Find(key)) {
    if (const auto* row = young_->Find(key)) return row;
    if (saving_) {
      if (const auto* row = saving_->Find(key)) return row;
    }
    for (const auto& table : saved_) {
      if (const auto* row = table->Find(key)) return row;
    }
    return nullptr;
  }

  template <typename Key, typename Row>
  void Put(Key&& key, Row&& row) {
    young_->Put(std::forward<Key>(key), std::forward<Row>(row));
  }

  // visit(table) for each, newest first.
  template <typename Visit>
  void ForEachTable(Visit visit) const {
    visit(*young_);
    if (saving_) visit(*saving_);
    for (const auto& table : saved_) visit(*table);
  }

  // Young becomes saving. Needs the last Freeze's Saved.
  std::shared_ptr<const Table> Freeze() {
    saving_ = std::move(young_);
    young_ = std::make_shared<Table>();
    young_->Reserve(saving_->size());
    return saving_;
  }

  // Saving becomes saved.
  void Saved() { saved_.push_front(std::move(saving_)); }

  // Takes the oldest saved table out while there are more than `limit` facts, and returns it, for
  // its caller to drop where that holds nobody up. Null: nothing to take.
  std::shared_ptr<const Table> Evict(std::size_t limit) {
    if (saved_.empty() || size() <= limit) return nullptr;
    std::shared_ptr<const Table> oldest = std::move(saved_.back());
    saved_.pop_back();
    return oldest;
  }

  std::size_t young_size() const { return young_->size(); }
  std::size_t unsaved_size() const { return young_->size() + (saving_ ? saving_->size() : 0); }
  // Facts in memory; one that stands in two generations counts twice.
  std::size_t size() const {
    std::size_t size = unsaved_size();
    for (const auto& table : saved_) size += table->size();
    return size;
  }

 private:
  std::shared_ptr<Table> young_ = std::make_shared<Table>();
  std::shared_ptr<const Table> saving_;
  std::deque<std::shared_ptr<const Table>> saved_;  // newest first
};

}  // namespace inventory
