#include "redis/redis_address.h"

#include <netdb.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <memory>
#include <string_view>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace inventory {
namespace {

constexpr std::size_t kMaxSocketPath = sizeof(sockaddr_un::sun_path) - 1;

absl::Status Refuse(std::string_view text, std::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(
      "\"", std::string(text), "\" is no address of a Redis server: ", std::string(what),
      "; write host:port, [::1]:6379 or unix:/path"));
}

absl::StatusOr<RedisEndpoint> ParseSocket(std::string_view text, std::string_view path) {
  if (path.empty() || path.front() != '/') return Refuse(text, "the socket's path is not absolute");
  if (path.size() > kMaxSocketPath || path.find('\0') != path.npos) {
    return Refuse(text, "the socket's path is too long, or holds a zero byte");
  }
  RedisEndpoint endpoint;
  endpoint.socket = path;
  return endpoint;
}

bool ParsePort(std::string_view digits, int& port) {
  for (const char c : digits) {
    if (c < '0' || c > '9') return false;
  }
  return digits.size() <= 5 &&
         absl::SimpleAtoi(absl::string_view(digits.data(), digits.size()), &port) && port >= 1 &&
         port <= 65'535;
}

}  // namespace

std::string RedisEndpoint::Location() const {
  if (!socket.empty()) return absl::StrCat("unix:", socket, ", db ", db);
  const bool colons = host.find(':') != std::string::npos;
  return absl::StrCat(colons ? "[" : "", host, colons ? "]" : "", ":", port, ", db ", db);
}

absl::StatusOr<RedisEndpoint> ParseRedisAddress(std::string_view text) {
  constexpr std::string_view kUnix = "unix:";
  if (text.substr(0, kUnix.size()) == kUnix) return ParseSocket(text, text.substr(kUnix.size()));
  if (!text.empty() && text.front() == '/') return ParseSocket(text, text);

  RedisEndpoint endpoint;
  std::string_view rest = text;  // what stands behind the host
  if (!text.empty() && text.front() == '[') {
    const std::size_t end = text.find(']');
    if (end == text.npos || end == 1) return Refuse(text, "a '[' wants an address and a ']'");
    endpoint.host = text.substr(1, end - 1);
    rest = text.substr(end + 1);
  } else {
    const std::size_t colon = std::min(text.find(':'), text.size());
    if (text.find(':', colon + 1) != text.npos) {
      return Refuse(text, "an address with colons stands in brackets");
    }
    if (colon > 0) endpoint.host = text.substr(0, colon);
    rest = text.substr(colon);
  }
  for (const char c : endpoint.host) {
    if (c <= ' ' || c == '/' || c == '@' || c == '[' || c == ']' || c == 127) {
      return Refuse(text, "the host has a character that no name has");
    }
  }
  if (text.empty()) return Refuse(text, "it is empty");
  if (rest.empty()) return endpoint;
  if (rest.front() != ':' || !ParsePort(rest.substr(1), endpoint.port)) {
    return Refuse(text, "the port is no number from 1 to 65535");
  }
  return endpoint;
}

absl::StatusOr<std::vector<std::string>> LookUpHost(const std::string& host, bool digits_only) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = digits_only ? AI_NUMERICHOST : 0;
  addrinfo* list = nullptr;
  if (const int error = getaddrinfo(host.c_str(), nullptr, &hints, &list); error != 0) {
    return absl::NotFoundError(absl::StrCat("no address is known for the name ", host, " (",
                                            gai_strerror(error),
                                            "); check the name, and this machine's DNS"));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owned(list, &freeaddrinfo);
  std::vector<std::string> addresses;
  for (const addrinfo* one = list; one != nullptr; one = one->ai_next) {
    char digits[NI_MAXHOST];
    if (getnameinfo(one->ai_addr, one->ai_addrlen, digits, sizeof(digits), nullptr, 0,
                    NI_NUMERICHOST) == 0) {
      addresses.emplace_back(digits);
    }
  }
  if (addresses.empty()) return absl::NotFoundError("the name " + host + " has no address");
  return addresses;
}

absl::Status RefusalStatus(const std::string& message, const std::string& error) {
  constexpr auto kDenied = absl::StatusCode::kPermissionDenied;
  constexpr auto kWrong = absl::StatusCode::kFailedPrecondition;
  constexpr auto kLater = absl::StatusCode::kUnavailable;
  static constexpr char kNoPassword[] =
      "the server has no password: configure none, or set it there";
  struct Case {
    const char* begins;
    absl::StatusCode code;
    const char* advice;
  };
  static constexpr Case kCases[] = {
      {"WRONGPASS", kDenied, "check the password that is configured for Redis"},
      {"NOAUTH", kDenied, "the server wants a password: configure it"},
      {"NOPERM", kDenied, "give the user the right to do this"},
      {"DENIED", kDenied, "set a password there, or let it listen for this machine only"},
      {"ERR invalid password", kDenied, "check the password that is configured for Redis"},
      {"ERR AUTH", kWrong, kNoPassword},
      {"ERR Client sent AUTH", kWrong, kNoPassword},
      {"ERR DB index", kWrong, "choose a db below the server's \"databases\", 16 by default"},
      {"ERR SELECT is not allowed in cluster", kWrong, "a cluster has only db 0"},
      {"ERR max number of clients", kLater, "raise the server's maxclients"},
      {"LOADING", kLater, "it is loading its data and will be used once it has: wait"},
      {"MASTERDOWN", kLater, "it is a replica without its primary: use the primary"},
      {"BUSY", kLater, "a script runs too long there: SCRIPT KILL ends it, if it wrote nothing"},
  };
  for (const Case& one : kCases) {
    if (absl::StartsWith(error, one.begins)) return {one.code, message + "; " + one.advice};
  }
  return {kLater, message + "; is it a Redis server?"};
}

}  // namespace inventory
