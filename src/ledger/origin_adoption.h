// Takes over the stock of the earlier Go service, which sold it from Redis and, when all went well,
// wrote it into tables of the same database.
#pragma once

#include "absl/status/statusor.h"
#include "mysql/dsn.h"
#include "stock/origin_figures.h"
#include "stock/stock_store.h"

namespace inventory {

// On a connection of its own, under the schema lock (mysql/schema_lock.h). Blocking, for as long as
// it takes to write every book and order line.
//
//   1  Looks at the database and changes nothing. A dry run ends here.
//   2  Where the Go service's tables are there: renames them (mysql/origin_tables.h), makes ours.
//   3  In one transaction: makes `redis` the owner; each book by the movement that the mysql
//   store's
//      adoption makes of its row (mysql/origin_stock.h), then by an adjust to what Redis says,
//      where that is another figure; the order lines; and the ledger's two rows such that whoever
//      keeps the store rebuilds Redis from all this. Before COMMIT `look_again` must have found
//      nothing.
//
// A crash before 3 has ended leaves Redis as it was and no stock in our tables: another call begins
// again. After it there is nothing more to take over.
//
// A line's quantity is what its marker says, else what the newest deduct of the order in the old
// log says, else unknown; where those of a book do not fit beside its stock they are unknown too.
//
// FailedPrecondition, with what to do: nothing to take over, or not any more; figures that no stock
// can have; tables in the way; the Go service is at work. PermissionDenied, with the GRANT.
absl::StatusOr<AdoptedStock> AdoptIntoLedger(const Dsn& dsn, const OriginFigures& figures,
                                             bool dry_run, const OriginLooker& look_again);

}  // namespace inventory
