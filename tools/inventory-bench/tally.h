// What the answers of a run came to, counted by outcome code and by gRPC status.
#pragma once

#include <grpcpp/support/status.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/container/btree_map.h"

namespace inventory::bench {

// Not safe for concurrent use.
class Tally {
 public:
  // An item (an order, a book's stock) was answered with this outcome code.
  void Answered(std::uint32_t code) {
    ++items_;
    if (code == 0) {
      ++ok_items_;
    } else {
      ++refused_[code];
    }
  }
  // A call ended with this gRPC status.
  void Ended(grpc::StatusCode status, std::string_view error);
  // An answer was not what was asked for.
  void Unreadable(std::string_view what);

  std::uint64_t items() const { return items_; }
  std::uint64_t ok_items() const { return ok_items_; }
  std::uint64_t calls() const { return calls_; }
  std::uint64_t failed_calls() const { return calls_ - ok_calls_; }
  std::uint64_t unreadable() const { return unreadable_; }
  // Without 0.
  const absl::btree_map<std::uint32_t, std::uint64_t>& refused() const { return refused_; }
  // Without OK.
  const absl::btree_map<grpc::StatusCode, std::uint64_t>& failed() const { return failed_; }
  // Of the first call that failed or could not be read; else empty.
  const std::string& first_error() const { return first_error_; }

  // Every call was answered, and every item with yes.
  bool AllGood() const { return ok_items_ == items_ && ok_calls_ == calls_ && unreadable_ == 0; }

 private:
  std::uint64_t items_ = 0;
  std::uint64_t ok_items_ = 0;
  std::uint64_t calls_ = 0;
  std::uint64_t ok_calls_ = 0;
  std::uint64_t unreadable_ = 0;
  absl::btree_map<std::uint32_t, std::uint64_t> refused_;
  absl::btree_map<grpc::StatusCode, std::uint64_t> failed_;
  std::string first_error_;
};

// "UNAVAILABLE"
const char* Name(grpc::StatusCode status);

}  // namespace inventory::bench
