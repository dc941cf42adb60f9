#include "http/request_checks.h"

#include <arpa/inet.h>

#include <algorithm>
#include <iterator>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace inventory {
namespace {

// "localhost:9080" without the port; what is no host stays as it is.
absl::string_view WithoutPort(absl::string_view host) {
  const std::size_t colon = host.rfind(':');
  const std::size_t bracket = host.rfind(']');
  if (colon == host.npos || (bracket != host.npos && colon < bracket)) return host;
  const absl::string_view port = host.substr(colon + 1);
  const bool is_port =
      std::all_of(port.begin(), port.end(), [](unsigned char c) { return absl::ascii_isdigit(c); });
  return is_port ? host.substr(0, colon) : host;
}

// "10.0.0.7" or "[::1]".
bool IsNumeric(const std::string& host) {
  if (host.size() > 1 && host.front() == '[' && host.back() == ']') {
    in6_addr ignored;
    return inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), &ignored) == 1;
  }
  in_addr ignored;
  return inet_pton(AF_INET, host.c_str(), &ignored) == 1;
}

}  // namespace

absl::Status CheckHost(const HttpRequest& request, bool any_name) {
  const auto [first, end] = request.fields.equal_range("host");
  if (first == end || std::next(first) != end) {
    return absl::InvalidArgumentError("the field Host must be there once");
  }
  const absl::string_view name = WithoutPort(first->second);
  if (any_name || absl::EqualsIgnoreCase(name, "localhost") || IsNumeric(std::string(name))) {
    return absl::OkStatus();
  }
  return absl::PermissionDeniedError(
      "the field Host has a name, which a web page may have made up: call this machine as "
      "localhost or by its number, or have tokens asked for (docs/access.md)");
}

absl::Status CheckOrigin(const HttpRequest& request) {
  const std::string* origin = request.Field("origin");
  if (!origin) return absl::OkStatus();
  const std::string* host = request.Field("host");
  for (const char* scheme : {"http://", "https://"}) {
    if (host && absl::EqualsIgnoreCase(*origin, absl::StrCat(scheme, *host))) {
      return absl::OkStatus();
    }
  }
  return absl::PermissionDeniedError("web pages from elsewhere may not call this service");
}

absl::Status CheckContentType(const HttpRequest& request) {
  const std::string* field = request.Field("content-type");
  if (field) {
    const std::size_t semicolon = field->find(';');
    const absl::string_view all = *field;
    const absl::string_view type = absl::StripAsciiWhitespace(all.substr(0, semicolon));
    absl::string_view parameter =
        semicolon == all.npos ? "" : absl::StripAsciiWhitespace(all.substr(semicolon + 1));
    const bool is_utf8 = parameter.empty() || absl::EqualsIgnoreCase(parameter, "charset=utf-8") ||
                         absl::EqualsIgnoreCase(parameter, "charset=\"utf-8\"");
    if (absl::EqualsIgnoreCase(type, "application/json") && is_utf8) return absl::OkStatus();
  }
  return absl::InvalidArgumentError("a POST needs the field Content-Type: application/json");
}

}  // namespace inventory
