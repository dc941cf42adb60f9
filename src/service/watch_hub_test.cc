#include "service/watch_hub.h"

#include <gmock/gmock.h>

#include <map>
#include <thread>

#include "base/status_matchers.h"
#include "service/awaited_testing.h"
#include "service/manual_clock_testing.h"
#include "service/scripted_store_testing.h"

namespace inventory {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;
using Update = StockWatch::Update;

// What an update says of a book.
struct Said {
  BookId book;
  std::uint64_t sequence;
  Quantity available;
  bool low;
  friend bool operator==(const Said&, const Said&) = default;
  friend void PrintTo(const Said& said, std::ostream* out) {
    *out << "book " << said.book << " #" << said.sequence << " available " << said.available
         << (said.low ? " low" : "");
  }
};

std::vector<Said> All(const Update& update) {
  std::vector<Said> all;
  for (const StockWatch::Change& change : update.changes) {
    EXPECT_TRUE(change.stock.known);
    const Balance& balance = change.stock.balance;
    all.push_back({change.stock.book, balance.sequence, balance.available, change.low});
  }
  return all;
}

class WatchHubTest : public testing::Test {
 protected:
  ~WatchHubTest() override {
    store_.Observe(nullptr);
    if (hub_) hub_->Stop();
  }

  void Start() {
    hub_ = WatchHub::Start(store_, settings_);
    store_.Observe(hub_.get());
  }
  void Apply(std::vector<Command> commands) {
    Awaited<std::vector<Reply>> replies;
    store_.Apply(std::move(commands), replies.Setter());
    EXPECT_OK(replies.Get());
  }
  void Restock(BookId book, Quantity quantity) {
    Apply({{inventory::Restock{book, quantity, "", ""}}});
  }
  void Sell(BookId book, Quantity quantity) { Apply({{Deduct{book, next_order_++, quantity}}}); }
  std::unique_ptr<StockWatch> Watch(WatchQuery query) { return *hub_->Watch(std::move(query)); }
  static Awaited<Update> Next(StockWatch& watch) {
    Awaited<Update> update;
    watch.Next(update.Setter());
    return update;
  }
  // A watch whose snapshot was read.
  std::unique_ptr<StockWatch> WatchAfterSnapshot(WatchQuery query) {
    std::unique_ptr<StockWatch> watch = Watch(std::move(query));
    while (!Next(*watch).Get().value().snapshot_done) {
    }
    return watch;
  }

  ManualClock clock_;
  ScriptedStore store_{clock_};
  ServiceSettings settings_;
  std::shared_ptr<WatchHub> hub_;
  OrderId next_order_ = 1;
};

TEST_F(WatchHubTest, BeginsWithTheBooksAskedForThatExist) {
  Start();
  Restock(1, 10);
  Restock(2, 9);
  Restock(3, 30);
  const auto watch = Watch({{2, 1, 77, 2}, false, {}});
  const Update update = Next(*watch).Get().value();
  EXPECT_TRUE(update.snapshot_done);
  EXPECT_THAT(All(update), UnorderedElementsAre(Said{1, 1, 10, false}, Said{2, 1, 9, true}));

  Restock(3, 1);
  Restock(77, 5);
  const Update later = Next(*watch).Get().value();
  EXPECT_FALSE(later.snapshot_done);
  EXPECT_THAT(All(later), ElementsAre(Said{77, 1, 5, true}));
}

TEST_F(WatchHubTest, AnEmptyStoreHasAnEmptySnapshot) {
  Start();
  const Update update = Next(*Watch({})).Get().value();
  EXPECT_TRUE(update.snapshot_done);
  EXPECT_THAT(update.changes, IsEmpty());
}

TEST_F(WatchHubTest, AllBooksComeByPagesAsTheyAreAskedFor) {
  Start();
  constexpr BookId kBooks = 2 * WatchHub::kPage + 500;
  for (BookId book = 1; book <= kBooks; ++book) Restock(book, 20);
  const auto watch = Watch({});
  std::vector<std::size_t> pages;
  BookId book = 0;
  for (bool done = false; !done;) {
    const Update update = Next(*watch).Get().value();
    for (const Said& said : All(update)) EXPECT_EQ(said.book, ++book);
    pages.push_back(update.changes.size());
    done = update.snapshot_done;
  }
  EXPECT_THAT(pages, ElementsAre(1'000, 1'000, 500));
}

TEST_F(WatchHubTest, ChangesAreConflatedPerBook) {
  Start();
  Restock(1, 100);
  Restock(2, 100);
  const auto watch = WatchAfterSnapshot({});
  for (int i = 0; i < 50; ++i) Sell(1, 1);
  Sell(2, 1);
  // What was distributed by now comes at once, and the rest together.
  std::map<BookId, Said> last;
  int updates = 0;
  for (; !last.contains(2) || last.at(1).sequence < 51; ++updates) {
    for (const Said& said : All(Next(*watch).Get().value())) last.insert_or_assign(said.book, said);
  }
  EXPECT_LE(updates, 2);
  EXPECT_EQ(last.at(1), (Said{1, 51, 50, false}));
  EXPECT_EQ(last.at(2), (Said{2, 2, 99, false}));
  EXPECT_FALSE(Next(*watch).ready());
}

TEST_F(WatchHubTest, AChangeWhileAPageIsReadIsNotOverwrittenByThePage) {
  Start();
  Restock(1, 100);
  const auto watch = Watch({});
  store_.HoldReads();
  const Awaited<Update> next = Next(*watch);
  Sell(1, 1);
  store_.ReleaseReads();
  EXPECT_THAT(All(next.Get().value()), ElementsAre(Said{1, 2, 99, false}));
  Sell(1, 1);
  EXPECT_THAT(All(Next(*watch).Get().value()), ElementsAre(Said{1, 3, 98, false}));
}

TEST_F(WatchHubTest, APageThatShowsAPendingChangeReplacesIt) {
  Start();
  Restock(1, 100);
  const auto watch = Watch({});
  Sell(1, 1);
  Sell(1, 1);
  EXPECT_THAT(All(Next(*watch).Get().value()), ElementsAre(Said{1, 3, 98, false}));
  Sell(1, 1);
  EXPECT_THAT(All(Next(*watch).Get().value()), ElementsAre(Said{1, 4, 97, false}));
}

// A store that shows a batch to readers just before it tells of it.
TEST_F(WatchHubTest, APageMayRunAheadOfTheNewsByOneBatch) {
  hub_ = WatchHub::Start(store_, settings_);
  Restock(1, 100);
  Sell(1, 1);
  const auto watch = Watch({});
  hub_->OnChanges({{1, 0, {100, 0, 1}}});
  Sell(1, 1);  // shown, not yet told
  hub_->OnChanges({{1, 100, {99, 0, 2}}});
  EXPECT_THAT(All(Next(*watch).Get().value()), ElementsAre(Said{1, 3, 98, false}));
  hub_->OnChanges({{1, 99, {98, 0, 3}}});
  EXPECT_THAT(All(Next(*watch).Get().value()), ElementsAre(Said{1, 3, 98, false}));
}

TEST_F(WatchHubTest, LowStockOnlyTellsWhatIsLowAndWhatIsNoLonger) {
  Start();
  Restock(1, 5);
  Restock(2, 50);
  const auto all = Watch({{}, true, {}});
  const auto some = Watch({{1, 2, 3}, true, {}});
  for (StockWatch* watch : {all.get(), some.get()}) {
    const Update update = Next(*watch).Get().value();
    EXPECT_TRUE(update.snapshot_done);
    EXPECT_THAT(All(update), ElementsAre(Said{1, 1, 5, true}));
  }
  Sell(2, 1);  // not low before, not low now: nobody is told
  Sell(2, 40);
  for (StockWatch* watch : {all.get(), some.get()}) {
    EXPECT_THAT(All(Next(*watch).Get().value()), ElementsAre(Said{2, 3, 9, true}));
  }
  Restock(1, 5);
  for (StockWatch* watch : {all.get(), some.get()}) {
    EXPECT_THAT(All(Next(*watch).Get().value()), ElementsAre(Said{1, 2, 10, false}));
  }
}

TEST_F(WatchHubTest, UpdatesKeepTheirDistance) {
  Start();
  Restock(1, 100);
  constexpr milliseconds kDistance{30};
  const auto watch = WatchAfterSnapshot({{1}, false, kDistance});
  std::chrono::steady_clock::time_point asked_before_last{};
  for (std::uint64_t sequence = 2; sequence < 5; ++sequence) {
    const auto asked = std::chrono::steady_clock::now();
    Sell(1, 1);
    EXPECT_EQ(All(Next(*watch).Get().value()).front().sequence, sequence);
    EXPECT_GE(std::chrono::steady_clock::now() - asked_before_last, kDistance);
    asked_before_last = asked;
  }
}

// Its next update waits for the interval; whether it is asked for before the change or after it.
TEST_F(WatchHubTest, AnUpdateThatIsTooEarlyComesLater) {
  Start();
  Restock(1, 100);
  const auto before = WatchAfterSnapshot({{1}, false, milliseconds(20)});
  const auto after = WatchAfterSnapshot({{1}, false, milliseconds(20)});
  const auto never = WatchAfterSnapshot({{1}, false, hours(1)});
  const Awaited<Update> not_told = Next(*never);
  const auto witness = WatchAfterSnapshot({{1}});
  for (std::uint64_t sequence = 2; sequence < 5; ++sequence) {
    const Awaited<Update> asked = Next(*before);
    const Awaited<Update> seen = Next(*witness);
    Sell(1, 1);
    EXPECT_EQ(All(seen.Get().value()).front().sequence, sequence);
    EXPECT_EQ(All(asked.Get().value()).front().sequence, sequence);
    EXPECT_EQ(All(Next(*after).Get().value()).front().sequence, sequence);
  }
}

TEST_F(WatchHubTest, DroppingAWatchThatWaitsForItsIntervalEndsIt) {
  Start();
  Restock(1, 100);
  auto watch = WatchAfterSnapshot({{1}, false, hours(1)});
  const auto witness = WatchAfterSnapshot({{1}});
  const Awaited<Update> waiting = Next(*watch);
  for (int i = 0; i < 2; ++i) {
    const Awaited<Update> seen = Next(*witness);
    Sell(1, 1);
    ASSERT_OK(seen.Get());
  }
  watch.reset();
  EXPECT_THAT(waiting.Get(), StatusIs(absl::StatusCode::kCancelled, "dropped"));
}

TEST_F(WatchHubTest, EachIsToldOfItsBooksWhoeverElseWatchesThem) {
  Start();
  for (BookId book = 1; book <= 3; ++book) Restock(book, 100);
  auto first = WatchAfterSnapshot({{1, 2}});
  const auto second = WatchAfterSnapshot({{2, 3}});
  const auto all = WatchAfterSnapshot({});
  const Awaited<Update> of_first = Next(*first);
  const Awaited<Update> of_second = Next(*second);
  Sell(3, 1);
  EXPECT_THAT(All(of_second.Get().value()), ElementsAre(Said{3, 2, 99, false}));
  Sell(1, 1);
  EXPECT_THAT(All(of_first.Get().value()), ElementsAre(Said{1, 2, 99, false}));
  for (std::size_t told = 0; told < 2;) told += All(Next(*all).Get().value()).size();
  first.reset();
  Sell(1, 1);  // nobody's but all's
  Sell(2, 1);
  EXPECT_THAT(All(Next(*second).Get().value()), ElementsAre(Said{2, 2, 99, false}));
}

TEST_F(WatchHubTest, ASlowWatcherIsCutOffAndTheOthersGoOn) {
  settings_.watcher_buffer_limit = 3;
  Start();
  const auto slow = WatchAfterSnapshot({});
  const auto patient = WatchAfterSnapshot({{}, false, hours(1)});
  const auto quick = WatchAfterSnapshot({});
  const Awaited<Update> waiting = Next(*patient);
  for (BookId book = 1; book <= 3; ++book) Restock(book, 20);
  std::size_t seen = 0;
  while (seen < 3) seen += All(Next(*quick).Get().value()).size();
  EXPECT_EQ(hub_->figures().cut_off, 0u);
  EXPECT_FALSE(waiting.ready());

  Restock(4, 20);
  EXPECT_THAT(All(Next(*quick).Get().value()), ElementsAre(Said{4, 1, 20, false}));
  EXPECT_THAT(waiting.Get(), StatusIs(absl::StatusCode::kResourceExhausted, "more than 3 books"));
  EXPECT_TRUE(Eventually([&] { return hub_->figures().cut_off == 2; }));
  EXPECT_THAT(Next(*slow).Get(), StatusIs(absl::StatusCode::kResourceExhausted, "cut off"));
  EXPECT_THAT(Next(*slow).Get(), StatusIs(absl::StatusCode::kResourceExhausted, "cut off"));
  EXPECT_EQ(hub_->figures().watchers, 3u);
}

TEST_F(WatchHubTest, ALargeBatchDoesNotCutOffAWatcherThatWaits) {
  settings_.watcher_buffer_limit = 3;
  Start();
  const auto watch = WatchAfterSnapshot({});
  const Awaited<Update> waiting = Next(*watch);
  std::vector<Command> restocks;
  for (BookId book = 1; book <= 10; ++book) {
    restocks.push_back({inventory::Restock{book, 20, "", ""}});
  }
  Apply(std::move(restocks));
  EXPECT_EQ(waiting.Get().value().changes.size(), 10u);
}

TEST_F(WatchHubTest, AnUpdateIsBounded) {
  settings_.watcher_buffer_limit = 100'000;
  Start();
  const auto watch = WatchAfterSnapshot({});
  std::vector<Command> restocks(WatchHub::kMaxUpdateChanges + 7);
  for (std::size_t i = 0; i < restocks.size(); ++i) {
    restocks[i].verb = inventory::Restock{i + 1, 20, "", ""};
  }
  Apply(std::move(restocks));
  EXPECT_EQ(Next(*watch).Get().value().changes.size(), WatchHub::kMaxUpdateChanges);
  EXPECT_EQ(Next(*watch).Get().value().changes.size(), 7u);
}

TEST_F(WatchHubTest, DroppingAWatchEndsIt) {
  Start();
  auto watch = WatchAfterSnapshot({});
  const Awaited<Update> waiting = Next(*watch);
  EXPECT_EQ(hub_->figures().watchers, 1u);
  watch.reset();
  EXPECT_THAT(waiting.Get(), StatusIs(absl::StatusCode::kCancelled, "dropped"));
  EXPECT_EQ(hub_->figures().watchers, 0u);
}

TEST_F(WatchHubTest, DroppingAWatchWhileItsPageIsReadEndsIt) {
  Start();
  Restock(1, 10);
  auto watch = Watch({});
  store_.HoldReads();
  const Awaited<Update> waiting = Next(*watch);
  watch.reset();
  EXPECT_THAT(waiting.Get(), StatusIs(absl::StatusCode::kCancelled, "dropped"));
  store_.ReleaseReads();
}

TEST_F(WatchHubTest, TheEndEndsEveryWatch) {
  Start();
  const auto waits = WatchAfterSnapshot({});
  const auto reads = Watch({});
  const auto idle = WatchAfterSnapshot({});
  store_.HoldReads();
  const Awaited<Update> waiting = Next(*waits);
  const Awaited<Update> reading = Next(*reads);
  hub_->EndWatches();
  for (const auto& update : {waiting.Get(), reading.Get(), Next(*idle).Get()}) {
    EXPECT_THAT(update, StatusIs(absl::StatusCode::kUnavailable, "stopping"));
  }
  EXPECT_THAT(hub_->Watch({}), StatusIs(absl::StatusCode::kUnavailable, "stopping"));
  hub_->Stop();
  store_.Observe(nullptr);
  hub_.reset();
  store_.ReleaseReads();  // too late, and harmless: the watches keep the hub
}

TEST_F(WatchHubTest, AReadThatFailsEndsTheWatch) {
  Start();
  store_.FailReads(absl::UnavailableError("the disk is gone"));
  const auto watch = Watch({});
  EXPECT_THAT(Next(*watch).Get(), StatusIs(absl::StatusCode::kUnavailable, "the disk is gone"));
  EXPECT_THAT(Next(*watch).Get(), StatusIs(absl::StatusCode::kUnavailable, "the disk is gone"));
}

TEST_F(WatchHubTest, WatchesAreBounded) {
  settings_.watcher_limit = 1;
  Start();
  auto watch = Watch({});
  EXPECT_THAT(hub_->Watch({}), StatusIs(absl::StatusCode::kResourceExhausted, "the limit is 1"));
  watch.reset();
  EXPECT_OK(hub_->Watch({}));
}

// Sales on one side, watchers that come and go on the other: no watcher sees an older state after a
// newer one, and each ends up with the store's figures.
TEST_F(WatchHubTest, ManyWatchersWhileSalesGoOn) {
  Start();
  constexpr BookId kBooks = 20;
  constexpr int kSales = 4'000;
  for (BookId book = 1; book <= kBooks; ++book) Restock(book, kSales);
  std::thread sales([&] {
    for (int i = 0; i < kSales; ++i) Sell(static_cast<BookId>(i) % kBooks + 1, 1);
  });
  std::vector<std::thread> watchers;
  for (int w = 0; w < 3; ++w) {
    watchers.emplace_back([&, w] {
      for (int round = 0; round < 5; ++round) {
        const auto watch = Watch({w == 0 ? std::vector<BookId>{3, 5, 7} : std::vector<BookId>{}});
        std::map<BookId, std::uint64_t> last;
        const bool to_the_end = round == 4;
        std::uint64_t wanted = w == 0 ? 3 : kBooks;
        for (std::uint64_t complete = 0; to_the_end ? complete < wanted : last.size() < wanted;) {
          const Update update = Next(*watch).Get().value();
          for (const Said& said : All(update)) {
            std::uint64_t& before = last[said.book];
            EXPECT_GE(said.sequence, before);
            const bool news = said.sequence > before;
            before = said.sequence;
            if (news && before == 1 + kSales / kBooks) ++complete;
          }
        }
      }
    });
  }
  sales.join();
  for (std::thread& watcher : watchers) watcher.join();
}

}  // namespace
}  // namespace inventory
