#include "access/access.h"

#include <chrono>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "telemetry/log.h"

namespace inventory {
namespace {

// What follows "Bearer ", whose case does not matter; nullopt: another scheme.
std::optional<std::string_view> BearerToken(std::string_view authorization) {
  constexpr std::string_view kScheme = "bearer ";
  const absl::string_view text(authorization.data(), authorization.size());
  if (!absl::StartsWithIgnoreCase(text, {kScheme.data(), kScheme.size()})) return std::nullopt;
  const std::size_t begin = authorization.find_first_not_of(' ', kScheme.size());
  if (begin == authorization.npos) return std::nullopt;
  return authorization.substr(begin);
}

}  // namespace

void Access::SetTokens(TokenList tokens) {
  auto added = std::make_shared<const TokenList>(std::move(tokens));
  MutexLock lock(mutex_);
  tokens_ = std::move(added);
  ++edition_;
}

absl::Status Access::TokensHaveChanged() {
  return absl::UnauthenticatedError(
      "the service's list of tokens has changed; open the stream again, with a token that is "
      "valid");
}

absl::StatusOr<Access::Actor> Access::Admit(Role needed,
                                            std::optional<std::string_view> authorization,
                                            const AccessAttempt& attempt) {
  if (open() || needed == Role::kAnyone) return Actor();
  const std::optional<std::string_view> token =
      authorization ? BearerToken(*authorization) : std::nullopt;
  if (!token) {
    Note(no_token_, "no token", "", attempt);
    return absl::UnauthenticatedError(
        absl::StrCat("this call needs a token with the role ", RoleName(needed),
                     ": send it once, as authorization: Bearer TOKEN"));
  }
  std::shared_ptr<const TokenList> tokens;
  {
    MutexLock lock(mutex_);
    tokens = tokens_;
  }
  const TokenHolder* holder = tokens->Find(*token);
  if (holder == nullptr) {
    Note(unknown_token_, "unknown token", "", attempt);
    return absl::UnauthenticatedError(
        "this token is not known here, or not any more; ask who runs the service for another");
  }
  if (!holder->grants.Include(needed)) {
    Note(wrong_role_, "wrong role", *holder->name, attempt);
    return absl::PermissionDeniedError(absl::StrCat(
        "this call needs the role ", RoleName(needed), "; the token ", *holder->name, " has ",
        holder->grants.Names(), ": use another token, or have its role changed"));
  }
  return holder->name;
}

void Access::NoteTokenInUrl(const AccessAttempt& attempt) {
  Note(token_in_url_, "token in the URL", "", attempt);
}

void Access::NoteForeignPage(const AccessAttempt& attempt) {
  Note(foreign_page_, "web page from elsewhere", "", attempt);
}

void Access::Note(Counter& counter, std::string_view why, std::string_view name,
                  const AccessAttempt& attempt) {
  ++counter;
  std::optional<std::uint64_t> left_out;
  {
    MutexLock lock(log_mutex_);
    left_out = lines_.Take(std::chrono::steady_clock::now());
  }
  if (!left_out) return;
  LogWarn("refused a caller", {{"reason", why},
                               {"call", attempt.call},
                               {"peer", attempt.peer()},
                               {"token", name},
                               {"left_out", *left_out}});
}

AccessFigures Access::Figures() const {
  return {no_token_, unknown_token_, wrong_role_, token_in_url_, foreign_page_};
}

}  // namespace inventory
