#include "mysql/dsn.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "base/utf8.h"

namespace inventory {
namespace {

constexpr std::string_view kForm =
    "user:password@tcp(host:3306)/database or user:password@unix(/path)/database";
constexpr std::string_view kDefaultSocket = "/tmp/mysql.sock";  // the Go driver's
constexpr std::size_t kMaxSocketPath = 107;  // what the system's address of a socket holds
constexpr std::int64_t kMaxSeconds = 3'600;
// A wait for a row's lock takes up to 3 s, and the answer comes after it.
constexpr std::int64_t kMinReadSeconds = 5;

// No text of the DSN stands in a refusal but what is known to be no part of a password.
absl::Status Refuse(std::string_view what, std::string_view allowed) {
  return absl::InvalidArgumentError(
      absl::StrCat(std::string(what), "; allowed: ", std::string(allowed)));
}

bool IsLetterOrDigit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// ---- %xx ----------------------------------------------------------------------------------------

std::optional<int> HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

// Nothing where a '%' is not followed by two hexadecimal digits.
std::optional<std::string> Unescape(std::string_view text) {
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      bytes += text[i];
      continue;
    }
    if (text.size() - i < 3) return std::nullopt;
    const std::optional<int> high = HexDigit(text[i + 1]);
    const std::optional<int> low = HexDigit(text[i + 2]);
    if (!high || !low) return std::nullopt;
    bytes += static_cast<char>(*high * 16 + *low);
    i += 2;
  }
  return bytes;
}

// What Unescape reads back, and a line of a log can hold.
std::string Escape(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  constexpr std::string_view kKept = "_-.~$+!*',; ";
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (IsLetterOrDigit(c) || byte >= 0x80 || kKept.find(c) != kKept.npos) {
      text += c;
    } else {
      text += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
    }
  }
  return text;
}

// ---- user and address ---------------------------------------------------------------------------

absl::Status ParsePort(std::string_view digits, int& port) {
  const char* const end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, port);
  if (error != std::errc() || stop != end || port < 1 || port > 65535) {
    return Refuse("the port is none", "tcp(host:port), port a number from 1 to 65535");
  }
  return absl::OkStatus();
}

absl::Status ParseHostAndPort(std::string_view address, Dsn& dsn) {
  std::string_view host = address;
  if (address.starts_with('[')) {
    const std::size_t closing = address.find(']');
    if (closing == address.npos) {
      return Refuse("the '[' of the address has no ']'", "tcp([::1]:3306)");
    }
    const std::string_view rest = address.substr(closing + 1);
    if (!rest.empty() && !rest.starts_with(':')) {
      return Refuse("something other than a port follows the ']' of the address",
                    "tcp([::1]:3306)");
    }
    host = address.substr(1, closing - 1);
    if (!rest.empty()) RETURN_IF_ERROR(ParsePort(rest.substr(1), dsn.port));
  } else if (std::count(address.begin(), address.end(), ':') == 1) {
    const std::size_t colon = address.find(':');
    host = address.substr(0, colon);
    RETURN_IF_ERROR(ParsePort(address.substr(colon + 1), dsn.port));
  }  // more colons: an IPv6 address without brackets and port, as the Go driver takes it
  const bool sound = std::all_of(host.begin(), host.end(), [](char c) {
    return IsLetterOrDigit(c) || std::string_view(".-_:%").find(c) != std::string_view::npos;
  });
  if (!sound) {
    return Refuse("the host is neither a name nor an IP address",
                  "tcp(localhost:3306), tcp(10.0.0.7), tcp([::1]:3306)");
  }
  if (!host.empty()) dsn.host = host;
  return absl::OkStatus();
}

absl::Status ParseSocket(std::string_view path, Dsn& dsn) {
  dsn.socket = path.empty() ? kDefaultSocket : path;
  if (!dsn.socket.starts_with('/') || dsn.socket.size() > kMaxSocketPath) {
    return Refuse("the path of the Unix socket is relative or too long",
                  absl::StrCat("unix(/path), at most ", kMaxSocketPath, " bytes"));
  }
  return absl::OkStatus();
}

// `text` is all before the '/' of the database: [user[:password]@][protocol[(address)]]
absl::Status ParseAccess(std::string_view text, Dsn& dsn) {
  const std::size_t at = text.rfind('@');
  if (at != text.npos) {
    const std::string_view account = text.substr(0, at);
    const std::size_t colon = std::min(account.find(':'), account.size());
    dsn.user = account.substr(0, colon);
    if (colon < account.size()) dsn.password = account.substr(colon + 1);
    text.remove_prefix(at + 1);
  }
  const std::size_t open = std::min(text.find('('), text.size());
  const std::string_view protocol = text.substr(0, open);
  std::string_view address = text.substr(open);
  if (!address.empty()) {
    if (!address.ends_with(')')) {
      return Refuse(
          "the '(' of the address has no ')' before the last '/'",
          absl::StrCat(std::string(kForm), "; a '/' in a parameter or a database is written %2F"));
    }
    address = address.substr(1, address.size() - 2);
  }
  if (protocol.empty() || protocol == "tcp") return ParseHostAndPort(address, dsn);
  if (protocol == "unix") return ParseSocket(address, dsn);
  return Refuse("what stands before the last '/' is neither tcp(…) nor unix(…)", kForm);
}

// ---- parameters ---------------------------------------------------------------------------------

// Seconds, rounded up, of a duration as Go writes it: "5s", "500ms", "1m30s". Nothing: it is none,
// or longer than kMaxSeconds.
std::optional<std::int64_t> ParseDuration(std::string_view text) {
  struct Unit {
    std::string_view name;
    std::int64_t nanoseconds;
  };
  // Each stands before those it begins with.
  constexpr Unit kUnits[] = {
      {"ns", 1},         {"us", 1'000},        {"µs", 1'000},         {"μs", 1'000},
      {"ms", 1'000'000}, {"s", 1'000'000'000}, {"m", 60'000'000'000}, {"h", 3'600'000'000'000}};
  constexpr double kNanosecondsPerSecond = 1e9;
  double total = 0;
  if (text.empty()) return std::nullopt;
  while (!text.empty()) {
    double number = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number, std::chars_format::fixed);
    // A sign, "inf" and "nan" are numbers to from_chars.
    const bool digit = IsLetterOrDigit(text.front()) ? text.front() <= '9' : text.front() == '.';
    if (!digit || error != std::errc()) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(stop - text.data()));
    const auto* const unit =
        std::find_if(std::begin(kUnits), std::end(kUnits),
                     [text](const Unit& u) { return text.starts_with(u.name); });
    if (unit == std::end(kUnits)) return std::nullopt;
    text.remove_prefix(unit->name.size());
    total += number * static_cast<double>(unit->nanoseconds);
    if (total > static_cast<double>(kMaxSeconds) * kNanosecondsPerSecond) return std::nullopt;
  }
  const auto nanoseconds = static_cast<std::int64_t>(total);
  return (nanoseconds + 999'999'999) / 1'000'000'000;
}

absl::Status ParseTimeout(std::string_view name, std::string_view value, std::int64_t least,
                          int& seconds) {
  const std::optional<std::int64_t> parsed = ParseDuration(value);
  if (!parsed || *parsed < least) {
    return Refuse(absl::StrCat(std::string(name), " is none that this client can keep"),
                  absl::StrCat("a duration from ", least, "s to 1h, as 5s, 500ms or 1m30s"));
  }
  seconds = static_cast<int>(*parsed);
  return absl::OkStatus();
}

std::optional<bool> ParseBoolean(std::string_view text) {
  for (const char* yes : {"1", "true", "TRUE", "True"}) {
    if (text == yes) return true;
  }
  for (const char* no : {"0", "false", "FALSE", "False"}) {
    if (text == no) return false;
  }
  return std::nullopt;
}

absl::Status ParseTls(std::string_view value, Dsn& dsn) {
  const std::optional<bool> boolean = ParseBoolean(value);
  if (boolean) {
    dsn.tls = *boolean ? Dsn::Tls::kVerify : Dsn::Tls::kOff;
  } else if (value == "skip-verify") {
    dsn.tls = Dsn::Tls::kSkipVerify;
  } else if (value == "preferred") {
    dsn.tls = Dsn::Tls::kPreferred;
  } else {
    return Refuse("tls has no such kind here",
                  "false, preferred, skip-verify, true (with tls-ca=/file for an authority of your "
                  "own)");
  }
  return absl::OkStatus();
}

bool IsOneOf(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Parameters of the Go driver that concern only how a Go program sees its rows and connections.
bool IsIgnored(std::string_view name) {
  return IsOneOf(name, {"allowAllFiles", "allowFallbackToPlaintext", "charset", "checkConnLiveness",
                        "clientFoundRows", "collation", "columnsWithAlias", "connectionAttributes",
                        "interpolateParams", "loc", "maxAllowedPacket", "multiStatements",
                        "parseTime", "rejectReadOnly", "timeTruncate", "tinyInt1IsBool"});
}

// Switches of the Go driver with the only position they have here.
std::optional<bool> FixedSwitch(std::string_view name) {
  if (IsOneOf(name, {"allowCleartextPasswords", "allowOldPasswords", "compress"})) return false;
  if (name == "allowNativePasswords") return true;
  return std::nullopt;
}

// In a message: a name that could have been written on purpose.
std::string Shown(std::string_view name) {
  const bool plain = !name.empty() && name.size() <= 40 &&
                     std::all_of(name.begin(), name.end(),
                                 [](char c) { return IsLetterOrDigit(c) || c == '_' || c == '-'; });
  return plain ? absl::StrCat("\"", std::string(name), "\"") : "(not shown)";
}

absl::Status ParseParameter(std::string_view name, std::string_view escaped, Dsn& dsn) {
  if (IsIgnored(name)) return absl::OkStatus();
  const std::optional<std::string> value = Unescape(escaped);
  if (!value || value->find('\0') != value->npos) {
    return Refuse(absl::StrCat("the value of the parameter ", Shown(name), " is cut short"),
                  "%2F for '/', %25 for '%'");
  }
  if (name == "timeout") return ParseTimeout(name, *value, 1, dsn.connect_timeout_seconds);
  if (name == "readTimeout") {
    return ParseTimeout(name, *value, kMinReadSeconds, dsn.read_timeout_seconds);
  }
  if (name == "writeTimeout") return ParseTimeout(name, *value, 1, dsn.write_timeout_seconds);
  if (name == "tls") return ParseTls(*value, dsn);
  if (name == "tls-ca") {
    dsn.tls_ca = *value;
    return absl::OkStatus();
  }
  if (const std::optional<bool> position = FixedSwitch(name)) {
    if (ParseBoolean(*value) == position) return absl::OkStatus();
    return Refuse(absl::StrCat(std::string(name), " cannot be changed here"),
                  *position ? "true" : "false");
  }
  return Refuse(absl::StrCat("there is no parameter ", Shown(name)),
                "timeout, readTimeout, writeTimeout, tls, tls-ca, and what the Go driver has for "
                "its own use, as charset, parseTime, loc; not variables of the server");
}

// `text` is all behind the '?': [name=value[&name=value]…]
absl::Status ParseParameters(std::string_view text, Dsn& dsn) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('&'), text.size());
    const std::string_view parameter = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (parameter.empty()) continue;
    const std::size_t equals = parameter.find('=');
    if (equals == parameter.npos) {
      return Refuse(absl::StrCat("the parameter ", Shown(parameter), " has no value"),
                    "name=value&name=value");
    }
    RETURN_IF_ERROR(ParseParameter(parameter.substr(0, equals), parameter.substr(equals + 1), dsn));
  }
  if (!dsn.tls_ca.empty() && dsn.tls != Dsn::Tls::kVerify) {
    return Refuse("tls-ca without tls=true would not be looked at", "tls=true&tls-ca=/file");
  }
  return absl::OkStatus();
}

absl::Status ParseDatabase(std::string_view escaped, Dsn& dsn) {
  const std::optional<std::string> database = Unescape(escaped);
  if (escaped.empty()) return Refuse("no database is named after the last '/'", kForm);
  if (!database || database->find('\0') != database->npos || !IsUtf8(*database)) {
    return Refuse("the name of the database is no UTF-8 or cut short", "%25 for '%' in a name");
  }
  dsn.database = *database;
  return absl::OkStatus();
}

}  // namespace

std::string Dsn::Location() const {
  const std::string database_text = Escape(database);
  if (!socket.empty()) return absl::StrCat("unix(", socket, ")/", database_text);
  const bool brackets = host.find(':') != host.npos;
  return absl::StrCat("tcp(", brackets ? "[" : "", host, brackets ? "]" : "", ":", port, ")/",
                      database_text);
}

absl::StatusOr<Dsn> ParseDsn(std::string_view text) {
  if (text.find('\0') != text.npos) return Refuse("a zero byte stands in it", kForm);
  const std::size_t slash = text.rfind('/');
  if (slash == text.npos) return Refuse("there is no '/' before the database's name", kForm);
  Dsn dsn;
  RETURN_IF_ERROR(ParseAccess(text.substr(0, slash), dsn));

  const std::string_view rest = text.substr(slash + 1);
  // Else the '/' was part of a password, and what follows it is no name to be shown.
  if (rest.find('@') != rest.npos) {
    return Refuse("an '@' follows the last '/'",
                  absl::StrCat(std::string(kForm),
                               "; an '@' in the database's name or a parameter "
                               "is written %40"));
  }
  const std::size_t question = std::min(rest.find('?'), rest.size());
  RETURN_IF_ERROR(ParseDatabase(rest.substr(0, question), dsn));
  if (question < rest.size()) RETURN_IF_ERROR(ParseParameters(rest.substr(question + 1), dsn));
  return dsn;
}

}  // namespace inventory
