// One Reconcile call.
#pragma once

#include <memory>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "inventory/v1/inventory.pb.h"
#include "stock/stock_store.h"

namespace inventory {

// Asks the store for page after page, each when the one before has been told: so the store works no
// further than somebody listens. Dropping it, from any thread, ends it after the page that is under
// way. One thread at a time.
class ReconcileStream {
 public:
  // Called exactly once, on any thread. `response` is valid during the call only; null, with an OK
  // status: that was all.
  using Respond =
      absl::AnyInvocable<void(const absl::Status& status, const v1::ReconcileResponse* response)>;

  // The store outlives the stream.
  ReconcileStream(StockStore& store, ReconcileQuery query);
  ~ReconcileStream();

  // The next book that differs or, after those of a page, how many books have been looked at. One
  // call at a time; after a status that is not OK the stream is over.
  void Next(Respond respond);

 private:
  class State;
  const std::shared_ptr<State> state_;
};

}  // namespace inventory
