// Threads that read, each with a connection of its own.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "base/worker.h"
#include "mysql/connection.h"
#include "stock/stock_store.h"
#include "stock/store_health.h"

namespace inventory {

// Safe for concurrent use. A read that loses its connection is made once more on a new one.
class ReaderPool {
 public:
  // The DSN outlives the pool.
  ReaderPool(const Dsn& dsn, int threads);

  // `read(connection)` runs on one of the threads; `done` hears what it returned. It may be called
  // twice, so it must not give anything away.
  template <typename T, typename ReadFunction>
  void Read(ReadFunction read, Done<T> done) {
    Reader& reader = *readers_[next_.fetch_add(1, std::memory_order_relaxed) % readers_.size()];
    reader.worker.Post([&reader, this, read = std::move(read),
                        done = std::move(done)](const absl::Status& posted) mutable {
      if (!posted.ok()) return done(posted);
      absl::StatusOr<T> result = ReadOn<T>(reader, read);
      if (!result.ok() && FaultOf(result.status()) == SqlFault::kGone) {
        result = ReadOn<T>(reader, read);
      }
      if (!result.ok()) return done(NothingDone(result.status()));
      done(std::move(result));
    });
  }

  // Finishes what was asked, then refuses. Idempotent.
  void Stop();

 private:
  static constexpr std::size_t kQueue = 1'000;  // reads waiting for one thread

  struct Reader {
    explicit Reader(const std::string& name) : worker(name, kQueue) {}
    std::unique_ptr<Connection> connection;  // the thread's own
    std::chrono::steady_clock::time_point used;
    Worker worker;
  };

  template <typename T, typename ReadFunction>
  absl::StatusOr<T> ReadOn(Reader& reader, ReadFunction& read) {
    if (absl::Status connected = Connect(reader); !connected.ok()) return connected;
    absl::StatusOr<T> result = read(*reader.connection);
    if (!result.ok()) reader.connection.reset();  // it may be in a transaction
    return result;
  }
  absl::Status Connect(Reader& reader);

  const Dsn& dsn_;
  std::atomic<std::size_t> next_{0};
  std::vector<std::unique_ptr<Reader>> readers_;
};

}  // namespace inventory
