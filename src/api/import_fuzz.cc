// Any facts as an import: refused, or a stock that the memory store exports again, no fact more or
// less, and that another store then takes and exports as it came.
//
// The bytes are an ImportStockRequest without header and trailer, which are put around it: a sum
// that does not fit would keep the fuzzer from what lies behind it.
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>

#include "api/quiet_testing.h"
#include "api/transfer.h"
#include "base/clock.h"
#include "base/delimited.h"
#include "store/memory/memory_store.h"

namespace inventory {
namespace {

// How the facts are counted, as a trailer says it.
v1::StockFacts TrailerOf(const v1::ImportStockRequest& import) {
  v1::StockFacts message;
  v1::ExportTrailer& trailer = *message.mutable_trailer();
  DelimitedSum sum;
  for (const v1::StockFacts& fact : import.facts()) {
    sum.Add(fact.SerializeAsString());
    if (fact.has_movement()) trailer.set_movements(trailer.movements() + 1);
    if (fact.has_balance()) trailer.set_balances(trailer.balances() + 1);
    if (fact.has_line()) trailer.set_lines(trailer.lines() + 1);
    if (fact.has_reservation()) trailer.set_reservations(trailer.reservations() + 1);
    if (fact.has_request()) trailer.set_requests(trailer.requests() + 1);
  }
  trailer.set_crc32(sum.value());
  return message;
}

// Whether the store has taken it. The memory store answers at once.
bool Import(StockStore& store, const v1::ImportStockRequest& import) {
  ImportStream stream(store);
  bool taken = false;
  stream.Add(import, [&taken](const absl::Status& status) { taken = status.ok(); });
  if (!taken) return false;
  stream.Finish([&taken](const absl::Status& status, const auto&) { taken = status.ok(); });
  return taken;
}

v1::ImportStockRequest Export(StockStore& store) {
  ExportStream stream(store);
  v1::ImportStockRequest all;
  for (bool more = true; more;) {
    stream.Next([&](const absl::Status& status, const v1::ExportStockResponse& response) {
      if (!status.ok()) std::abort();
      more = response.facts_size() > 0;
      all.mutable_facts()->MergeFrom(response.facts());
    });
  }
  return all;
}

void RunOne(const std::uint8_t* data, std::size_t size) {
  v1::ImportStockRequest import;
  import.add_facts()->mutable_header()->set_format(1);
  if (!import.MergeFromString({reinterpret_cast<const char*>(data), size})) return;
  *import.add_facts() = TrailerOf(import);

  const SteadyClock clock;
  const std::unique_ptr<StockStore> store = MakeMemoryStore(clock);
  if (!Import(*store, import)) return;
  const v1::ImportStockRequest exported = Export(*store);
  if (exported.facts_size() != import.facts_size()) std::abort();
  const std::unique_ptr<StockStore> other = MakeMemoryStore(clock);
  if (!Import(*other, exported)) std::abort();
  if (Export(*other).SerializeAsString() != exported.SerializeAsString()) std::abort();
}

}  // namespace
}  // namespace inventory

extern "C" int LLVMFuzzerInitialize(int*, char***) { return inventory::BeQuiet(); }

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  inventory::RunOne(data, size);
  return 0;
}
