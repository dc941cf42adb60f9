// The port's calls as a test wants them: made, waited for, returned.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/mutex.h"
#include "stock/stock_store.h"

namespace inventory {

// The answer of one asynchronous call. Thread-safe; give callback() to the call, then Wait().
template <typename T>
class StoreAnswer {
 public:
  Done<T> callback() {
    return [state = state_](absl::StatusOr<T> result) {
      MutexLock lock(state->mutex);
      state->calls += 1;
      state->result = std::move(result);
      state->arrived.NotifyAll();
    };
  }

  bool ready() {
    MutexLock lock(state_->mutex);
    return state_->result.has_value();
  }

  // It was answered, and not with OK.
  bool failed() {
    MutexLock lock(state_->mutex);
    return state_->result.has_value() && !state_->result->ok();
  }

  // It was answered with OK, and what `predicate` looks for is there.
  template <typename Predicate>
  bool Has(Predicate predicate) {
    MutexLock lock(state_->mutex);
    return state_->result.has_value() && state_->result->ok() && predicate(**state_->result);
  }

  // Within a minute, or DEADLINE_EXCEEDED. INTERNAL: answered more than once.
  absl::StatusOr<T> Wait() {
    const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    MutexLock lock(state_->mutex);
    while (!state_->result) {
      if (std::chrono::steady_clock::now() > end) {
        return absl::DeadlineExceededError("the store did not answer within a minute");
      }
      state_->arrived.WaitFor(state_->mutex, std::chrono::milliseconds(100));
    }
    if (state_->calls > 1) return absl::InternalError("the store answered twice");
    return *std::move(state_->result);
  }

 private:
  struct State {
    Mutex mutex;
    CondVar arrived;
    std::optional<absl::StatusOr<T>> result ABSL_GUARDED_BY(mutex);
    int calls ABSL_GUARDED_BY(mutex) = 0;
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

inline absl::StatusOr<std::vector<Reply>> Apply(StockStore& store, std::vector<Command> batch) {
  StoreAnswer<std::vector<Reply>> answer;
  store.Apply(std::move(batch), answer.callback());
  return answer.Wait();
}

inline absl::StatusOr<std::vector<BookStock>> ReadStock(StockStore& store,
                                                        std::vector<BookId> books) {
  StoreAnswer<std::vector<BookStock>> answer;
  store.ReadStock(std::move(books), answer.callback());
  return answer.Wait();
}

inline absl::StatusOr<StockPage> ListStock(StockStore& store, const StockListQuery& query) {
  StoreAnswer<StockPage> answer;
  store.ListStock(query, answer.callback());
  return answer.Wait();
}

inline absl::StatusOr<OrderFacts> ReadOrder(StockStore& store, OrderId order,
                                            bool want_movements = true) {
  StoreAnswer<OrderFacts> answer;
  store.ReadOrder(order, want_movements, answer.callback());
  return answer.Wait();
}

inline absl::StatusOr<MovementPage> ReadMovements(StockStore& store, const MovementQuery& query) {
  StoreAnswer<MovementPage> answer;
  store.ReadMovements(query, answer.callback());
  return answer.Wait();
}

inline absl::StatusOr<std::vector<OrderId>> ReadDue(StockStore& store, int limit) {
  StoreAnswer<std::vector<OrderId>> answer;
  store.ReadDue(limit, answer.callback());
  return answer.Wait();
}

inline absl::StatusOr<std::unique_ptr<FactReader>> BeginExport(StockStore& store) {
  StoreAnswer<std::unique_ptr<FactReader>> answer;
  store.Export(answer.callback());
  return answer.Wait();
}

inline absl::StatusOr<std::vector<Fact>> NextFacts(FactReader& reader, int limit) {
  StoreAnswer<std::vector<Fact>> answer;
  reader.Next(limit, answer.callback());
  return answer.Wait();
}

// The rest of an export.
inline absl::StatusOr<std::vector<Fact>> AllFacts(FactReader& reader, int limit = 100) {
  std::vector<Fact> all;
  while (true) {
    absl::StatusOr<std::vector<Fact>> facts = NextFacts(reader, limit);
    if (!facts.ok()) return facts.status();
    if (facts->size() > static_cast<std::size_t>(limit)) {
      return absl::InternalError("more facts than asked for");
    }
    if (facts->empty()) return all;
    all.insert(all.end(), facts->begin(), facts->end());
  }
}

// Everything the store knows.
inline absl::StatusOr<std::vector<Fact>> Export(StockStore& store, int limit = 100) {
  absl::StatusOr<std::unique_ptr<FactReader>> reader = BeginExport(store);
  if (!reader.ok()) return reader.status();
  return AllFacts(**reader, limit);
}

inline absl::StatusOr<std::unique_ptr<FactWriter>> BeginImport(StockStore& store) {
  StoreAnswer<std::unique_ptr<FactWriter>> answer;
  store.Import(answer.callback());
  return answer.Wait();
}

inline absl::StatusOr<FactCounts> Add(FactWriter& writer, std::vector<Fact> facts) {
  StoreAnswer<FactCounts> answer;
  writer.Add(std::move(facts), answer.callback());
  return answer.Wait();
}

inline absl::StatusOr<FactCounts> Finish(FactWriter& writer) {
  StoreAnswer<FactCounts> answer;
  writer.Finish(answer.callback());
  return answer.Wait();
}

// Fills an empty store, `chunk` facts at a time.
inline absl::StatusOr<FactCounts> Import(StockStore& store, const std::vector<Fact>& facts,
                                         std::size_t chunk = 100) {
  absl::StatusOr<std::unique_ptr<FactWriter>> writer = BeginImport(store);
  if (!writer.ok()) return writer.status();
  for (std::size_t begin = 0; begin < facts.size(); begin += chunk) {
    const auto first = facts.begin() + static_cast<std::ptrdiff_t>(begin);
    const auto count = static_cast<std::ptrdiff_t>(std::min(chunk, facts.size() - begin));
    const absl::StatusOr<FactCounts> added = Add(**writer, std::vector<Fact>(first, first + count));
    if (!added.ok()) return added.status();
  }
  return Finish(**writer);
}

}  // namespace inventory
