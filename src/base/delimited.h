// Messages one after the other, each behind its length: how an export stands in a file.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace inventory {

// A message's length as it stands before it: 7 bits a byte, least significant first, the high bit
// set on all but the last.
std::string LengthPrefix(std::size_t size);

// The CRC-32 (that of zlib, gzip and PNG) of messages and their lengths, as in a file.
class DelimitedSum {
 public:
  void Add(std::string_view message);
  std::uint32_t value() const { return value_; }

 private:
  std::uint32_t value_ = 0;
};

}  // namespace inventory
