#include "access/token_list.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace inventory {
namespace {

constexpr std::size_t kMaxNameBytes = 64;

bool IsName(absl::string_view text) {
  return !text.empty() && text.size() <= kMaxNameBytes &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return absl::ascii_isalnum(c) || c == '.' || c == '_' || c == '-';
         });
}

// RFC 6750: what may follow "Bearer ".
bool IsToken(absl::string_view text) {
  constexpr absl::string_view kOthers = "-._~+/=";
  return text.size() >= kMinTokenBytes && text.size() <= kMaxTokenBytes &&
         std::all_of(text.begin(), text.end(), [kOthers](unsigned char c) {
           return absl::ascii_isalnum(c) || kOthers.find(static_cast<char>(c)) != kOthers.npos;
         });
}

bool ReadGrants(absl::string_view text, Grants& grants) {
  for (const absl::string_view role : absl::StrSplit(text, ',')) {
    if (role == "seller") {
      grants.seller = true;
    } else if (role == "operator") {
      grants.is_operator = true;
    } else if (role != "viewer") {
      return false;
    }
  }
  return true;
}

}  // namespace

absl::StatusOr<TokenList> TokenList::Parse(std::string_view text, char separator,
                                           std::string_view origin) {
  TokenList list;
  int number = 0;
  const absl::string_view all(text.data(), text.size());
  for (absl::string_view entry : absl::StrSplit(all, separator)) {
    ++number;
    entry = absl::StripAsciiWhitespace(entry);
    if (entry.empty() || entry.front() == '#') continue;
    if (absl::Status added = list.Add({entry.data(), entry.size()}); !added.ok()) {
      const absl::string_view place(origin.data(), origin.size());
      return absl::InvalidArgumentError(absl::StrCat(place, ":", number, ": ", added.message()));
    }
  }
  if (list.entries_.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(absl::string_view(origin.data(), origin.size()),
                     ": no token stands here; write one a line: name role token"));
  }
  return list;
}

absl::Status TokenList::Add(std::string_view entry) {
  const std::vector<absl::string_view> words = absl::StrSplit(
      absl::string_view(entry.data(), entry.size()), absl::ByAnyChar(" \t"), absl::SkipEmpty());
  Entry added;
  if (words.size() != 3) {
    return absl::InvalidArgumentError(
        absl::StrCat("found ", words.size(), " words; write three: name role token"));
  }
  if (!IsName(words[0])) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the name, which comes first, is 1 to ", kMaxNameBytes, " letters, digits, dots, - and _"));
  }
  if (!ReadGrants(words[1], added.holder.grants)) {
    return absl::InvalidArgumentError(
        "the role, which comes second, is viewer, seller, operator or seller,operator");
  }
  if (!IsToken(words[2])) {
    return absl::InvalidArgumentError(
        absl::StrCat("the token, which comes third, is ", kMinTokenBytes, " to ", kMaxTokenBytes,
                     " letters, digits and -._~+/=; `openssl rand -hex 24` makes one"));
  }
  added.digest = DigestOf({words[2].data(), words[2].size()});
  added.holder.name = std::make_shared<const std::string>(words[0]);
  for (const Entry& other : entries_) {
    if (other.digest == added.digest) {
      return absl::InvalidArgumentError("this token stands here twice; make another one");
    }
  }
  if (entries_.size() == kMaxTokens) {
    return absl::InvalidArgumentError(absl::StrCat("more than ", kMaxTokens, " tokens"));
  }
  entries_.push_back(std::move(added));
  return absl::OkStatus();
}

const TokenHolder* TokenList::Find(std::string_view token) const {
  // The length of what a caller sends is no secret, and of ours it only says what all know.
  if (token.size() < kMinTokenBytes || token.size() > kMaxTokenBytes) return nullptr;
  const Digest digest = DigestOf(token);
  const TokenHolder* found = nullptr;
  for (const Entry& entry : entries_) {
    if (CRYPTO_memcmp(entry.digest.data(), digest.data(), digest.size()) == 0) {
      found = &entry.holder;
    }
  }
  return found;
}

TokenList::Digest TokenList::DigestOf(std::string_view token) {
  Digest digest;
  SHA256(reinterpret_cast<const unsigned char*>(token.data()), token.size(), digest.data());
  return digest;
}

}  // namespace inventory
