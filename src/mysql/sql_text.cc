#include "mysql/sql_text.h"

#include <algorithm>
#include <charconv>
#include <chrono>

#include "absl/strings/str_format.h"

namespace inventory {
namespace {

using std::chrono::milliseconds;
using std::chrono::sys_days;

// The digits text[first, first + count) as a number, or -1.
int Digits(std::string_view text, std::size_t first, std::size_t count) {
  int number = 0;
  const char* const begin = text.data() + first;
  const auto result = std::from_chars(begin, begin + count, number);
  return result.ec == std::errc() && result.ptr == begin + count ? number : -1;
}

}  // namespace

void AppendQuoted(std::string& sql, std::string_view text) {
  sql += '\'';
  for (const char c : text) {
    switch (c) {
      case '\0': sql += "\\0"; break;
      case '\'': sql += "\\'"; break;
      case '\\': sql += "\\\\"; break;
      default: sql += c;
    }
  }
  sql += '\'';
}

std::string QuotedTime(TimeMs time) {
  const std::chrono::sys_time<milliseconds> point{milliseconds(std::max<TimeMs>(time, 0))};
  const sys_days day = std::chrono::floor<std::chrono::days>(point);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss<milliseconds> clock(point - day);
  return absl::StrFormat("'%04d-%02d-%02d %02d:%02d:%02d.%03d'", static_cast<int>(date.year()),
                         static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                         clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                         clock.subseconds().count());
}

std::optional<TimeMs> ParseTime(std::string_view text) {
  constexpr std::string_view kForm = "2026-08-01 09:15:00.123";
  if (text.size() != kForm.size()) return std::nullopt;
  const int year = Digits(text, 0, 4);
  const int month = Digits(text, 5, 2);
  const int day = Digits(text, 8, 2);
  const int hour = Digits(text, 11, 2);
  const int minute = Digits(text, 14, 2);
  const int second = Digits(text, 17, 2);
  const int millisecond = Digits(text, 20, 3);
  if (std::min({year, month, day, hour, minute, second, millisecond}) < 0) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return std::nullopt;
  const auto point = sys_days(date) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
                     std::chrono::seconds(second) + milliseconds(millisecond);
  return std::chrono::duration_cast<milliseconds>(point.time_since_epoch()).count();
}

}  // namespace inventory
