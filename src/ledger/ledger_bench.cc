// Movements a second that the ledger takes out of a backlog, next to what writing the same rows
// costs at least, against servers of the same settings in one run:
//
//   Drain      the writer, from a full outbox in Redis to an applied one
//   BareLoop   one connection writing the same rows in transactions of the same size, reading and
//              checking nothing
//
// The arguments: lines that one entry has, and books that they are of.
//
//   ledger_bench --benchmark_filter=/64/1
//   ledger_bench --log-bin=binlog --sync-binlog=1      what is not ours is for mariadbd
//
// The servers are private ones in the temporary folder (TMPDIR): name a folder on the disk to be
// measured, for a tmpfs has no sync to wait for.
#include <benchmark/benchmark.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/mutex.h"
#include "ledger/entry_applier.h"
#include "ledger/ledger_writer.h"
#include "ledger/mysql_ledger.h"
#include "ledger/outbox_maker_testing.h"
#include "mysql/connection.h"
#include "mysql/rows.h"
#include "mysql/sql_text.h"
#include "redis/keys.h"
#include "tests/support/bench_server.h"
#include "tests/support/mariadb_server.h"
#include "tests/support/redis_server.h"
#include "tests/support/temp_folder.h"

namespace inventory {
namespace {

using std::chrono::steady_clock;

constexpr Quantity kFunded = 2'000'000;
constexpr int kMovements = 1'000'000;
constexpr TimeMs kTime = 1'800'000'000'000;

// A database with an open epoch and funded books.
class Books {
 public:
  Books(std::uint64_t books, const std::string& run_id) : maker_(1) {
    Must(ledger_.CloseEpoch(0, "bench"));
    Must(ledger_.NextEpoch("bench", 1, run_id, ""));
    Must(ledger_.OpenEpoch("bench"));
    std::vector<Command> commands;
    for (BookId book = 1; book <= books; ++book) {
      commands.push_back({Restock{book, kFunded, "", ""}, nullptr});
    }
    const auto connection = Must(Connection::Open(dsn()));
    ApplyTerms terms;
    terms.run_id = run_id;
    first_ = maker_.Make(kTime, std::move(commands));
    Must(EntryApplier(*connection).Apply({Decode(first_)}, terms));
  }

  Dsn dsn() const { return server_->SocketDsn(); }
  OutboxMaker& maker() { return maker_; }
  MysqlLedger& ledger() { return ledger_; }
  const RememberedEntry& first() const { return first_; }

 private:
  const TempFolder folder_{std::filesystem::temp_directory_path()};
  const std::unique_ptr<MariadbServer> server_ =
      Must(MariadbServer::Start({.folder = folder_.path(), .arguments = bench_server_arguments}));
  MysqlLedger ledger_{{.dsn = server_->SocketDsn()}};
  OutboxMaker maker_;
  RememberedEntry first_;
};

// Puts entries into the outbox, some thousand at a time.
class Outbox {
 public:
  explicit Outbox(const RedisEndpoint& redis) : connection_(loop_, redis) {
    while (connection_.generation() == 0) std::this_thread::yield();
  }

  void Put(const RememberedEntry& entry) {
    {
      MutexLock lock(mutex_);
      while (in_flight_ > 5'000) changed_.Wait(mutex_);
      ++in_flight_;
    }
    connection_.Send({"XADD", OutboxKey(kOnlyBucket), FormatOutboxId({entry.epoch, entry.number}),
                      "time", absl::StrCat(entry.time), "changes", entry.changes},
                     [this](absl::StatusOr<RedisReply> reply) {
                       if (Must(std::move(reply)).is(RedisReply::Kind::kError)) std::abort();
                       MutexLock lock(mutex_);
                       --in_flight_;
                       changed_.NotifyAll();
                     });
  }
  void Wait() {
    MutexLock lock(mutex_);
    while (in_flight_ > 0) changed_.Wait(mutex_);
  }
  std::string RunId() {
    const std::string info = Must(connection_.Call({"INFO", "server"})).text;
    const std::size_t begin = info.find("run_id:") + 7;
    return info.substr(begin, info.find('\r', begin) - begin);
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  int in_flight_ ABSL_GUARDED_BY(mutex_) = 0;
  EventLoop loop_;
  RedisConnection connection_;
};

void Drain(benchmark::State& state) {
  const auto lines = static_cast<std::uint64_t>(state.range(0));
  const auto books = static_cast<std::uint64_t>(state.range(1));
  for (auto _ : state) {
    const auto redis = Must(RedisServer::Start());
    Outbox outbox(redis->socket_endpoint());
    Books shop(books, outbox.RunId());
    outbox.Put(shop.first());
    OrderId order = 0;
    for (std::uint64_t made = 0; made < kMovements; made += lines) {
      std::vector<Command> commands;
      for (std::uint64_t i = 0; i < lines; ++i) {
        ++order;
        commands.push_back({Deduct{1 + order % books, order, 1}, nullptr});
      }
      outbox.Put(shop.maker().Make(kTime + 1, std::move(commands)));
    }
    outbox.Wait();

    EventLoop loop;
    LedgerWriterSettings settings;
    settings.dsn = shop.dsn();
    settings.redis = redis->socket_endpoint();
    LedgerWriter writer(loop, settings);
    const auto begin = steady_clock::now();
    writer.Start();
    while (Must(shop.ledger().ReadEpoch()).progress.applied < shop.maker().next()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    const std::chrono::duration<double> took = steady_clock::now() - begin;
    state.SetIterationTime(took.count());
    state.counters["transactions"] = static_cast<double>(writer.Figures().transactions);
    writer.Stop();
  }
  state.SetItemsProcessed(state.iterations() * kMovements);
}

void BareLoop(benchmark::State& state) {
  const auto books = static_cast<std::uint64_t>(state.range(1));
  for (auto _ : state) {
    Books shop(books, "bare");
    const auto connection = Must(Connection::Open(shop.dsn()));
    std::vector<Balance> balances(books, Balance{kFunded, 0, 1});
    const auto begin = steady_clock::now();
    for (OrderId order = 0; order < kMovements;) {
      RowStatements statements(RowStatements::Inserts::kBulk);
      std::vector<bool> changed(books);
      for (std::size_t i = 0; i < EntryApplier::kMovements && order < kMovements; ++i) {
        ++order;
        Balance& balance = balances[order % books];
        changed[order % books] = true;
        Movement movement;
        movement.book = 1 + order % books;
        movement.sequence = ++balance.sequence;
        movement.quantity = 1;
        movement.before = balance.available;
        movement.after = --balance.available;
        movement.order = order;
        movement.time = kTime + 1;
        statements.InsertLine(
            {{order, movement.book}, {LineState::kSoldByDeduct, 1, 0}, std::nullopt});
        statements.InsertMovement(movement);
      }
      for (std::uint64_t i = 0; i < books; ++i) {
        if (changed[i]) statements.UpdateBook(1 + i, balances[i], kTime + 1);
      }
      Must(connection->Run("START TRANSACTION"));
      const std::string last =
          absl::StrCat("UPDATE ledger_cursor SET applied=", order, ",movements=", order,
                       ",as_of=", QuotedTime(kTime + 1), " WHERE bucket=0;COMMIT");
      Must(statements.Run(*connection, last));
    }
    const std::chrono::duration<double> took = steady_clock::now() - begin;
    state.SetIterationTime(took.count());
  }
  state.SetItemsProcessed(state.iterations() * kMovements);
}

#define SHAPES                 \
  Args({64, 1})                \
      ->Args({1, 1})           \
      ->Args({64, 1'000})      \
      ->Iterations(1)          \
      ->Repetitions(3)         \
      ->ReportAggregatesOnly() \
      ->UseManualTime()        \
      ->Unit(benchmark::kMillisecond)
BENCHMARK(BareLoop)->SHAPES;
BENCHMARK(Drain)->SHAPES;

}  // namespace
}  // namespace inventory

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  inventory::bench_server_arguments.insert(inventory::bench_server_arguments.end(), argv + 1,
                                           argv + argc);
  benchmark::RunSpecifiedBenchmarks();
}
