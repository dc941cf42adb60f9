#include "api/page_token.h"

#include <cstddef>
#include <cstdint>

#include "absl/strings/escaping.h"

namespace inventory {
namespace {

constexpr char kVersion = 1;
constexpr std::size_t kSumSize = 4;

void AppendInteger(std::uint64_t value, std::size_t size, std::string& bytes) {
  for (std::size_t i = 0; i < size; ++i) bytes.push_back(static_cast<char>(value >> (8 * i)));
}

std::uint64_t ReadInteger(std::string_view bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = bytes.size(); i > 0; --i) {
    value = value << 8 | static_cast<unsigned char>(bytes[i - 1]);
  }
  return value;
}

// FNV-1a: tells damage from a token, no more.
std::uint32_t Sum(std::string_view bytes) {
  std::uint32_t sum = 2'166'136'261u;
  for (const char byte : bytes) sum = (sum ^ static_cast<unsigned char>(byte)) * 16'777'619u;
  return sum;
}

// What has to be the same where a token is used as where it was made.
std::string Head(const MovementQuery& query) {
  std::string head = {'L', kVersion};
  AppendInteger(query.book, 8, head);
  AppendInteger(query.order, 8, head);
  head.push_back(query.type ? static_cast<char>(*query.type) : '\0');
  AppendInteger(static_cast<std::uint64_t>(query.since), 8, head);
  AppendInteger(static_cast<std::uint64_t>(query.until), 8, head);
  return head;
}

// The threshold itself may be configured anew between two pages.
std::string Head(const StockListQuery& query) { return {'S', kVersion, query.below ? '\1' : '\0'}; }

std::string Encode(std::string bytes, std::uint64_t position) {
  AppendInteger(position, 8, bytes);
  AppendInteger(Sum(bytes), kSumSize, bytes);
  return absl::WebSafeBase64Escape(bytes);
}

// 0: not a token with this head.
std::uint64_t Decode(std::string_view token, const std::string& head) {
  std::string bytes;
  if (!absl::WebSafeBase64Unescape({token.data(), token.size()}, &bytes)) return 0;
  if (bytes.size() != head.size() + 8 + kSumSize) return 0;
  const std::string_view all = bytes;
  const std::string_view body = all.substr(0, head.size() + 8);
  if (ReadInteger(all.substr(body.size())) != Sum(body)) return 0;
  if (body.substr(0, head.size()) != head) return 0;
  return ReadInteger(body.substr(head.size()));
}

}  // namespace

std::string MakePageToken(const MovementQuery& query) {
  return Encode(Head(query), query.below_sequence);
}

std::string MakePageToken(const StockListQuery& query) { return Encode(Head(query), query.after); }

bool ContinueFrom(std::string_view token, MovementQuery& query) {
  const std::uint64_t below = Decode(token, Head(query));
  if (below != 0) query.below_sequence = below;
  return below != 0;
}

bool ContinueFrom(std::string_view token, StockListQuery& query) {
  const std::uint64_t after = Decode(token, Head(query));
  if (after != 0) query.after = after;
  return after != 0;
}

}  // namespace inventory
