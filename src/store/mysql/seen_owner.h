// Whose the database's stock is, as last seen.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "base/mutex.h"
#include "mysql/store_owner.h"

namespace inventory {

// Every transaction looks for itself; this is for what does not, reads above all: the rows stay
// there when the stock has become another store's, and are old from then on. Safe for concurrent
// use.
class SeenOwner {
 public:
  // Of a lower generation than was seen before: a look that was overtaken, and does not count.
  void Saw(std::uint64_t generation, std::string_view owner) {
    MutexLock lock(mutex_);
    if (generation < generation_) return;
    generation_ = generation;
    other_ = owner == kMysqlOwner || owner == kImporting ? "" : std::string(owner);
  }

  // OK, or that it is another store's.
  absl::Status Check() const {
    MutexLock lock(mutex_);
    return other_.empty() ? absl::OkStatus() : CheckOwner(other_, kMysqlOwner);
  }

 private:
  mutable Mutex mutex_;
  std::uint64_t generation_ ABSL_GUARDED_BY(mutex_) = 0;
  std::string other_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace inventory
