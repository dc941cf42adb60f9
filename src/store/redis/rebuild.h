// Makes Redis again from the ledger, in a new epoch.
//
//   1  the database's row of the epoch is closed under a token; Redis is closed under the same
//   2  what survives of the outbox goes into the ledger
//   3  every instance that lives hands in what it was answered for, this one too, and what the
//      ledger has not seen of that is decided again
//   4  books and open reservations are loaded; a script refuses any other token
//   5  the row moves to the next epoch, Redis is opened, and then the row
//
// A crash anywhere leaves the row closed; whoever finds its token stale begins again at 1.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "store/redis/redis_server_facts.h"
#include "store/redis/store_parts.h"

namespace inventory {

// Blocking, for as long as it takes. The gate is closed and stays so. `because` is for the log.
// ABORTED: another instance is at it. Else what is open now.
absl::StatusOr<OpenedEpoch> Rebuild(StoreParts& parts, const LedgerEpoch& row,
                                    const RedisServerFacts& server,
                                    RedisConnection::Generation generation,
                                    const std::string& because);

// Steps 1 to 3, for good: then the ledger has all there is and becomes the mysql store's, and Redis
// stays closed. The gate is closed behind the row. A crash, or a fault, before the owner has
// changed leaves a rebuild cut short, which an instance begins again: the store serves as before.
// Answers the owner's new generation.
absl::StatusOr<std::uint64_t> HandOverToMysql(StoreParts& parts);

// Who has handed in is waited for, so long.
inline constexpr std::chrono::seconds kHandInLimit{5};

// Lists what was answered with yes and is nowhere: in the log; in the log and in the database.
void LogLosses(StoreParts& parts, std::uint64_t epoch, const std::vector<LostChange>& lost);
void ReportLosses(StoreParts& parts, std::uint64_t epoch, const std::vector<LostChange>& lost);

}  // namespace inventory
