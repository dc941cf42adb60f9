// Bytes: how numbers and texts stand in records, rows and keys.
//
//   varint    7 bits a byte, least significant first, the high bit set on all but the last
//   text      varint length, then the bytes
//   key64     8 bytes, most significant first, so that byte order is number order
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace inventory {

inline void PutByte(std::string& out, std::uint8_t byte) { out.push_back(static_cast<char>(byte)); }

inline void PutVarint(std::string& out, std::uint64_t value) {
  char bytes[10];
  std::size_t n = 0;
  while (value >= 0x80) {
    bytes[n++] = static_cast<char>(value | 0x80);
    value >>= 7;
  }
  bytes[n++] = static_cast<char>(value);
  out.append(bytes, n);
}

inline void PutText(std::string& out, std::string_view text) {
  PutVarint(out, text.size());
  out.append(text);
}

inline void PutKey64(std::string& out, std::uint64_t value) {
  char bytes[8];
  for (int i = 7; i >= 0; --i) {
    bytes[i] = static_cast<char>(value);
    value >>= 8;
  }
  out.append(bytes, sizeof(bytes));
}

// Small negative numbers stay small.
inline std::uint64_t ZigZag(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}
inline std::int64_t UnZigZag(std::uint64_t value) {
  return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
}

// Takes values off the front of foreign bytes. After the first that does not fit, ok() is false and
// every value is zero or empty.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}

  bool ok() const { return ok_; }
  bool done() const { return rest_.empty(); }
  // All was read and all fitted.
  bool complete() const { return ok_ && rest_.empty(); }

  std::uint8_t Byte() {
    if (rest_.empty()) return Fail();
    const auto byte = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return byte;
  }

  std::uint64_t Varint() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (rest_.empty()) return Fail();
      const auto byte = static_cast<std::uint8_t>(rest_.front());
      rest_.remove_prefix(1);
      if (shift == 63 && byte > 1) return Fail();
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    return Fail();
  }

  // A varint of at most `max`.
  std::uint64_t VarintTo(std::uint64_t max) {
    const std::uint64_t value = Varint();
    return value <= max ? value : Fail();
  }

  // A varint that names something: 0 names nothing.
  std::uint64_t Id() {
    const std::uint64_t value = Varint();
    return value != 0 ? value : Fail();
  }

  std::string_view Text() {
    const std::uint64_t size = Varint();
    if (size > rest_.size()) {
      Fail();
      return {};
    }
    const std::string_view text = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return text;
  }

  std::uint64_t Key64() {
    if (rest_.size() < 8) return Fail();
    std::uint64_t value = 0;
    for (int i = 0; i < 8; ++i) value = value << 8 | static_cast<std::uint8_t>(rest_[i]);
    rest_.remove_prefix(8);
    return value;
  }

  // What is left, as it stands.
  std::string_view Rest() {
    const std::string_view rest = rest_;
    rest_ = {};
    return rest;
  }

  std::uint8_t Fail() {
    ok_ = false;
    rest_ = {};
    return 0;
  }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace inventory
