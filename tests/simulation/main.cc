// simulation: random lives of a store, judged by the auditor.
//
//   simulation --store embedded --commands 1000000 --seed 42
//
// Prints the seed; the same seed and store make the same commands. Exit status 1: something was not
// as it must be, or a row of the tables was never taken.
#include <CLI/CLI.hpp>
#include <cstdint>
#include <iostream>
#include <memory>
#include <random>
#include <string>

#include "rocksdb/env.h"
#include "store/embedded/embedded_store.h"
#include "store/memory/memory_store.h"
#include "telemetry/log.h"
#include "tests/simulation/mysql_machine.h"
#include "tests/simulation/redis_machine.h"
#include "tests/simulation/world.h"

namespace inventory {
namespace {

// A world's history is bounded, so that a long run costs the same at its end as at its beginning.
constexpr std::uint64_t kCommandsPerWorld = 10'000;

Machine MemoryMachine() {
  return {[](const Clock& clock, int) { return MakeMemoryStore(clock); }, nullptr};
}

Machine EmbeddedMachine(UnsyncedFileSystem* disk, rocksdb::Env* env, std::size_t cached_lines) {
  return {[env, cached_lines](const Clock& clock,
                              int home) -> absl::StatusOr<std::unique_ptr<StockStore>> {
            EmbeddedSettings settings;
            settings.path = "/store" + std::to_string(home);
            settings.cached_lines = cached_lines;
            settings.env = env;
            settings.make_clock = [&clock](TimeMs) {
              return std::make_unique<BorrowedClock>(clock);
            };
            auto opened = OpenEmbeddedStore(settings);
            if (!opened.ok()) return opened.status();
            return std::move(opened->store);
          },
          disk};
}

absl::Status RunMysqlWorld(std::uint64_t seed, std::uint64_t commands, Experience& experience) {
  World world(MakeMysqlMachine(MariadbServer::Shared(), /*one_writer=*/seed % 2 == 0), seed);
  const absl::Status status = world.Run(commands);
  experience.Add(world.experience());
  return status;
}

absl::Status RunRedisWorld(std::uint64_t seed, std::uint64_t commands, Experience& experience) {
  static const auto redis = RedisServer::Start();
  if (!redis.ok()) return redis.status();
  World world(MakeRedisMachine(**redis, MariadbServer::Shared()), seed);
  const absl::Status status = world.Run(commands);
  experience.Add(world.experience());
  return status;
}

absl::Status RunWorld(const std::string& store, std::uint64_t seed, std::uint64_t commands,
                      Experience& experience) {
  if (store == "mysql") return RunMysqlWorld(seed, commands, experience);
  if (store == "redis") return RunRedisWorld(seed, commands, experience);
  const auto disk = std::make_shared<UnsyncedFileSystem>();
  const std::unique_ptr<rocksdb::Env> env = rocksdb::NewCompositeEnv(disk);
  // Every other world with a cache so small that lines leave memory and are found again.
  World world(store == "memory" ? MemoryMachine()
                                : EmbeddedMachine(disk.get(), env.get(), seed % 2 ? 16 : 100'000),
              seed);
  const absl::Status status = world.Run(commands);
  experience.Add(world.experience());
  return status;
}

int Run(const std::string& store, std::uint64_t seed, std::uint64_t commands) {
  std::cout << "simulation --store " << store << " --seed " << seed << " --commands " << commands
            << std::endl;
  Experience all;
  for (std::uint64_t world = seed; all.commands < commands; ++world) {
    const std::uint64_t size = std::min(kCommandsPerWorld, commands - all.commands);
    if (const absl::Status status = RunWorld(store, world, size, all); !status.ok()) {
      std::cout << "in the world of seed " << world << ":\n" << status.message() << std::endl;
      return 1;
    }
  }
  bool complete = true;
  for (const auto& [row, times] : all.rows) {
    std::cout << "  " << times << "  " << row << "\n";
    complete = complete && times > 0;
  }
  std::cout << all.commands << " commands in " << all.batches << " batches, " << all.reads
            << " reads, " << all.crashes << " crashes and " << all.crashes_while_opening
            << " while opening, " << all.reopened << " times closed and opened, " << all.moved
            << " times moved to another store; of the unanswered " << all.unanswered_kept
            << " had been done and " << all.unanswered_lost << " not; " << all.disturbed
            << " times disturbed, " << all.asked_again << " batches asked again" << std::endl;
  if (!complete) std::cout << "a row of the tables was never taken" << std::endl;
  return complete ? 0 : 1;
}

}  // namespace
}  // namespace inventory

int main(int argc, char** argv) {
  CLI::App app("Random lives of a store, judged by the auditor.");
  std::string store = "memory";
  std::uint64_t seed = 0;
  std::uint64_t commands = 50'000;
  app.add_option("--store", store, "memory, embedded, mysql or redis")
      ->check(CLI::IsMember({"memory", "embedded", "mysql", "redis"}));
  app.add_option("--seed", seed, "0: a new one");
  app.add_option("--commands", commands, "how many to run");
  std::string log = "/dev/null";  // a store that is crashed has much to say
  app.add_option("--log", log, "a file for what the stores log");
  CLI11_PARSE(app, argc, argv);
  if (seed == 0) seed = std::random_device()();
  if (const absl::Status status = inventory::StartLogging({.output = log}); !status.ok()) {
    std::cerr << status.message() << std::endl;
    return 1;
  }
  return inventory::Run(store, seed, commands);
}
