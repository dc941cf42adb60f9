#include "base/delimited.h"

#include <zlib.h>

namespace inventory {
namespace {

std::uint32_t Crc(std::uint32_t before, std::string_view bytes) {
  return static_cast<std::uint32_t>(
      crc32_z(before, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

}  // namespace

std::string LengthPrefix(std::size_t size) {
  std::string prefix;
  for (; size >= 0x80; size >>= 7) prefix.push_back(static_cast<char>(size | 0x80));
  prefix.push_back(static_cast<char>(size));
  return prefix;
}

void DelimitedSum::Add(std::string_view message) {
  value_ = Crc(Crc(value_, LengthPrefix(message.size())), message);
}

}  // namespace inventory
