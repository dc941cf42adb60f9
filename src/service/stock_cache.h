// A short-lived copy of books that were asked for, so that a page polled by many costs the store
// one read now and then.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "stock/stock_store.h"

namespace inventory {

// Answers from copies at most `ttl` old, on the caller's thread; where one of the books has none,
// all are read from the store, so that an answer read there is of one moment. This instance's own
// changes update the copies it has before their callers are answered: a caller sees what it just
// did.
//
// Safe for concurrent use. The store and the clock outlive the cache; so does the cache the store's
// answers to it, which share what they need.
class StockCache : public StockObserver {
 public:
  static constexpr std::size_t kMaxCopies = 100'000;

  StockCache(StockStore& store, const Clock& clock, std::chrono::milliseconds ttl);

  void Read(std::vector<BookId> books, Done<std::vector<BookStock>> done);

  void OnChanges(const std::vector<StockChanged>& changes) override;

 private:
  struct Copy {
    BookStock stock;
    TimeMs until = 0;
  };
  // Shared with reads in flight.
  struct Copies {
    Mutex mutex;
    absl::flat_hash_map<BookId, Copy> by_book ABSL_GUARDED_BY(mutex);
  };

  bool Find(const std::vector<BookId>& books, std::vector<BookStock>& stocks);
  static void Keep(Copies& copies, const std::vector<BookStock>& stocks, TimeMs until);

  StockStore& store_;
  const Clock& clock_;
  const TimeMs ttl_;
  const std::shared_ptr<Copies> copies_ = std::make_shared<Copies>();
};

}  // namespace inventory
