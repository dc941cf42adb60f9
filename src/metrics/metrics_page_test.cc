#include "metrics/metrics_page.h"

#include <gmock/gmock.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "base/clock.h"
#include "store/memory/memory_store.h"

namespace inventory {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Key;
using testing::Not;
using testing::Pair;

class MetricsPageTest : public testing::Test {
 protected:
  // Each series with its value.
  std::map<std::string, double> Scrape() const {
    std::map<std::string, double> series;
    for (const std::string& line : std::vector<std::string>(absl::StrSplit(page.Text(), '\n'))) {
      if (line.empty() || line.front() == '#') continue;
      const std::size_t space = line.rfind(' ');
      double value = 0;
      EXPECT_TRUE(absl::SimpleAtod(line.substr(space + 1), &value)) << line;
      EXPECT_TRUE(series.emplace(line.substr(0, space), value).second) << "twice: " << line;
    }
    return series;
  }

  template <typename Response, typename Request>
  void Call(void (InventoryApi::*method)(const Request&, const CallContext&, Respond<Response>),
            const Request& request, const CallContext& context = {}) {
    (api.*method)(request, context, [](const absl::Status&, const Response&) {});
  }
  void Restock(BookId book, Quantity quantity) {
    v1::RestockInventoryRequest request;
    request.set_book_id(book);
    request.set_quantity(quantity);
    Call(&InventoryApi::RestockInventory, request);
  }
  static v1::DeductStockRequest Deduct(OrderId order, Quantity quantity) {
    v1::DeductStockRequest request;
    request.set_book_id(77'001);
    request.set_order_id(order);
    request.set_quantity(quantity);
    return request;
  }

  SteadyClock clock;
  std::unique_ptr<StockStore> store = MakeMemoryStore(clock);
  std::unique_ptr<InventoryService> service = InventoryService::Make(*store, {});
  InventoryApi api{*service, {.version = "1.2.3", .commit = "abc", .started_at = 1'500}};
  Access access;
  const MetricsPage page{api, *service, access};
};

TEST_F(MetricsPageTest, CountsAndTimesCallsByMethodAndOutcome) {
  Restock(77'001, 10);
  Call(&InventoryApi::DeductStock, Deduct(88'001, 8));
  Call(&InventoryApi::DeductStock, Deduct(88'001, 8));  // a duplicate
  Call(&InventoryApi::DeductStock, Deduct(88'002, 8));  // sold out
  Call(&InventoryApi::DeductStock, Deduct(88'003, 0));  // malformed

  const auto series = Scrape();
  const std::string count = "inventory_call_duration_seconds_count{method=\"DeductStock\",outcome=";
  EXPECT_THAT(series, Contains(Pair(count + "\"ok\"}", 1)));
  EXPECT_THAT(series, Contains(Pair(count + "\"duplicate\"}", 1)));
  EXPECT_THAT(series, Contains(Pair(count + "\"insufficient_stock\"}", 1)));
  EXPECT_THAT(series, Contains(Pair(count + "\"invalid_argument\"}", 1)));
  EXPECT_THAT(series,
              Contains(Pair("inventory_call_duration_seconds_bucket{method=\"DeductStock\",outcome="
                            "\"ok\",le=\"+Inf\"}",
                            1)));
  EXPECT_THAT(series,
              Contains(Key("inventory_call_duration_seconds_sum{method=\"DeductStock\",outcome="
                           "\"ok\"}")));
  EXPECT_THAT(series,
              Contains(Pair("inventory_outcomes_total{verb=\"restock\",outcome=\"ok\"}", 1)));
}

TEST_F(MetricsPageTest, CountsFaultsByStatus) {
  Restock(77'001, 10);
  CallContext late;
  late.deadline = std::chrono::steady_clock::time_point::min();
  Call(&InventoryApi::DeductStock, Deduct(88'001, 1), late);
  const auto series = Scrape();
  EXPECT_THAT(
      series,
      Contains(Pair(
          "inventory_call_faults_total{method=\"DeductStock\",status=\"DEADLINE_EXCEEDED\"}", 1)));
  EXPECT_THAT(series, Contains(Pair("inventory_call_duration_seconds_count{method=\"DeductStock\","
                                    "outcome=\"fault\"}",
                                    1)));
}

TEST_F(MetricsPageTest, AnItemOfABatchIsACommand) {
  Restock(77'001, 10);
  v1::BatchDeductStockRequest batch;
  for (OrderId order = 1; order <= 4; ++order) *batch.add_items() = Deduct(order, 3);
  Call(&InventoryApi::BatchDeductStock, batch);
  const auto series = Scrape();
  EXPECT_THAT(series,
              Contains(Pair("inventory_outcomes_total{verb=\"deduct\",outcome=\"ok\"}", 3)));
  EXPECT_THAT(series,
              Contains(Pair(
                  "inventory_outcomes_total{verb=\"deduct\",outcome=\"insufficient_stock\"}", 1)));
  EXPECT_THAT(series,
              Contains(Pair("inventory_batch_size_bucket{le=\"4\"}", 2)));  // the restock too
  EXPECT_THAT(series, Contains(Pair("inventory_batch_size_sum", 5)));
}

TEST_F(MetricsPageTest, TellsTheServicesAndTheStoresFigures) {
  Restock(77'001, 10);
  const auto series = Scrape();
  EXPECT_THAT(series, Contains(Pair("inventory_commands_total", 1)));
  EXPECT_THAT(series, Contains(Pair("inventory_queue_depth", 0)));
  EXPECT_THAT(series, Contains(Pair("inventory_watchers", 0)));
  EXPECT_THAT(series, Contains(Pair("inventory_books", 1)));
  EXPECT_THAT(page.Text(),
              AllOf(HasSubstr("# TYPE inventory_commands_total counter"),
                    HasSubstr("# HELP inventory_queue_depth commands waiting for a batch"),
                    HasSubstr("# TYPE inventory_queue_depth gauge"),
                    HasSubstr("# TYPE inventory_apply_seconds histogram")));
}

TEST_F(MetricsPageTest, TellsWhetherTheStoreServes) {
  EXPECT_THAT(Scrape(), Contains(Pair("inventory_serving", 1)));
  EXPECT_TRUE(store->Close().ok());
  EXPECT_THAT(Scrape(), Contains(Pair("inventory_serving", 0)));
}

TEST_F(MetricsPageTest, TellsWhoWasRefused) {
  const std::string refused = "inventory_access_refused_total{reason=";
  for (const char* reason :
       {"no_token", "unknown_token", "wrong_role", "token_in_url", "foreign_page"}) {
    EXPECT_THAT(Scrape(), Contains(Pair(refused + "\"" + reason + "\"}", 0)));
  }
  const auto peer = [] { return std::string("192.0.2.1:40000"); };
  access.NoteTokenInUrl({"GET /stock", peer});
  access.NoteForeignPage({"GET /stock", peer});
  access.NoteForeignPage({"GET /stock", peer});
  EXPECT_THAT(Scrape(), Contains(Pair(refused + "\"token_in_url\"}", 1)));
  EXPECT_THAT(Scrape(), Contains(Pair(refused + "\"foreign_page\"}", 2)));
  EXPECT_THAT(Scrape(), Contains(Pair(refused + "\"no_token\"}", 0)));
}

TEST_F(MetricsPageTest, TellsTheBuildAndTheProcess) {
  const auto series = Scrape();
  EXPECT_THAT(
      series,
      Contains(Pair("inventory_build_info{version=\"1.2.3\",commit=\"abc\",store=\"memory\"}", 1)));
  EXPECT_THAT(series, Contains(Pair("process_start_time_seconds", 1.5)));
  EXPECT_GT(series.at("process_cpu_seconds_total"), 0);
  EXPECT_GT(series.at("process_resident_memory_bytes"), 1'000'000);
  EXPECT_GT(series.at("process_open_fds"), 2);
  EXPECT_GT(series.at("process_max_fds"), series.at("process_open_fds"));
}

TEST_F(MetricsPageTest, NothingThatCallersSayIsOnThePage) {
  // Long enough to be no figure of the page's by chance.
  constexpr BookId kBook = 776'655'443'322'000;
  constexpr OrderId kOrder = 887'766'554'433'000;
  Restock(kBook, 10);
  v1::DeductStockRequest first = Deduct(kOrder, 1);
  first.set_book_id(kBook);
  Call(&InventoryApi::DeductStock, first);
  const std::size_t before = Scrape().size();
  for (OrderId order = 1; order <= 500; ++order) {
    v1::DeductStockRequest request = Deduct(kOrder + order, 1);
    request.set_book_id(kBook + order % 9);
    Call(&InventoryApi::DeductStock, request);
  }
  EXPECT_THAT(page.Text(), Not(ContainsRegex("776655443322|887766554433")));
  // One outcome more, sold out, and no series for any book or order.
  EXPECT_LT(Scrape().size(), before + 30);
}

}  // namespace
}  // namespace inventory
