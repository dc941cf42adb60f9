// The table ledger_quarantine: changes that did not fit, in order, until somebody looks at them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ledger/ledger_batch.h"
#include "mysql/connection.h"
#include "stock/stock_store.h"

namespace inventory {

// The columns ReadQuarantined wants, and their order: that in which the changes were made.
inline constexpr char kQuarantineColumns[] =
    "book_id, epoch, number, position, time, changes, reason";
inline constexpr char kQuarantineOrder[] = " ORDER BY epoch, number, position";
QuarantinedChange ReadQuarantined(const SqlRows& row);
// What the change says, as an entry of its own.
DecodedEntry AsEntry(const QuarantinedChange& change);

// INSERTs of the changes, none too large for the server.
std::vector<std::string> QuarantineStatements(const std::vector<QuarantinedChange>& changes);
// DELETE of these, which are of one book.
std::string DropStatement(const std::vector<QuarantinedChange>& changes);

// How many changes an operator's call takes in one transaction.
inline constexpr int kQuarantinePage = 1'000;

// ---- for an operator ----------------------------------------------------------------------------
// Blocking; on a connection in no transaction, and after a fault it must be dropped.

// By book, above `after`, at most `limit`.
absl::StatusOr<std::vector<QuarantinedBook>> ListQuarantine(Connection& connection, BookId after,
                                                            int limit);

// Applies what fits by now, in order, until the first that does not. Book 0: entries that said
// nothing are looked at once more, and their changes put into their books' quarantine.
// ABORTED: the store is being rebuilt, which decides on the quarantine by itself.
absl::StatusOr<QuarantineResult> RetryQuarantine(Connection& connection, BookId book);
// Gives the book's changes up: each movement is recorded in ledger_losses first. The store goes on
// from its own figures, so the book has to be repaired, or the store rebuilt.
absl::StatusOr<QuarantineResult> SkipQuarantine(Connection& connection, BookId book);

}  // namespace inventory
