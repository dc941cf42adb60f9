// One ExportStock and one ImportStock call.
#pragma once

#include <memory>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "inventory/v1/inventory.pb.h"
#include "stock/stock_store.h"

namespace inventory {

// Called exactly once, on any thread. `response` is valid during the call only, and is to be
// ignored where `status` is not OK.
template <typename Response>
using Respond = absl::AnyInvocable<void(const absl::Status& status, const Response& response)>;

// What one ExportStock call is told: a header, the facts, a trailer. The moment is that of the
// first Next. Dropping it, from any thread, ends it. One thread at a time.
class ExportStream {
 public:
  // The store outlives the stream.
  explicit ExportStream(StockStore& store);
  ~ExportStream();

  // `respond` is called once with what comes next, about a megabyte at most; one call at a time. A
  // response without facts: that was all. After a status that is not OK the stream is over.
  void Next(Respond<v1::ExportStockResponse> respond);

 private:
  class State;
  const std::shared_ptr<State> state_;
};

// What one ImportStock call tells. Until Finish has responded OK the store has nothing of it;
// dropping it, from any thread, breaks it off. One thread at a time.
class ImportStream {
 public:
  using Done = absl::AnyInvocable<void(const absl::Status& status)>;

  // The store outlives the stream.
  explicit ImportStream(StockStore& store);
  ~ImportStream();

  // Takes the facts in and calls `done` once; one call at a time. INVALID_ARGUMENT: names the fact
  // and what is wrong with it. After a status that is not OK the import is over.
  void Add(const v1::ImportStockRequest& request, Done done);

  // That was all: the trailer must have come and agree. Otherwise INVALID_ARGUMENT.
  void Finish(Respond<v1::ImportStockResponse> respond);

 private:
  class State;
  const std::shared_ptr<State> state_;
};

}  // namespace inventory
