// Puts entries of the outbox into the tables, each once.
//
// One transaction:
//
//   ledger_cursor      FOR UPDATE: what is applied already is passed over; anything but what
//   follows
//                      is refused
//   store_owner        shared: the stock is the redis store's
//   redis_epochs       shared: open; or closed, under the token of who drains
//   ledger_quarantine  which books are in it
//   inventory          FOR UPDATE, ascending
//   … checked: each movement follows from its book's row …
//   INSERT and UPDATE of what came of it, of what did not fit, and of the cursor
//   COMMIT
//
// New rows are taken to be new. Where the database says that one is there already, the same is done
// once more with the rows read first, and what does not fit goes to quarantine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ledger/ledger_batch.h"
#include "ledger/ledger_rows.h"
#include "mysql/connection.h"

namespace inventory {

// Under which terms entries may be applied, and what the cursor is to say with them.
struct ApplyTerms {
  // Empty: the epoch must be open, and the data of the server `run_id`, from which the entries
  // come. Else it must be closed under this token.
  std::string token;
  std::string run_id;
  // Who holds the writer's lease, and goes on holding it. 0: no matter.
  std::uint64_t writer = 0;
  TimeMs as_of = 0;  // see LedgerProgress; the cursor's own are never lowered
  OrderId watermark = 0;
};

struct AppliedEntries {
  LedgerProgress progress;
  std::uint64_t quarantined = 0;        // changes that went to quarantine now
  std::uint64_t quarantined_books = 0;  // all that are in it
  std::uint64_t handed_on = 0;          // entries that did not fit while draining
};

// Blocking, used by one thread. A fault of the connection leaves in doubt whether the transaction
// took effect: applying the same again settles it, since what is applied is passed over.
class EntryApplier {
 public:
  // Movements of a transaction, about: more make it no cheaper, and others wait longer.
  static constexpr std::size_t kMovements = 4'096;

  explicit EntryApplier(Connection& connection) : connection_(connection) {}

  // Entries numbered without a gap. While draining, an entry that does not fit goes to
  // ledger_hand_ins, to be decided again; else its misfits go to quarantine. ABORTED: the epoch is
  // another one or closed, or the token or the lease is another's. DataLoss: there is a gap.
  absl::StatusOr<AppliedEntries> Apply(const std::vector<DecodedEntry>& entries,
                                       const ApplyTerms& terms);

 private:
  enum class Care {
    kTrust,   // new rows are new
    kLook,    // every row is read first
    kRefuse,  // all goes to quarantine
  };
  using Entries = std::pair<const DecodedEntry*, const DecodedEntry*>;  // first and behind the last

  absl::StatusOr<AppliedEntries> ApplyPart(Entries entries, const ApplyTerms& terms);
  absl::StatusOr<AppliedEntries> ApplyHalves(Entries entries, const ApplyTerms& terms,
                                             const absl::Status& refused);
  absl::Status Attempt(Entries entries, const ApplyTerms& terms, Care care,
                       const absl::Status& refused, AppliedEntries& applied);
  absl::Status LoadRows(std::vector<SqlRows>& locked, NeededFacts& needed, BatchFacts* rows,
                        LedgerBatch& batch);
  absl::Status Write(const LedgerBatch& batch, const std::vector<const DecodedEntry*>& handed_on,
                     const std::string& cursor);

  Connection& connection_;
};

}  // namespace inventory
