// Takes over the stock of the earlier Go service, whose tables are in the same database.
#pragma once

#include "absl/status/statusor.h"
#include "mysql/dsn.h"
#include "mysql/store_time.h"
#include "stock/stock_store.h"

namespace inventory {

// On a connection of its own, under the schema lock (mysql/schema_lock.h). Blocking, for as long as
// it takes to read and write every book.
//
//   1  Looks at every row and changes nothing. A dry run ends here.
//   2  Renames the Go service's tables (mysql/origin_tables.h), and makes ours.
//   3  In one transaction: makes `mysql` the owner, and each book by its first movement, the one
//      that a restock of its stock, or an adjust to 0, makes with the request id `adopt:<book>`.
//
// A crash before 2 leaves what was there. After it no store opens, and another call goes on from
// there; after 3 every instance that waits begins to serve.
//
// FailedPrecondition, with what to do: there is nothing to take over, or not any more; rows that no
// stock can be made of; tables in the way. PermissionDenied, with the GRANT to ask for.
absl::StatusOr<AdoptedStock> AdoptOriginStock(const Dsn& dsn, StoreTime& time, bool dry_run);

}  // namespace inventory
