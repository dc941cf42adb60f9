// Fills an empty database with facts.
#pragma once

#include <atomic>
#include <memory>

#include "absl/status/statusor.h"
#include "base/worker.h"
#include "mysql/dsn.h"
#include "mysql/store_time.h"
#include "stock/change_feed.h"
#include "stock/stock_store.h"
#include "stock/store_health.h"

namespace inventory {

// What an import shares with its store. All outlive the import and what it posts.
struct ImportContext {
  const Dsn& dsn;
  Worker& worker;  // where it runs; may block
  ChangeFeed& feed;
  StoreTime& time;
  StoreHealth& health;
  std::atomic<bool>& importing;  // set while the store must refuse all else; cleared at the end
};

// Makes `importing` the database's owner, which stops every instance, once their transactions in
// flight have ended. Blocking. FailedPrecondition: the stock is not empty.
//
// Facts are committed call by call. Finish, once nothing is missing, gives the database back; an
// import that fails or is dropped empties the tables first. What a crash leaves is still owned by
// `importing`, and no store opens it.
absl::StatusOr<std::unique_ptr<FactWriter>> OpenImport(const ImportContext& context);

}  // namespace inventory
