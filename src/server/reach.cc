#include "server/reach.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include "base/status_macros.h"

namespace inventory {
namespace {

enum class Span { kThisMachine, kEverywhere, kElsewhere };

// A name may stand for anything, and so counts as elsewhere, but for localhost.
Span SpanOf(const std::string& address) {
  if (address == "localhost") return Span::kThisMachine;
  in_addr v4;
  if (inet_pton(AF_INET, address.c_str(), &v4) == 1) {
    const std::uint32_t number = ntohl(v4.s_addr);
    if (number == INADDR_ANY) return Span::kEverywhere;
    return number >> 24 == 127 ? Span::kThisMachine : Span::kElsewhere;
  }
  in6_addr v6;
  if (inet_pton(AF_INET6, address.c_str(), &v6) == 1) {
    if (IN6_IS_ADDR_UNSPECIFIED(&v6)) return Span::kEverywhere;
    if (IN6_IS_ADDR_LOOPBACK(&v6)) return Span::kThisMachine;
  }
  return Span::kElsewhere;
}

bool AsksForTokens(const Config& config) {
  return !config.access_tokens.empty() || !config.access_tokens_file.empty();
}

bool HasTls(const Config& config) { return !config.tls_certificate.empty(); }

bool MayBeReached(const Config& config) {
  if (!AsksForTokens(config)) return config.access_open_to_network;
  return HasTls(config) || config.access_allow_plaintext_tokens;
}

// Why not, and what to do.
const char* Advice(const Config& config) {
  return AsksForTokens(config)
             ? "the network could read the tokens: give tls.certificate and tls.key, or say "
               "access.allow_plaintext_tokens: true"
             : "nobody is asked for a token: give access.tokens_file, or say "
               "access.open_to_network: true";
}

absl::StatusOr<std::string> AddressFor(const char* setting, const std::string& wish,
                                       const Config& config, bool& is_narrowed) {
  const Span span = SpanOf(wish);
  if (span == Span::kThisMachine || MayBeReached(config)) return wish;
  if (span == Span::kElsewhere) {
    return absl::InvalidArgumentError(
        fmt::format("{}: {} is not for this machine alone, and {}", setting, wish, Advice(config)));
  }
  is_narrowed = true;
  return "127.0.0.1";
}

}  // namespace

absl::StatusOr<Reach> DecideReach(const Config& config) {
  Reach reach;
  bool is_narrowed = false;
  ASSIGN_OR_RETURN(reach.server_address,
                   AddressFor("server.address", config.server_address, config, is_narrowed));
  bool is_beyond = SpanOf(reach.server_address) != Span::kThisMachine;
  if (config.http_port != 0) {
    ASSIGN_OR_RETURN(reach.http_address,
                     AddressFor("http.address", config.http_address, config, is_narrowed));
    is_beyond = is_beyond || SpanOf(reach.http_address) != Span::kThisMachine;
  }
  if (is_narrowed) {
    reach.warning = fmt::format("only this machine is listened to, as {}", Advice(config));
  } else if (is_beyond && AsksForTokens(config) && !HasTls(config)) {
    reach.warning = "the network can read the tokens: access.allow_plaintext_tokens says so";
  } else if (is_beyond && !AsksForTokens(config)) {
    reach.warning =
        "whoever reaches this service may do everything: access.open_to_network says so";
  }
  return reach;
}

}  // namespace inventory
