// Durable deductions a second through the port, without gRPC: batches in flight, one or many books,
// growing or random order ids.
//
//   embedded_store_bench --benchmark_filter=hot/1024
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <random>
#include <string>

#include "base/mutex.h"
#include "store/embedded/embedded_store.h"
#include "tests/support/temp_folder.h"

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

// A store in a folder of its own on the disk (TMPDIR), gone with it.
class Folder {
 public:
  Folder() { settings_.path = folder_.path(); }
  std::unique_ptr<StockStore> Open() const {
    auto opened = OpenEmbeddedStore(settings_);
    if (!opened.ok()) std::abort();
    return std::move(opened->store);
  }

 private:
  const TempFolder folder_{std::filesystem::temp_directory_path()};
  EmbeddedSettings settings_;
};

std::size_t ResidentBytes() {
  std::size_t pages = 0;
  std::size_t resident = 0;
  std::ifstream("/proc/self/statm") >> pages >> resident;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

// Sells `orders` units of one book, a line each, in batches of 10,000.
void Sell(StockStore& store, OrderId first, std::size_t orders) {
  for (std::size_t sold = 0; sold < orders; sold += 10'000) {
    std::vector<Command> batch;
    batch.reserve(10'000);
    for (OrderId i = 0; i < 10'000; ++i) {
      batch.push_back({Deduct{1, first + sold + i, 1}, nullptr});
    }
    ApplyAndWait(store, std::move(batch));
  }
}

void DeductBatches(benchmark::State& state, std::uint64_t books, bool random_orders) {
  const Folder folder;
  const std::unique_ptr<StockStore> opened = folder.Open();
  StockStore& store = *opened;
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
}

// From a stopped store with this many movements to one that serves.
void Restart(benchmark::State& state) {
  const Folder folder;
  {
    const std::unique_ptr<StockStore> store = folder.Open();
    ApplyAndWait(*store, {{Restock{1, 2'000'000'000, "", ""}, nullptr}});
    Sell(*store, 1, static_cast<std::size_t>(state.range(0)));
  }
  for (auto _ : state) {
    std::unique_ptr<StockStore> store = folder.Open();
    state.PauseTiming();
    store.reset();
    state.ResumeTiming();
  }
}

// What a cached order line costs: resident memory before and after 3,000,000 lines of which none
// has left memory.
void MemoryPerLine(benchmark::State& state) {
  constexpr std::size_t kLines = 3'000'000;
  for (auto _ : state) {
    const Folder folder;
    const std::unique_ptr<StockStore> store = folder.Open();
    ApplyAndWait(*store, {{Restock{1, 2'000'000'000, "", ""}, nullptr}});
    Sell(*store, 1, 10'000);
    const std::size_t before = ResidentBytes();
    Sell(*store, 1'000'000, kLines);
    state.counters["resident_bytes_per_line"] =
        static_cast<double>(ResidentBytes() - before) / static_cast<double>(kLines);
    for (const auto& figure : store->Status().figures) {
      if (figure.name == "order_lines_in_memory") {
        state.counters["lines"] = static_cast<double>(figure.value);
      }
    }
  }
}

BENCHMARK_CAPTURE(DeductBatches, hot, 1, false)
    ->RangeMultiplier(4)
    ->Range(64, 16'384)
    ->UseRealTime();
BENCHMARK_CAPTURE(DeductBatches, books_1000000, 1'000'000, false)->Arg(1'024)->UseRealTime();
BENCHMARK_CAPTURE(DeductBatches, random_orders, 1, true)->Arg(1'024)->UseRealTime();

BENCHMARK(Restart)->Arg(10'000'000)->Unit(benchmark::kMillisecond)->Iterations(3)->UseRealTime();
BENCHMARK(MemoryPerLine)->Iterations(1)->Unit(benchmark::kSecond);

}  // namespace
}  // namespace inventory

BENCHMARK_MAIN();
