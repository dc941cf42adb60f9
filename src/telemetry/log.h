// Structured logs: one line an event, a message and named values, as text or as JSON.
//
//   LogWarn("stock is low", {{"book", book}, {"available", available}});
//
//   2026-08-01T09:15:00.123Z warning stock is low book=7 available=3
//   {"time":"2026-08-01T09:15:00.123Z","level":"warning","message":"stock is low","book":7,…}
//
// The process has one log. Logging is safe for concurrent use, never fails and never throws; what
// is logged may come from anywhere: control characters are escaped, and bytes that are not UTF-8
// are replaced, so a value cannot forge a line. Each line is written before the call returns.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

#include "absl/status/status.h"

namespace inventory {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

// A named value of a line; used during the call only.
class LogField {
 public:
  LogField(std::string_view key, std::string_view value) : key_(key), value_(value) {}
  LogField(std::string_view key, const char* value) : LogField(key, std::string_view(value)) {}
  LogField(std::string_view key, const std::string& value)
      : LogField(key, std::string_view(value)) {}
  LogField(std::string_view key, std::same_as<bool> auto value) : key_(key), value_(value) {}
  LogField(std::string_view key, std::signed_integral auto value)
      : key_(key), value_(std::int64_t{value}) {}
  template <std::unsigned_integral T>
  requires(!std::same_as<T, bool>) LogField(std::string_view key, T value)
      : key_(key), value_(std::uint64_t{value}) {}

  using Value = std::variant<std::string_view, std::int64_t, std::uint64_t, bool>;
  std::string_view key() const { return key_; }
  const Value& value() const { return value_; }

 private:
  std::string_view key_;  // snake_case
  Value value_;
};

using LogFields = std::initializer_list<LogField>;

void Log(LogLevel level, std::string_view message, LogFields fields = {});

inline void LogDebug(std::string_view message, LogFields fields = {}) {
  Log(LogLevel::kDebug, message, fields);
}
inline void LogInfo(std::string_view message, LogFields fields = {}) {
  Log(LogLevel::kInfo, message, fields);
}
inline void LogWarn(std::string_view message, LogFields fields = {}) {
  Log(LogLevel::kWarning, message, fields);
}
inline void LogError(std::string_view message, LogFields fields = {}) {
  Log(LogLevel::kError, message, fields);
}

struct LogSettings {
  LogLevel level = LogLevel::kInfo;  // lines below it are left out
  bool json = false;
  std::string output = "stderr";  // "stdout", "stderr" or a file to append to
};

// Sets where the log goes and how. Until then it is text on stderr. Call it before the threads that
// log are started. The error says what is wrong with the file.
absl::Status StartLogging(const LogSettings& settings);

}  // namespace inventory
