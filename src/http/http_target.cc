#include "http/http_target.h"

#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_split.h"

namespace inventory {
namespace {

// As forms encode it: %XX and + for a space. nullopt: a % without two digits.
std::optional<std::string> Decode(absl::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      decoded += ' ';
    } else if (text[i] != '%') {
      decoded += text[i];
    } else {
      const absl::string_view digits = text.substr(i + 1, 2);
      if (digits.size() < 2 || !absl::ascii_isxdigit(static_cast<unsigned char>(digits[0])) ||
          !absl::ascii_isxdigit(static_cast<unsigned char>(digits[1]))) {
        return std::nullopt;
      }
      decoded += absl::HexStringToBytes(digits);
      i += 2;
    }
  }
  return decoded;
}

}  // namespace

absl::StatusOr<HttpTarget> ParseHttpTarget(const std::string& target) {
  if (target.empty() || target.front() != '/') {
    return absl::InvalidArgumentError("the target is no path; it begins with /");
  }
  const std::size_t mark = target.find('?');
  HttpTarget parsed;
  parsed.path = absl::StrSplit(absl::string_view(target).substr(1, mark - 1), '/');
  if (mark == target.npos || mark + 1 == target.size()) return parsed;
  for (const absl::string_view part :
       absl::StrSplit(absl::string_view(target).substr(mark + 1), '&')) {
    const std::size_t equals = part.find('=');
    std::optional<std::string> name = Decode(part.substr(0, equals));
    std::optional<std::string> value =
        Decode(equals == part.npos ? absl::string_view() : part.substr(equals + 1));
    if (!name || !value) {
      return absl::InvalidArgumentError("a % in the query is not followed by two hex digits");
    }
    parsed.query.emplace_back(*std::move(name), *std::move(value));
  }
  return parsed;
}

}  // namespace inventory
