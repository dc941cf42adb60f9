// BatchDeductStock's bytes, written and read without a message object: at a million items a second
// the generated classes would cost the client more than the service spends on deciding.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"

namespace inventory {

struct DeductItem {
  std::uint64_t book = 0;
  std::int32_t quantity = 0;  // >= 0
  std::uint64_t order = 0;
};

// A BatchDeductStockRequest in `buffer`, which grows and is used again; the view is of it.
std::string_view EncodeBatchDeduct(std::span<const DeductItem> items, std::string& buffer);

struct BatchAnswer {
  std::uint32_t code = 0;   // of the call as a whole
  std::size_t results = 0;  // how many items were answered
};

// Calls `result` with each item's code, in order. False: the bytes are no
// BatchDeductStockResponse; some items may have been seen by then.
bool DecodeBatchDeduct(std::string_view bytes, absl::FunctionRef<void(std::uint32_t code)> result,
                       BatchAnswer& answer);

}  // namespace inventory
