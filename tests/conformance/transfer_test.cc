// Everything a store knows, out of it and into another: the same facts, the same answers.
#include <algorithm>
#include <atomic>
#include <thread>

#include "absl/strings/str_cat.h"
#include "tests/conformance/conformance.h"

namespace inventory {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Another store of any kind, on the same clock.
class OtherStore {
 public:
  OtherStore(const StoreUnderTest& kind, const Clock& clock) {
    auto made = kind.make(clock, folder_.path());
    EXPECT_OK(made);
    store_ = std::move(made).value();
  }
  ~OtherStore() { EXPECT_OK(store_->Close()); }
  StockStore& operator*() { return *store_; }

 private:
  TempFolder folder_;
  std::unique_ptr<StockStore> store_;
};

class TransferConformance : public ConformanceTest {
 protected:
  // Every kind of movement, line, reservation and request id there is, over logs short and long.
  void LiveALittle() {
    const auto actor = std::make_shared<const std::string>("anna");
    RunAll({{Restock{1, 1'000, "r1", "采购入库"}, actor}, {Restock{3, 50, {}, {}}}});
    Run(Adjust{2, true, 40, {}, "count", "stocktaking"});
    Run(Adjust{2, false, -3, 40, "lost", {}});
    Run(Adjust{2, false, 2, {}, "found", {}});
    Run(Adjust{2, true, 39, {}, {}, "as it stands"});
    Tick();
    Hold(1001, {{3, 2}, {1, 5}});  // stays open
    Hold(1002, {{3, 1}, {1, 1}});
    Hold(1003, {{1, 2}, {3, 2}});
    Hold(1004, {{2, 4}});
    Hold(1005, {{3, 3}, {2, 3}});
    Tick();
    RunAll({{Confirm{1002}}, {Confirm{1003}}, {Release{1, 1003, 0, "returned"}}});
    Run(Release{2, 1004, 0, "the only line"});
    Run(Cancel{1005, "too late"});
    Run(Cancel{1006, "before its reserve"});
    Run(Release{1, 1007, 1, "before its deduct"});
    Run(Release{77, 1007, 0, "of an unknown book"});
    RunAll({{Deduct{3, 1007, 1}, actor}, {Deduct{2, 1008, 1}}, {Release{2, 1008, 1, {}}}});
    EXPECT_EQ(Run(Reserve{1009, {{2, 2}}, 1'000}).outcome, Outcome::kReserved);
    Tick(1'000);
    Run(Expire{1009});
    SellMany();
  }

  // Book 1 gets a log of some hundreds, in batches of their own and together; book 4 one of 128.
  void SellMany() {
    std::vector<Command> batch;
    for (OrderId order = 5'000; order < 5'300; ++order) batch.push_back({Deduct{1, order, 1}, {}});
    RunAll(batch);
    for (OrderId order = 5'300; order < 5'330; ++order) {
      Tick();
      RunAll({{Deduct{1, order, 1}}, {Deduct{3, order, 1}}});
    }
    batch.assign(128, {Restock{4, 1, {}, {}}, {}});
    RunAll(batch);
  }

  void Tick(TimeMs by = 7) { clock_.Advance(by); }

  std::vector<Fact> Facts(StockStore& store, int limit = 100) {
    auto facts = Export(store, limit);
    EXPECT_OK(facts);
    return facts.ok() ? *std::move(facts) : std::vector<Fact>{};
  }
};

// ---- out ----------------------------------------------------------------------------------------

TEST_P(TransferConformance, AnEmptyStoreHasNoFacts) { EXPECT_THAT(Facts(store()), IsEmpty()); }

TEST_P(TransferConformance, TheFactsAreWhatReadersSee) {
  LiveALittle();
  const std::vector<Fact> facts = Facts(store());
  std::vector<Fact> expected;
  for (const BookId book : {1, 2, 3, 4}) {
    for (Movement movement : WholeLog(book)) {
      movement.id = 0;
      expected.push_back(movement);
    }
  }
  for (const BookId book : {1, 2, 3, 4}) expected.push_back(BalanceFact{book, ReadBook(book)});
  ASSERT_GT(facts.size(), expected.size());
  EXPECT_EQ(Text({facts.begin(), facts.begin() + static_cast<std::ptrdiff_t>(expected.size())}),
            Text(expected));

  std::string rest;
  for (std::size_t i = expected.size(); i < facts.size(); ++i) {
    const auto* line = std::get_if<LineFact>(&facts[i]);
    if (line && line->key.order >= 5'000) continue;
    absl::StrAppend(&rest, Text(facts[i]), "\n");
  }
  const TimeMs held = MovableClock::kStart + 7;
  EXPECT_EQ(rest, absl::StrCat("line of order 1001 book 1: reserved 5 released 0\n"
                               "line of order 1001 book 3: reserved 2 released 0\n"
                               "line of order 1002 book 1: sold_by_confirm 1 released 0\n"
                               "line of order 1002 book 3: sold_by_confirm 1 released 0\n"
                               "line of order 1003 book 1: returned 2 released 2\n"
                               "line of order 1003 book 3: sold_by_confirm 2 released 0\n"
                               "line of order 1004 book 2: returned 4 released 4\n"
                               "line of order 1005 book 2: returned 3 released 3\n"
                               "line of order 1005 book 3: returned 3 released 3\n"
                               "line of order 1007 book 1: tombstone 0 released 0\n"
                               "line of order 1007 book 3: sold_by_deduct 1 released 0\n"
                               "line of order 1007 book 77: tombstone 0 released 0\n"
                               "line of order 1008 book 2: returned 1 released 1\n"
                               "line of order 1009 book 2: expired 2 released 2\n"
                               "reservation of order 1001: reserved deadline ",
                               held + kTtl,
                               " [ 3x2 1x5 ]\n"
                               "reservation of order 1002: confirmed deadline ",
                               held + kTtl,
                               " [ 3x1 1x1 ]\n"
                               "reservation of order 1003: confirmed deadline ",
                               held + kTtl,
                               " [ 1x2 3x2 ]\n"
                               "reservation of order 1004: cancelled deadline ",
                               held + kTtl,
                               " [ 2x4 ]\n"
                               "reservation of order 1005: cancelled deadline ",
                               held + kTtl,
                               " [ 3x3 2x3 ]\n"
                               "reservation of order 1006: cancelled deadline 0 remembered [ ]\n"
                               "reservation of order 1009: expired deadline ",
                               held + 7 + 1'000,
                               " [ 2x2 ]\n"
                               "request 'r1' of book 1: restock by 1000\n"
                               "request 'count' of book 2: adjust to 40\n"
                               "request 'found' of book 2: adjust by 2\n"
                               "request 'lost' of book 2: adjust by -3 expected 40\n"));
}

TEST_P(TransferConformance, HowManyAreAskedForAtATimeDoesNotMatter) {
  LiveALittle();
  const std::vector<Fact> facts = Facts(store(), 1'000'000);
  EXPECT_EQ(Facts(store(), 1), facts);
  EXPECT_EQ(Facts(store(), 13), facts);
  EXPECT_EQ(Facts(store(), 128), facts);
}

TEST_P(TransferConformance, AnExportIsOfOneMoment) {
  LiveALittle();
  const std::vector<Fact> before = Facts(store());
  auto reader = BeginExport(store());
  ASSERT_OK(reader);
  auto facts = NextFacts(**reader, 3);
  ASSERT_OK(facts);

  Run(Confirm{1001});
  Run(Release{5, 1006, 0, {}});
  Run(Restock{5, 10, "new", {}});
  Run(Restock{1, 10, "r2", {}});
  Run(Release{3, 1007, 0, {}});
  Hold(1020, {{1, 1}, {4, 1}});
  std::vector<Command> batch;
  for (OrderId order = 6'000; order < 6'200; ++order) batch.push_back({Deduct{1, order, 1}, {}});
  RunAll(batch);

  const auto rest = AllFacts(**reader, 50);
  ASSERT_OK(rest);
  facts->insert(facts->end(), rest->begin(), rest->end());
  EXPECT_EQ(Text(*facts), Text(before));
  reader->reset();
  EXPECT_GT(Facts(store()).size(), before.size() + 200);
}

TEST_P(TransferConformance, TwoExportsAtATimeDoNotMixUp) {
  LiveALittle();
  auto one = BeginExport(store());
  Run(Deduct{1, 7'000, 1});
  auto two = BeginExport(store());
  ASSERT_OK(one);
  ASSERT_OK(two);
  const auto facts_of_two = AllFacts(**two, 10);
  const auto facts_of_one = AllFacts(**one, 10);
  ASSERT_OK(facts_of_one);
  ASSERT_OK(facts_of_two);
  EXPECT_EQ(facts_of_two->size(), facts_of_one->size() + 2);  // a movement and a line
  EXPECT_EQ(*facts_of_two, Facts(store()));
}

// Sells from a thread of its own until it is dropped.
class Seller {
 public:
  explicit Seller(StockStore& store) : store_(store), thread_([this] { Run(); }) {}
  ~Seller() {
    over_ = true;
    thread_.join();
  }
  // Waits for so many more batches.
  void Await(int batches) {
    MutexLock lock(mutex_);
    const int enough = sold_ + batches;
    while (sold_ < enough) changed_.Wait(mutex_);
  }

 private:
  void Run() {
    for (OrderId order = 10'000; !over_; order += 10) {
      std::vector<Command> batch;
      for (OrderId i = order; i < order + 8; ++i) batch.push_back({Deduct{1 + i % 3, i, 1}, {}});
      batch.push_back({Reserve{order + 8, {{2, 1}, {1, 1}}, 60'000}, {}});
      batch.push_back({Confirm{order - 2}, {}});
      batch.push_back({Restock{order, 1, "first", {}}, {}});
      EXPECT_OK(Apply(store_, std::move(batch)));
      MutexLock lock(mutex_);
      ++sold_;
      changed_.NotifyAll();
    }
  }

  StockStore& store_;
  std::atomic<bool> over_{false};
  Mutex mutex_;
  CondVar changed_;
  int sold_ ABSL_GUARDED_BY(mutex_) = 0;
  std::thread thread_;
};

// Each is taken by a new store, which looks at every fact.
TEST_P(TransferConformance, AnExportBesideSalesIsAWholeStock) {
  for (const BookId book : {1, 2, 3}) Stock(book, 1'000'000);
  Seller seller(store());
  for (int i = 0; i < 5; ++i) {
    auto reader = BeginExport(store());
    ASSERT_OK(reader);
    auto facts = NextFacts(**reader, 10);
    ASSERT_OK(facts);
    seller.Await(20);  // sales do not stand still meanwhile
    const auto rest = AllFacts(**reader, 1'000);
    ASSERT_OK(rest);
    facts->insert(facts->end(), rest->begin(), rest->end());
    OtherStore other(StoresUnderTest().front(), clock_);
    EXPECT_OK(Import(*other, *facts, 10'000));
  }
}

TEST_P(TransferConformance, AnExportEndsWithItsStore) {
  LiveALittle();
  auto reader = BeginExport(store());
  ASSERT_OK(reader);
  EXPECT_OK(NextFacts(**reader, 1));
  EXPECT_OK(store().Close());
  EXPECT_THAT(NextFacts(**reader, 1), StatusIs(absl::StatusCode::kUnavailable, ""));
  EXPECT_THAT(BeginExport(store()), StatusIs(absl::StatusCode::kUnavailable, ""));
}

// ---- in -----------------------------------------------------------------------------------------

class ImportConformance : public TransferConformance {};

TEST_P(ImportConformance, EveryStoreTakesThemAndReadsTheSame) {
  LiveALittle();
  const std::vector<Fact> facts = Facts(store());
  FactCounts counts;
  for (const Fact& fact : facts) counts.Add(fact);
  for (const StoreUnderTest& kind : StoresUnderTest(/*imports=*/true)) {
    SCOPED_TRACE(kind.name);
    OtherStore other(kind, clock_);
    const auto imported = Import(*other, facts, 97);
    ASSERT_OK(imported);
    EXPECT_EQ(*imported, counts);
    EXPECT_EQ(inventory::Everything(*other), Everything());
    EXPECT_EQ(Text(Facts(*other)), Text(facts));
  }
}

TEST_P(ImportConformance, LogsCanBeFilteredAndPagedAsBefore) {
  LiveALittle();
  for (const StoreUnderTest& kind : StoresUnderTest(/*imports=*/true)) {
    SCOPED_TRACE(kind.name);
    OtherStore other(kind, clock_);
    ASSERT_OK(Import(*other, Facts(store())));
    const TimeMs middle = MovableClock::kStart + 1'100;
    for (const MovementQuery& query :
         {MovementQuery{.book = 1, .limit = 50}, MovementQuery{.book = 1, .skip = 130, .limit = 9},
          MovementQuery{.book = 1, .below_sequence = 140, .limit = 50},
          MovementQuery{.book = 1, .order = 1003}, MovementQuery{.book = 1, .order = 1001},
          MovementQuery{.book = 1, .order = 5'007}, MovementQuery{.book = 77, .order = 1007},
          MovementQuery{.book = 3, .type = ChangeType::kDeduct},
          MovementQuery{.book = 1, .limit = 400, .since = middle},
          MovementQuery{.book = 1, .limit = 400, .until = middle}}) {
      const MovementPage expected = Log(query);
      const auto page = ReadMovements(*other, query);
      ASSERT_OK(page);
      ASSERT_EQ(page->movements.size(), expected.movements.size());
      for (std::size_t i = 0; i < expected.movements.size(); ++i) {
        EXPECT_EQ(Text(page->movements[i]), Text(expected.movements[i]));
      }
      EXPECT_EQ(page->next_below, expected.next_below);
    }
  }
}

TEST_P(ImportConformance, LifeGoesOnAsInTheOriginal) {
  LiveALittle();
  for (const StoreUnderTest& kind : StoresUnderTest(/*imports=*/true)) {
    SCOPED_TRACE(kind.name);
    Fresh();
    LiveALittle();
    OtherStore other(kind, clock_);
    ASSERT_OK(Import(*other, Facts(store())));
    const auto both = [&](std::vector<Command> batch) {
      const auto replies = Apply(*other, batch);
      ASSERT_OK(replies);
      EXPECT_EQ(*replies, RunAll(std::move(batch)));
    };
    // What was done is a duplicate, or is refused by name.
    both({{Restock{1, 1'000, "r1", {}}},
          {Restock{1, 999, "r1", {}}},
          {Adjust{2, true, 40, {}, "count", {}}},
          {Adjust{2, false, -3, 40, "lost", {}}},
          {Adjust{2, false, -3, {}, "lost", {}}},
          {Adjust{2, true, 2, {}, "found", {}}},
          {Deduct{1, 5'000, 1}},
          {Deduct{1, 5'000, 2}},
          {Deduct{1, 1007, 1}},
          {Deduct{77, 1007, 1}},
          {Release{2, 1008, 1, {}}},
          {Reserve{1001, {{1, 5}, {3, 2}}, 1}},
          {Reserve{1006, {{1, 1}}, 1}},
          {Cancel{1006, {}}},
          {Confirm{1002}},
          {Confirm{1005}},
          {Confirm{1009}},
          {Cancel{1005, {}}}});
    // Lines go on from where they were, one by one and as reservations.
    both({{Release{1, 5'007, 0, "given back"}}, {Release{3, 1003, 2, {}}}, {Confirm{1003}}});
    both({{Reserve{1020, {{1, 3}}, 1'000}}, {Deduct{1, 1021, 7}}, {Restock{9, 1, "r1", {}}}});
    EXPECT_EQ(inventory::Everything(*other), Everything());
    // An open reservation is due at its deadline and not before.
    Tick(1'000);
    const auto due = ReadDue(*other, 10);
    ASSERT_OK(due);
    EXPECT_THAT(*due, ElementsAre(1020));
    Tick(kTtl);
    const auto later = ReadDue(*other, 10);
    ASSERT_OK(later);
    EXPECT_THAT(*later, ElementsAre(1020, 1001));
    EXPECT_EQ(inventory::Everything(*other), Everything()) << "passed, not yet recorded";
    both({{Expire{1020}}, {Confirm{1001}}});
    EXPECT_EQ(inventory::Everything(*other), Everything());
    EXPECT_EQ(Text(Facts(*other)), Text(Facts(store())));
  }
}

TEST_P(ImportConformance, AnOpenReservationIsConfirmedCancelledAndReleased) {
  Stock(1, 100);
  Stock(2, 100);
  Hold(1001, {{2, 1}, {1, 1}});
  Hold(1002, {{2, 2}, {1, 2}});
  Hold(1003, {{1, 3}});
  const std::vector<Fact> facts = Facts(store());
  OtherStore other(GetParam(), clock_);
  ASSERT_OK(Import(*other, facts));
  const std::vector<Command> batch = {{Confirm{1001}},
                                      {Cancel{1002, "no"}},
                                      {Release{1, 1003, 3, "no"}},
                                      {Release{1, 1001, 0, {}}}};
  const auto replies = Apply(*other, batch);
  ASSERT_OK(replies);
  EXPECT_EQ(*replies, RunAll(batch));
  EXPECT_EQ(inventory::Everything(*other), Everything());
}

TEST_P(ImportConformance, ObserversAreToldOfEveryBook) {
  LiveALittle();
  const std::vector<Fact> facts = Facts(store());
  OtherStore other(GetParam(), clock_);
  RecordingObserver observer;
  (*other).Observe(&observer);
  ASSERT_OK(Import(*other, facts));
  std::vector<BookId> books;
  for (const StockChanged& change : observer.Take()) {
    books.push_back(change.book);
    EXPECT_EQ(change.available_before, 0);
    EXPECT_EQ(change.balance, ReadBook(change.book));
  }
  EXPECT_THAT(books, ElementsAre(1, 2, 3, 4));
  EXPECT_OK(Apply(*other, {{Deduct{1, 9'000, 1}}}));
  EXPECT_EQ(observer.Take().size(), 1u);
  (*other).Observe(nullptr);
}

TEST_P(ImportConformance, TheClockDoesNotFallBehindWhatWasImported) {
  Tick(100'000);
  Stock(1, 5);
  const std::vector<Fact> facts = Facts(store());
  MovableClock behind;
  OtherStore other(GetParam(), behind);
  ASSERT_OK(Import(*other, facts));
  ASSERT_OK(Apply(*other, {{Deduct{1, 1001, 1}}}));
  const auto page = ReadMovements(*other, {.book = 1});
  ASSERT_OK(page);
  EXPECT_EQ(page->movements.at(0).time, page->movements.at(1).time);
}

// ---- while it lasts -----------------------------------------------------------------------------

TEST_P(ImportConformance, AStoreThatIsNotEmptyTakesNoImport) {
  for (const Command& command :
       {Command{Restock{1, 1, {}, {}}}, Command{Release{1, 1001, 1, {}}}, Command{Cancel{1, {}}}}) {
    Fresh();
    RunAll({command});
    const std::string before = Everything();
    EXPECT_THAT(BeginImport(store()), StatusIs(absl::StatusCode::kFailedPrecondition, "not empty"));
    EXPECT_EQ(Everything(), before);
  }
}

TEST_P(ImportConformance, NothingElseIsServedMeanwhile) {
  Stock(1, 100);
  const std::vector<Fact> facts = Facts(store());
  Fresh();
  EXPECT_OK(store().Status().health);
  auto writer = BeginImport(store());
  ASSERT_OK(writer);
  for (int i = 0; i < 2; ++i) {
    const auto refused = StatusIs(absl::StatusCode::kUnavailable, "an import is under way");
    EXPECT_THAT(Apply(store(), {{Deduct{1, 1001, 1}}}), refused);
    EXPECT_THAT(ReadStock(store(), {1}), refused);
    EXPECT_THAT(ListStock(store(), {}), refused);
    EXPECT_THAT(ReadOrder(store(), 1001), refused);
    EXPECT_THAT(ReadMovements(store(), {.book = 1}), refused);
    EXPECT_THAT(ReadMovements(store(), {.book = 1, .order = 1001}), refused);
    EXPECT_THAT(ReadDue(store(), 10), refused);
    EXPECT_THAT(BeginExport(store()), refused);
    EXPECT_THAT(BeginImport(store()), refused);
    EXPECT_THAT(store().Status().health, refused);
    if (i == 0) {
      ASSERT_OK(Add(**writer, facts));
    }
  }
  ASSERT_OK(Finish(**writer));
  EXPECT_OK(store().Status().health);
  EXPECT_EQ(ReadBook(1).available, 100);
  EXPECT_THAT(Add(**writer, facts), StatusIs(absl::StatusCode::kFailedPrecondition, "over"));
  EXPECT_EQ(Facts(store()), facts);
}

TEST_P(ImportConformance, OneThatIsCutShortLeavesAnEmptyStore) {
  LiveALittle();
  const std::vector<Fact> facts = Facts(store());
  Fresh();
  for (const std::size_t keep : {std::size_t{0}, std::size_t{1}, facts.size() / 2, facts.size()}) {
    auto writer = BeginImport(store());
    ASSERT_OK(writer);
    const auto end = facts.begin() + static_cast<std::ptrdiff_t>(keep);
    ASSERT_OK(Add(**writer, {facts.begin(), end}));
    writer->reset();
  }
  ASSERT_OK(Import(store(), facts));
  EXPECT_EQ(Text(Facts(store())), Text(facts));
}

TEST_P(ImportConformance, AfterOneThatFailedTheStoreIsEmptyAndServes) {
  LiveALittle();
  std::vector<Fact> facts = Facts(store());
  Fresh();
  const std::string nothing = Everything();
  auto writer = BeginImport(store());
  ASSERT_OK(writer);
  const auto half = facts.begin() + static_cast<std::ptrdiff_t>(facts.size() / 2);
  ASSERT_OK(Add(**writer, {facts.begin(), half}));
  EXPECT_THAT(Add(**writer, {facts.front()}),
              StatusIs(absl::StatusCode::kInvalidArgument, "book 1, movement 1: comes after"));
  EXPECT_THAT(Add(**writer, {}), StatusIs(absl::StatusCode::kFailedPrecondition, "over"));
  EXPECT_THAT(Finish(**writer), StatusIs(absl::StatusCode::kFailedPrecondition, "over"));
  EXPECT_OK(store().Status().health);
  EXPECT_THAT(Facts(store()), IsEmpty());
  EXPECT_EQ(Everything(), nothing);
  // It begins as a new store does.
  Stock(1, 7);
  EXPECT_EQ(ReadBook(1), (Balance{7, 0, 1}));
  EXPECT_EQ(Run(Deduct{1, 1001, 5}).outcome, Outcome::kDeducted);
  EXPECT_EQ(WholeLog(1).size(), 2u);
  EXPECT_EQ(Order(1001).movements.size(), 1u);
  EXPECT_EQ(Order(1003).lines.size(), 0u);
}

TEST_P(ImportConformance, WhatIsMissingShowsAtTheEnd) {
  LiveALittle();
  const std::vector<Fact> facts = Facts(store());
  Fresh();
  EXPECT_THAT(Import(store(), {facts.begin(), facts.end() - 1}),
              StatusIs(absl::StatusCode::kInvalidArgument, "1 request ids"));
  EXPECT_OK(store().Status().health);
  EXPECT_OK(Import(store(), facts));
}

class NoImportConformance : public TransferConformance {};

TEST_P(NoImportConformance, SaysWhereToImportInstead) {
  EXPECT_THAT(BeginImport(store()),
              StatusIs(absl::StatusCode::kUnimplemented, "import into the database with store"));
}

FOR_EACH_STORE(TransferConformance);
INSTANTIATE_TEST_SUITE_P(Stores, ImportConformance,
                         testing::ValuesIn(StoresUnderTest(/*imports=*/true)), StoreName);
INSTANTIATE_TEST_SUITE_P(Stores, NoImportConformance,
                         testing::ValuesIn(StoresUnderTest(/*imports=*/false)), StoreName);

}  // namespace
}  // namespace inventory
