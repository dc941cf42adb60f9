// Who may do what: the decision about each call. The edges ask; no rule of access is elsewhere.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "access/line_budget.h"
#include "access/role.h"
#include "access/token_list.h"
#include "base/mutex.h"

namespace inventory {

// Attempts that were refused, since the start, by why; for metrics.
struct AccessFigures {
  std::uint64_t no_token = 0;
  std::uint64_t unknown_token = 0;
  std::uint64_t wrong_role = 0;
  std::uint64_t token_in_url = 0;
  std::uint64_t foreign_page = 0;  // a web page from elsewhere, or a Host that is not this machine
};

// What was tried, for the log.
struct AccessAttempt {
  std::string_view call;  // "POST /restock", "inventory.v1.InventoryService.GetStock"
  absl::FunctionRef<std::string()> peer;
};

// Safe for concurrent use.
class Access {
 public:
  // The name of the token that was shown; null where there are no tokens.
  using Actor = std::shared_ptr<const std::string>;

  // Without tokens, until some are given: everyone may do everything.
  Access() = default;

  // These are valid from now on, and no others.
  void SetTokens(TokenList tokens) ABSL_LOCKS_EXCLUDED(mutex_);
  // No tokens have been given. They never end, so this stays as it is once calls are served.
  bool open() const { return edition_ == 0; }
  // One more with each SetTokens(). What was let in before it may not be any more: a stream that
  // was admitted in another edition has to ask again.
  std::uint64_t edition() const { return edition_; }

  // Decides about a call by its field `authorization`; nullopt: there is none, or several.
  // UNAUTHENTICATED or PERMISSION_DENIED says what to do, and is counted and logged.
  absl::StatusOr<Actor> Admit(Role needed, std::optional<std::string_view> authorization,
                              const AccessAttempt& attempt) ABSL_LOCKS_EXCLUDED(mutex_);

  // What a stream of another edition ends with: UNAUTHENTICATED.
  static absl::Status TokensHaveChanged();

  // For what an edge refuses by itself: counts and logs it.
  void NoteTokenInUrl(const AccessAttempt& attempt);
  void NoteForeignPage(const AccessAttempt& attempt);

  AccessFigures Figures() const;

 private:
  using Counter = std::atomic<std::uint64_t>;

  void Note(Counter& counter, std::string_view why, std::string_view name,
            const AccessAttempt& attempt) ABSL_LOCKS_EXCLUDED(log_mutex_);

  std::atomic<std::uint64_t> edition_ = 0;
  Mutex mutex_;
  std::shared_ptr<const TokenList> tokens_ ABSL_GUARDED_BY(mutex_);

  Counter no_token_ = 0;
  Counter unknown_token_ = 0;
  Counter wrong_role_ = 0;
  Counter token_in_url_ = 0;
  Counter foreign_page_ = 0;
  Mutex log_mutex_;
  LineBudget lines_ ABSL_GUARDED_BY(log_mutex_){10};
};

}  // namespace inventory
