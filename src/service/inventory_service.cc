#include "service/inventory_service.h"

#include <utility>
#include <variant>

#include "absl/memory/memory.h"
#include "service/command_queue.h"
#include "service/expiry.h"
#include "service/low_stock_count.h"
#include "service/stock_cache.h"
#include "service/validate.h"
#include "service/watch_hub.h"

namespace inventory {
namespace {

using Replies = std::vector<Reply>;

// A command that was refused for its own fields, by its place in the call.
struct Refused {
  std::size_t index;
  Outcome outcome;
};

void TakeOut(const std::vector<Refused>& refused, std::vector<Command>& commands) {
  std::size_t kept = 0;
  auto next = refused.begin();
  for (std::size_t i = 0; i < commands.size(); ++i) {
    if (next != refused.end() && next->index == i) {
      ++next;
    } else {
      if (kept != i) commands[kept] = std::move(commands[i]);
      ++kept;
    }
  }
  commands.resize(kept);
}

Replies PutBack(const std::vector<Refused>& refused, Replies accepted) {
  Replies all;
  all.reserve(refused.size() + accepted.size());
  auto next = accepted.begin();
  for (const Refused& one : refused) {
    while (all.size() < one.index) all.push_back(std::move(*next++));
    all.emplace_back().outcome = one.outcome;
  }
  all.insert(all.end(), std::make_move_iterator(next), std::make_move_iterator(accepted.end()));
  return all;
}

}  // namespace

// Who hears of changes: the copies before the watchers, so that who is told of a change and asks
// sees it.
class InventoryService::Observers : public StockObserver {
 public:
  Observers(StockCache* cache, WatchHub& hub) : cache_(cache), hub_(hub) {}
  void OnChanges(const std::vector<StockChanged>& changes) override {
    if (cache_) cache_->OnChanges(changes);
    hub_.OnChanges(changes);
  }

 private:
  StockCache* const cache_;
  WatchHub& hub_;
};

std::unique_ptr<InventoryService> InventoryService::Make(StockStore& store,
                                                         const ServiceSettings& settings) {
  return absl::WrapUnique(new InventoryService(store, settings));
}

InventoryService::InventoryService(StockStore& store, const ServiceSettings& settings)
    : store_(store),
      settings_(settings),
      hub_(WatchHub::Start(store, settings)),
      queue_(std::make_unique<CommandQueue>(store, settings)),
      low_stock_(std::make_shared<LowStockCount>(store, settings.warning_threshold)) {
  if (settings.cache_ttl.count() > 0) {
    cache_ = std::make_unique<StockCache>(store, clock_, settings.cache_ttl);
  }
  observers_ = std::make_unique<Observers>(cache_.get(), *hub_);
  store.Observe(observers_.get());
  expiry_ = std::make_unique<Expiry>(store, *queue_, settings.expiry_interval);
}

InventoryService::~InventoryService() {
  Stop(std::chrono::milliseconds(0));
  queue_.reset();  // from here no batch is in flight
  store_.Observe(nullptr);
  hub_->Stop();
}

void InventoryService::Submit(std::vector<Command> commands, const CallContext& context,
                              Done<Replies> done) {
  std::vector<Refused> refused;
  for (std::size_t i = 0; i < commands.size(); ++i) {
    Command& command = commands[i];
    if (const Outcome outcome = Validate(command); outcome != Outcome::kOk) {
      refused.push_back({i, outcome});
      continue;
    }
    if (context.actor) command.actor = context.actor;
    if (Reserve* reserve = std::get_if<Reserve>(&command.verb); reserve && reserve->ttl == 0) {
      reserve->ttl = settings_.reservation_ttl;
    }
  }
  if (!refused.empty()) {
    TakeOut(refused, commands);
    done = [refused = std::move(refused),
            done = std::move(done)](absl::StatusOr<Replies> accepted) mutable {
      if (!accepted.ok()) return done(std::move(accepted));
      done(PutBack(refused, *std::move(accepted)));
    };
  }
  if (commands.empty()) return done(Replies{});
  queue_->Submit(std::move(commands), context.deadline, std::move(done));
}

void InventoryService::ReadStock(std::vector<BookId> books, Done<std::vector<BookStock>> done) {
  if (cache_) return cache_->Read(std::move(books), std::move(done));
  store_.ReadStock(std::move(books), std::move(done));
}

void InventoryService::ListStock(StockListQuery query, Done<StockPage> done) {
  store_.ListStock(query, std::move(done));
}

void InventoryService::ReadOrder(OrderId order, bool want_movements, Done<OrderFacts> done) {
  store_.ReadOrder(order, want_movements, std::move(done));
}

void InventoryService::ReadMovements(const MovementQuery& query, Done<MovementPage> done) {
  store_.ReadMovements(query, std::move(done));
}

absl::StatusOr<std::unique_ptr<StockWatch>> InventoryService::Watch(WatchQuery query) {
  return hub_->Watch(std::move(query));
}

ServiceFigures InventoryService::Figures() const {
  const CommandQueue::Figures queue = queue_->figures();
  const WatchHub::Figures hub = hub_->figures();
  ServiceFigures figures;
  figures.queued = queue.queued;
  figures.commands = queue.commands;
  figures.batches = queue.batches;
  figures.refused_full = queue.refused_full;
  figures.expired = expiry_->expired();
  figures.low_stock_warnings = hub.low_stock_warnings;
  figures.low_stock_books = low_stock_->Get(std::chrono::steady_clock::now());
  figures.watchers = hub.watchers;
  figures.watchers_cut_off = hub.cut_off;
  return figures;
}

std::vector<Distribution> InventoryService::Distributions() const {
  return queue_->distributions();
}

void InventoryService::Stop(std::chrono::milliseconds limit) {
  MutexLock lock(stop_mutex_);
  hub_->EndWatches();
  low_stock_->Stop();
  expiry_->Stop();
  queue_->Stop(limit);
}

}  // namespace inventory
