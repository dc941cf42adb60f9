// The names of the keys, as redis-cli shows them.
//
// A bucket is a part of the stock whose keys are in one slot of a cluster. There is one, number 0,
// and its keys carry no mark of it; further buckets will have it in braces.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "stock/types.h"

namespace inventory {

using Bucket = std::uint16_t;
inline constexpr Bucket kOnlyBucket = 0;

// The bucket's part of a key: what a cluster hashes.
inline std::string BucketTag(Bucket bucket) {
  return bucket == kOnlyBucket ? std::string() : absl::StrCat("{b", bucket, "}:");
}

// Hash: the epoch or "rebuilding:<token>", entries, movements, time.
inline std::string EpochKey(Bucket bucket) { return absl::StrCat(BucketTag(bucket), "epoch"); }
// Stream: what the ledger has yet to apply, and some that it has (outbox_entry.h).
inline std::string OutboxKey(Bucket bucket) { return absl::StrCat(BucketTag(bucket), "outbox"); }
// Sorted set: the orders of open reservations by deadline.
inline std::string DueKey(Bucket bucket) {
  return absl::StrCat(BucketTag(bucket), "reservations:due");
}
// Text: the batch of this instance whose commands wait for facts.
inline std::string HoldKey(Bucket bucket, std::uint64_t instance) {
  return absl::StrCat(BucketTag(bucket), "hold:", instance);
}

// Text: what can be sold. A view of the book, written with it.
inline std::string StockKey(Bucket bucket, BookId book) {
  return absl::StrCat("stock:", BucketTag(bucket), book);
}
// Hash: available, locked, sequence, epoch. This is the book.
inline std::string BookKey(Bucket bucket, BookId book) {
  return absl::StrCat("book:", BucketTag(bucket), book);
}
// Text: the order has bought, by deduct or by confirm.
inline std::string DeductKey(Bucket bucket, LineKey line) {
  return absl::StrCat("deduct:stock:", BucketTag(bucket), line.book, ":", line.order);
}
// Text: the order has given back, or will never buy.
inline std::string ReleaseKey(Bucket bucket, LineKey line) {
  return absl::StrCat("release:stock:", BucketTag(bucket), line.book, ":", line.order);
}
// Text: the order's reservation, its state and lines.
inline std::string ReservationKey(Bucket bucket, OrderId order) {
  return absl::StrCat("reservation:", BucketTag(bucket), order);
}
// Text: what a request id stands for.
inline std::string RequestKey(Bucket bucket, BookId book, std::string_view request_id) {
  return absl::StrCat("request:", BucketTag(bucket), book, ":", std::string(request_id));
}

}  // namespace inventory
