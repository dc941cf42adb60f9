// Durable deductions a second through the port, without gRPC: batches in flight, one or many books,
// growing or random order ids.
//
//   embedded_store_bench --benchmark_filter=hot/1024
#include <benchmark/benchmark.h>
#include <stdlib.h>

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <random>
#include <string>

#include "base/mutex.h"
#include "store/embedded/embedded_store.h"

namespace inventory {
namespace {

// Keeps a bounded number of batches in flight.
class InFlight {
 public:
  void Begin() {
    MutexLock lock(mutex_);
    while (count_ >= 2) changed_.Wait(mutex_);
    ++count_;
  }
  void End() {
    MutexLock lock(mutex_);
    --count_;
    changed_.NotifyAll();
  }
  void Drain() {
    MutexLock lock(mutex_);
    while (count_ > 0) changed_.Wait(mutex_);
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  int count_ ABSL_GUARDED_BY(mutex_) = 0;
};

void ApplyAndWait(StockStore& store, std::vector<Command> batch) {
  InFlight in_flight;
  in_flight.Begin();
  store.Apply(std::move(batch), [&](absl::StatusOr<std::vector<Reply>> replies) {
    if (!replies.ok()) std::abort();
    in_flight.End();
  });
  in_flight.Drain();
}

void DeductBatches(benchmark::State& state, std::uint64_t books, bool random_orders) {
  char folder[] = "/tmp/embedded_store_bench.XXXXXX";
  if (!mkdtemp(folder)) std::abort();
  EmbeddedSettings settings;
  settings.path = folder;
  auto opened = OpenEmbeddedStore(settings);
  if (!opened.ok()) std::abort();
  StockStore& store = *opened->store;
  for (BookId book = 1; book <= books;) {
    std::vector<Command> restocks;
    for (int i = 0; i < 10'000 && book <= books; ++i, ++book) {
      restocks.push_back({Restock{book, 2'000'000'000, "", ""}, nullptr});
    }
    ApplyAndWait(store, std::move(restocks));
  }

  const auto batch_size = static_cast<std::size_t>(state.range(0));
  std::mt19937_64 random(1);
  OrderId next_order = 1;
  InFlight in_flight;
  for (auto _ : state) {
    std::vector<Command> batch;
    batch.reserve(batch_size);
    for (std::size_t i = 0; i < batch_size; ++i) {
      const OrderId order = random_orders ? random() | 1 : next_order++;
      batch.push_back({Deduct{1 + random() % books, order, 1}, nullptr});
    }
    in_flight.Begin();
    store.Apply(std::move(batch), [&](absl::StatusOr<std::vector<Reply>> replies) {
      if (!replies.ok() || replies->back().outcome != Outcome::kDeducted) std::abort();
      in_flight.End();
    });
  }
  in_flight.Drain();
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(batch_size));
  store.Close().IgnoreError();
  std::filesystem::remove_all(folder);
}

BENCHMARK_CAPTURE(DeductBatches, hot, 1, false)
    ->RangeMultiplier(4)
    ->Range(64, 16'384)
    ->UseRealTime();
BENCHMARK_CAPTURE(DeductBatches, books_1000000, 1'000'000, false)->Arg(1'024)->UseRealTime();
BENCHMARK_CAPTURE(DeductBatches, random_orders, 1, true)->Arg(1'024)->UseRealTime();

}  // namespace
}  // namespace inventory

BENCHMARK_MAIN();
