// The tokens that callers may show, as a file or a setting lists them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "access/role.h"

namespace inventory {

inline constexpr std::size_t kMinTokenBytes = 16;
inline constexpr std::size_t kMaxTokenBytes = 256;
inline constexpr std::size_t kMaxTokens = 1'000;  // each call is compared with all of them

struct TokenHolder {
  std::shared_ptr<const std::string> name;
  Grants grants;
};

// Digests only: a token itself is kept nowhere. Immutable, so safe for concurrent use.
class TokenList {
 public:
  // Entries `name roles token`, each ended by `separator`; # begins a comment, empty entries are
  // passed over. Names are letters, digits and ._- and may repeat, so that a token and its
  // successor are valid together; roles are viewer, seller, operator or seller,operator; a token is
  // 16 to 256 of the characters that a bearer token may have (letters, digits, -._~+/=). A fault,
  // also that there is no token at all, is INVALID_ARGUMENT and names `origin` and the entry's
  // number ("tokens.txt:3: …"), never what stands there: it might be a token.
  static absl::StatusOr<TokenList> Parse(std::string_view text, char separator,
                                         std::string_view origin);

  // Null: it is none of them. Compares with all of them in constant time, so that an answer's time
  // tells nothing of a token.
  const TokenHolder* Find(std::string_view token) const;

  std::size_t size() const { return entries_.size(); }

 private:
  using Digest = std::array<std::uint8_t, 32>;  // SHA-256
  struct Entry {
    Digest digest;
    TokenHolder holder;
  };

  static Digest DigestOf(std::string_view token);
  absl::Status Add(std::string_view entry);

  std::vector<Entry> entries_;
};

}  // namespace inventory
