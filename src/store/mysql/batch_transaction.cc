#include "store/mysql/batch_transaction.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "mysql/sql_text.h"
#include "mysql/store_owner.h"
#include "stock/rules.h"

namespace inventory {
namespace {

absl::Status Unexpected() {
  return absl::InternalError("the database answered with fewer results than were asked for");
}

}  // namespace

absl::StatusOr<DecidedTransaction> BatchTransaction::Decide(const std::vector<Command>& commands) {
  RETURN_IF_ERROR(Begin());
  FactLoader loader(connection_, FactLoader::Locks::kTake, needed_, facts_);
  RETURN_IF_ERROR(loader.Load());
  now_ = std::max(now_, loader.newest_update());
  if (const std::vector<OrderId> unseen = facts_.UnseenReservations(); !unseen.empty()) {
    needed_.reservations.insert(unseen.begin(), unseen.end());
    return absl::AbortedError("more reservations must be locked");
  }
  if (facts_.HasMissed(needed_.reservations)) {
    return absl::AbortedError("a reservation was made while its order's lines were waited for");
  }
  DecidedTransaction decided;
  decided.replies.reserve(commands.size());
  for (const Command& command : commands) {
    decided.replies.push_back(inventory::Decide(command, now_, facts_));
  }
  RowStatements statements;
  facts_.Write(statements);
  decided.packets = statements.Packets("COMMIT");
  decided.changes = facts_.TakeChanges();
  decided.tombstones = facts_.tombstones();
  return decided;
}

absl::Status BatchTransaction::Begin() {
  ASSIGN_OR_RETURN(std::vector<SqlRows> results,
                   connection_.Run(absl::StrCat(
                       "START TRANSACTION;UPDATE writers SET batch=", mark_.batch,
                       ",seen_at=UTC_TIMESTAMP(3) WHERE writer=", mark_.writer,
                       ";SELECT store, UTC_TIMESTAMP(3), (SELECT batch FROM writers WHERE writer=",
                       mark_.writer, ") FROM store_owner WHERE id=1 LOCK IN SHARE MODE")));
  if (results.size() != 1) return Unexpected();
  if (!results[0].Next()) return NoOwner();
  RETURN_IF_ERROR(CheckOwner(results[0].Text(0), kMysqlOwner));
  if (results[0].IsNull(2)) return absl::NotFoundError("the writer's row is gone");
  const std::optional<TimeMs> server = ParseTime(results[0].Text(1));
  if (!server) return Unexpected();
  now_ = time_.At(*server);
  return absl::OkStatus();
}

}  // namespace inventory
