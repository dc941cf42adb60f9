// What the queue costs a command, over a store that answers at once and does nothing.
#include <benchmark/benchmark.h>

#include <utility>

#include "service/command_queue.h"
#include "service/scripted_store_testing.h"

namespace inventory {
namespace {

class NullStore : public ScriptedStore {
 public:
  using ScriptedStore::ScriptedStore;
  void Apply(std::vector<Command> batch, Done<std::vector<Reply>> done) override {
    done(std::vector<Reply>(batch.size()));
  }
};

void Submit(benchmark::State& state) {
  const SteadyClock clock;
  NullStore store(clock);
  CommandQueue queue(store, ServiceSettings());
  const auto size = static_cast<std::size_t>(state.range(0));
  for (auto _ : state) {
    std::vector<Command> commands(size);
    for (Command& command : commands) command.verb = Deduct{1, 1, 1};
    queue.Submit(
        std::move(commands), CommandQueue::Deadline::max(),
        [](absl::StatusOr<std::vector<Reply>> replies) { benchmark::DoNotOptimize(replies); });
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(Submit)->Arg(1)->Arg(100)->Arg(1'000)->Arg(10'000);

}  // namespace
}  // namespace inventory

BENCHMARK_MAIN();
