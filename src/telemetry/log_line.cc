#include "telemetry/log_line.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/utf8.h"

namespace inventory {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

bool IsControl(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

// Appends `text` with JSON's escapes, so that it is one line and UTF-8. Quotes and backslashes are
// escaped only if `quoted`.
void AppendEscaped(std::string& line, std::string_view text, bool quoted) {
  while (!text.empty()) {
    const char c = text.front();
    const std::size_t size = Utf8CharacterSize(text);
    if (size == 0) {
      line += kReplacement;
    } else if (c == '\n') {
      line += "\\n";
    } else if (IsControl(c)) {
      fmt::format_to(std::back_inserter(line), "\\u{:04x}", static_cast<unsigned char>(c));
    } else if (quoted && (c == '"' || c == '\\')) {
      line += '\\';
      line += c;
    } else {
      line += text.substr(0, size);
    }
    text.remove_prefix(std::max<std::size_t>(size, 1));
  }
}

void AppendQuoted(std::string& line, std::string_view text) {
  line += '"';
  AppendEscaped(line, text, /*quoted=*/true);
  line += '"';
}

bool NeedsQuotes(std::string_view text) {
  return text.empty() || std::any_of(text.begin(), text.end(), [](char c) {
           return c == ' ' || c == '=' || c == '"' || c == '\\' || IsControl(c);
         });
}

// `always_quote`: texts get quotes even where a reader could do without.
void AppendValue(std::string& line, const LogField::Value& value, bool always_quote) {
  struct Visitor {
    std::string& line;
    bool always_quote;
    void operator()(std::string_view text) const {
      if (always_quote || NeedsQuotes(text)) {
        AppendQuoted(line, text);
      } else {
        AppendEscaped(line, text, /*quoted=*/false);
      }
    }
    void operator()(std::int64_t number) const { line += std::to_string(number); }
    void operator()(std::uint64_t number) const { line += std::to_string(number); }
    void operator()(bool truth) const { line += truth ? "true" : "false"; }
  };
  std::visit(Visitor{line, always_quote}, value);
}

}  // namespace

std::string TextLine(std::string_view message, LogFields fields) {
  std::string line;
  AppendEscaped(line, message, /*quoted=*/false);
  for (const LogField& field : fields) {
    fmt::format_to(std::back_inserter(line), " {}=", field.key());
    AppendValue(line, field.value(), /*always_quote=*/false);
  }
  return line;
}

std::string JsonLine(std::string_view message, LogFields fields) {
  std::string line = "\"message\":";
  AppendQuoted(line, message);
  for (const LogField& field : fields) {
    fmt::format_to(std::back_inserter(line), ",\"{}\":", field.key());
    AppendValue(line, field.value(), /*always_quote=*/true);
  }
  return line;
}

}  // namespace inventory
