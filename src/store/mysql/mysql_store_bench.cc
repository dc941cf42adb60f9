// Durable deductions of one hot book a second, next to what they could cost at least and what the
// plain ways cost, all against one server in one run:
//
//   Store        batches through the port, two in flight
//   BareLoop     one connection writing the same rows in transactions of the same size, deciding
//                nothing and reading nothing
//   PlainUpdate  a transaction an order: UPDATE … WHERE stock >= ?, then the log row
//   ForUpdate    a transaction an order as the earlier Go service made it: SELECT … FOR UPDATE,
//                UPDATE, the log row
//
//   mysql_store_bench --benchmark_filter=/512
//   mysql_store_bench --log-bin=binlog --sync-binlog=1      what is not ours is for mariadbd
//
// The server is a private one in the temporary folder (TMPDIR): name a folder on the disk to be
// measured, for a tmpfs has no sync to wait for.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/mutex.h"
#include "mysql/connection.h"
#include "mysql/rows.h"
#include "store/mysql/mysql_store.h"
#include "tests/support/bench_server.h"
#include "tests/support/mariadb_server.h"
#include "tests/support/temp_folder.h"

namespace inventory {
namespace {

constexpr Quantity kFunded = 2'000'000'000;

// A server of its own, with the tables in it and one funded book.
class Shop {
 public:
  Shop() {
    Store store(*this);
    store.Apply({{Restock{1, kFunded, "", ""}, nullptr}});
    store.Drain();
  }

  std::unique_ptr<Connection> Connect() const { return Must(Connection::Open(dsn_)); }

  // The store, with a bounded number of batches in flight.
  class Store {
   public:
    explicit Store(const Shop& shop) : store_(Must(OpenMysqlStore({.dsn = shop.dsn_}))) {}
    void Apply(std::vector<Command> batch) {
      MutexLock lock(mutex_);
      while (in_flight_ >= 2) changed_.Wait(mutex_);
      ++in_flight_;
      store_->Apply(std::move(batch), [this](absl::StatusOr<std::vector<Reply>> replies) {
        if (Must(std::move(replies)).back().outcome < Outcome::kOk) std::abort();
        MutexLock done(mutex_);
        --in_flight_;
        changed_.NotifyAll();
      });
    }
    void Drain() {
      MutexLock lock(mutex_);
      while (in_flight_ > 0) changed_.Wait(mutex_);
    }

   private:
    Mutex mutex_;
    CondVar changed_;
    int in_flight_ ABSL_GUARDED_BY(mutex_) = 0;
    std::unique_ptr<StockStore> store_;
  };

 private:
  const TempFolder folder_{std::filesystem::temp_directory_path()};
  const std::unique_ptr<MariadbServer> server_ =
      Must(MariadbServer::Start({.folder = folder_.path(), .arguments = bench_server_arguments}));
  const Dsn dsn_ = server_->SocketDsn();
};

void Store(benchmark::State& state, bool random_orders) {
  const Shop shop;
  Shop::Store store(shop);
  const auto size = static_cast<std::size_t>(state.range(0));
  std::mt19937_64 random(1);
  OrderId next_order = 1;
  for (auto _ : state) {
    std::vector<Command> batch;
    batch.reserve(size);
    for (std::size_t i = 0; i < size; ++i) {
      batch.push_back({Deduct{1, random_orders ? random() | 1 : next_order++, 1}, nullptr});
    }
    store.Apply(std::move(batch));
  }
  store.Drain();
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(size));
}

void BareLoop(benchmark::State& state, bool random_orders) {
  const Shop shop;
  const std::unique_ptr<Connection> connection = shop.Connect();
  Must(connection->Run("INSERT INTO writers (writer, batch, seen_at) VALUES (1, 0, NOW(3))"));
  const auto size = static_cast<std::size_t>(state.range(0));
  std::mt19937_64 random(1);
  OrderId next_order = 1;
  Balance balance{kFunded, 0, 1};
  std::uint64_t batch = 0;
  for (auto _ : state) {
    RowStatements statements;
    for (std::size_t i = 0; i < size; ++i) {
      Movement movement;
      movement.book = 1;
      movement.sequence = ++balance.sequence;
      movement.quantity = 1;
      movement.before = balance.available;
      movement.after = --balance.available;
      movement.order = random_orders ? random() | 1 : next_order++;
      movement.time = 1'800'000'000'000;
      statements.InsertLine({{movement.order, 1}, {LineState::kSoldByDeduct, 1, 0}, std::nullopt});
      statements.InsertMovement(movement);
    }
    statements.UpdateBook(1, balance, 1'800'000'000'000);
    std::string packet = absl::StrCat("START TRANSACTION;UPDATE writers SET batch=", ++batch,
                                      ",seen_at=UTC_TIMESTAMP(3) WHERE writer=1;");
    for (const std::string& each : statements.Packets("COMMIT")) {
      Must(connection->Run(absl::StrCat(std::exchange(packet, ""), each)));
    }
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(size));
}

// Sells on `threads` connections, an order a transaction.
template <typename SellOne>
void PerOrder(benchmark::State& state, SellOne sell_one) {
  const Shop shop;
  const auto threads = static_cast<int>(state.range(0));
  constexpr int kOrders = 100;  // a thread and iteration
  std::vector<std::unique_ptr<Connection>> connections;
  for (int i = 0; i < threads; ++i) connections.push_back(shop.Connect());
  for (auto _ : state) {
    std::vector<std::thread> sellers;
    for (const auto& connection : connections) {
      sellers.emplace_back([&connection, &sell_one] {
        for (int i = 0; i < kOrders; ++i) sell_one(*connection);
      });
    }
    for (std::thread& seller : sellers) seller.join();
  }
  state.SetItemsProcessed(state.iterations() * threads * kOrders);
}

// What the log row of a plain sale is; the sequence makes its unique key.
constexpr char kLogOfPlainSale[] =
    "INSERT INTO inventory_logs (book_id, sequence, change_type, quantity, before_stock,"
    " after_stock, locked_after, order_id, created_at)"
    " SELECT 1, sequence, 'deduct', 1, stock + 1, stock, 0, sequence, UTC_TIMESTAMP(3)"
    " FROM inventory WHERE book_id=1;COMMIT";

void PlainUpdate(benchmark::State& state) {
  PerOrder(state, [](Connection& connection) {
    Must(connection.Run(absl::StrCat(
        "START TRANSACTION;UPDATE inventory SET stock=stock-1, total_stock=total_stock-1,"
        " sequence=sequence+1, updated_at=UTC_TIMESTAMP(3) WHERE book_id=1 AND stock>=1;",
        kLogOfPlainSale)));
  });
}

void ForUpdate(benchmark::State& state) {
  PerOrder(state, [](Connection& connection) {
    Must(connection.Run("START TRANSACTION"));
    Must(connection.Run("SELECT * FROM inventory WHERE book_id=1 FOR UPDATE"));
    Must(connection.Run(
        "UPDATE inventory SET stock=stock-1, total_stock=total_stock-1, sequence=sequence+1,"
        " updated_at=UTC_TIMESTAMP(3) WHERE book_id=1"));
    Must(connection.Run(kLogOfPlainSale));
  });
}

#define SIZES Arg(64)->Arg(512)->Arg(2'048)->Arg(8'192)->UseRealTime()
BENCHMARK_CAPTURE(BareLoop, growing, false)->SIZES;
BENCHMARK_CAPTURE(Store, growing, false)->SIZES;
BENCHMARK_CAPTURE(BareLoop, random, true)->Arg(512)->UseRealTime();
BENCHMARK_CAPTURE(Store, random, true)->Arg(512)->UseRealTime();
BENCHMARK(PlainUpdate)->Arg(1)->Arg(16)->Arg(64)->UseRealTime();
BENCHMARK(ForUpdate)->Arg(1)->Arg(16)->Arg(64)->UseRealTime();

}  // namespace
}  // namespace inventory

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  inventory::bench_server_arguments.insert(inventory::bench_server_arguments.end(), argv + 1,
                                           argv + argc);
  benchmark::RunSpecifiedBenchmarks();
}
