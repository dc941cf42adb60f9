// What the earlier Go service left behind, as it is taken over.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "stock/types.h"

namespace inventory {

struct OriginBook {
  BookId book = 0;
  Quantity stock = 0;  // that it could sell
};

// An order that it remembered to have sold to.
struct OriginLine {
  LineKey key;
  bool returned = false;  // and to have taken back from; or it would not have sold to it any more
  Quantity quantity = 0;  // kUnknownQuantity (stock/rules.h), if need be
};

// What can not be taken over: all of it counted, the first few named.
class UnfitFound {
 public:
  void Add(std::string what) {
    if (++count_ <= kNamed) named_.push_back(std::move(what));
  }
  std::uint64_t count() const { return count_; }
  std::string Names() const {
    return absl::StrCat(absl::StrJoin(named_, ", "), count_ > named_.size() ? ", …" : "");
  }

 private:
  static constexpr std::uint64_t kNamed = 10;
  std::uint64_t count_ = 0;
  std::vector<std::string> named_;
};

// What it had in Redis.
struct OriginFigures {
  std::vector<OriginBook> books;  // by id
  std::vector<OriginLine> lines;  // by book, then by order; their books are among `books`
};

// Looks again whether the figures still stand there, a part at each call. False: that was all.
// FailedPrecondition: they do not.
using OriginLooker = std::function<absl::StatusOr<bool>()>;

}  // namespace inventory
