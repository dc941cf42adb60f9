// What is wrong with a request's list of books.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "google/protobuf/repeated_field.h"
#include "stock/outcome.h"

namespace inventory {

// nullopt: the ids are fine.
inline std::optional<Outcome> CheckBooks(
    const google::protobuf::RepeatedField<std::uint64_t>& books) {
  constexpr int kMaxIds = 1'000;
  if (std::find(books.begin(), books.end(), 0) != books.end()) return Outcome::kBookIdMissing;
  if (books.size() > kMaxIds) return Outcome::kTooManyIds;
  return std::nullopt;
}

}  // namespace inventory
