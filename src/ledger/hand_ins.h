// The table ledger_hand_ins: what instances were answered for, and what of the outbox did not fit,
// to be decided again while the store is rebuilt.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ledger/ledger_batch.h"
#include "mysql/connection.h"
#include "stock/ledger.h"

namespace inventory {

// The outbox's own, not an instance's.
inline constexpr std::uint64_t kFromTheOutbox = 0;

// INSERTs of entries of the outbox that did not fit, none too large for the server.
std::vector<std::string> HandOnStatements(const std::vector<const DecodedEntry*>& entries);

// Of the epoch's entries from `first` to before `behind`: which a rebuild has decided again
// already.
absl::StatusOr<absl::flat_hash_set<std::uint64_t>> ReadDecided(Connection& connection,
                                                               std::uint64_t epoch,
                                                               std::uint64_t first,
                                                               std::uint64_t behind);

// Blocking; on a connection in no transaction, and after a fault it must be dropped. ABORTED: the
// token is not one's own any more, or the rebuild has gone past handing in.
absl::Status InsertHandIns(Connection& connection, const std::string& token, std::uint64_t instance,
                           const std::vector<RememberedEntry>& entries, bool complete);

// Decides again, by the rules, in the order in which they were made: what is in quarantine, what
// did not fit while draining, what was handed in. Each entry counts once, whoever handed it in, and
// one that is applied not at all. From the first call on hand-ins are refused.
//
// In transactions of a bounded size, each of which marks what it decided and records what it
// refused in ledger_losses: a crash in between leaves the rest for whoever rebuilds next.
class HandInDecider {
 public:
  HandInDecider(Connection& connection, std::string token)
      : connection_(connection), token_(std::move(token)) {}

  // Once more after a fault of the connection, on another decider, is safe; what was lost until
  // then is on record, and in `result`.
  absl::Status Run(HandInResult& result);

 private:
  struct Chunk;
  absl::Status CloseHandingIn();
  // True: there was something.
  absl::StatusOr<bool> RunChunk(HandInResult& result);
  absl::Status DecideChunk(Chunk& chunk);
  static void ReplayChange(const DecodedEntry& change, BatchFacts& facts, RowStatements& statements,
                           std::vector<LostChange>& lost);
  absl::Status ReadQuarantined(Chunk& chunk);
  absl::Status ReadHandIns(const LedgerProgress& progress, Chunk& chunk);

  Connection& connection_;
  const std::string token_;
};

}  // namespace inventory
