#include "tools/inventoryctl/values.h"

#include <random>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"

namespace inventory {
namespace {

absl::Status Wrong(const std::string& text, const std::string& expected) {
  return absl::InvalidArgumentError(absl::StrCat("'", text, "' is not ", expected));
}

}  // namespace

absl::StatusOr<absl::Duration> ParseDuration(const std::string& text) {
  std::int64_t seconds = 0;
  if (absl::SimpleAtoi(text, &seconds)) return absl::Seconds(seconds);
  absl::Duration duration;
  if (absl::ParseDuration(text, &duration)) return duration;
  return Wrong(text, "a duration: seconds, or 500ms, 90s, 15m, 1h30m");
}

absl::StatusOr<absl::Time> ParseTime(const std::string& text, absl::Time now, absl::TimeZone zone) {
  absl::Time time;
  if (absl::ParseTime(absl::RFC3339_full, text, &time, nullptr)) return time;
  for (const char* format : {"%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%E*S", "%Y-%m-%dT%H:%M",
                             "%Y-%m-%dT%H:%M:%E*S"}) {
    if (absl::ParseTime(format, text, zone, &time, nullptr)) return time;
  }
  absl::Duration before;
  if (absl::ParseDuration(text, &before) && before >= absl::ZeroDuration()) return now - before;
  return Wrong(text,
               "a time: 2026-11-23, \"2026-11-23 10:30:15\", 2026-11-23T10:30:15Z, or how long "
               "ago: 15m, 2h");
}

std::string ShowTime(std::int64_t unix_ms) {
  if (unix_ms == 0) return "-";
  return absl::FormatTime("%Y-%m-%d %H:%M:%E3S", absl::FromUnixMillis(unix_ms),
                          absl::LocalTimeZone());
}

absl::StatusOr<v1::OrderLine> ParseOrderLine(const std::string& text) {
  const std::pair<std::string, std::string> parts = absl::StrSplit(text, absl::MaxSplits(':', 1));
  std::uint64_t book = 0;
  std::int32_t quantity = 0;
  if (!absl::SimpleAtoi(parts.first, &book) || !absl::SimpleAtoi(parts.second, &quantity)) {
    return Wrong(text, "BOOK:QUANTITY, such as 1:2 for two copies of book 1");
  }
  v1::OrderLine line;
  line.set_book_id(book);
  line.set_quantity(quantity);
  return line;
}

std::string MakeRequestId() {
  std::random_device random;
  const auto word = [&] { return static_cast<std::uint32_t>(random()); };
  const std::uint32_t b = word();
  const std::uint32_t c = word();
  // The version is 4, the variant's bits are 10.
  return absl::StrFormat("%08x-%04x-4%03x-%04x-%04x%08x", word(), b >> 16, b & 0xFFF,
                         0x8000 | (c >> 16 & 0x3FFF), c & 0xFFFF, word());
}

}  // namespace inventory
