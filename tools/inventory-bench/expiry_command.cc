#include "tools/inventory-bench/expiry_command.h"

#include <chrono>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "client/channel.h"
#include "client/channel_access.h"
#include "client/inventory_client.h"
#include "client/load_client.h"
#include "tools/inventory-bench/expiry.h"
#include "tools/inventory-bench/load_run.h"
#include "tools/inventory-bench/report.h"
#include "tools/inventory-bench/terminal.h"

namespace inventory::bench {
namespace {

using std::chrono::milliseconds;
using std::chrono::system_clock;

constexpr auto kMeasured = std::chrono::seconds(4);
// How long the service may take to be done with them.
constexpr auto kTimeToExpire = std::chrono::seconds(60);
constexpr double kSlowestReserving = 5'000;  // a second

class ExpiryRun {
 public:
  ExpiryRun(const ExpiryOptions& options, const ChannelAccess& access, LoadClient& client)
      : options_(options),
        access_(access),
        client_(client),
        book_(static_cast<std::uint64_t>(system_clock::now().time_since_epoch().count())) {}

  absl::StatusOr<SaleReport> Run() {
    RETURN_IF_ERROR(StockUp(client_, {.first = book_, .count = 2}, "expiry"));
    ASSIGN_OR_RETURN(const LoadResult alone, Sell("alone", milliseconds(500)));
    const auto due = system_clock::now() + LeadTime();
    ReserveWorkload reserve(book_, OrderIds(OrderIdKind::kGrowing, system_clock::now()), due,
                            options_.in_flight);
    ASSIGN_OR_RETURN(const LoadResult reserved, MakeReservations(reserve));
    const auto warm_up = std::chrono::duration_cast<milliseconds>(due - system_clock::now());
    if (warm_up < milliseconds(0)) {
      return absl::DeadlineExceededError(
          absl::StrCat("making the reservations took longer than expected, ", ToText(reserved.time),
                       "; ask for fewer with --reservations"));
    }
    ASSIGN_OR_RETURN(const LoadResult beside, Sell("beside the expiry", warm_up));
    RETURN_IF_ERROR(WaitUntilNoneIsHeld());
    ASSIGN_OR_RETURN(const SaleHistory history, ReadSaleHistory(inventory_, book_));

    std::vector<ProofLine> proof = ProveExpiry(history, reserve.deadlines());
    proof.push_back({reserved.tally.AllGood() && alone.tally.AllGood() && beside.tally.AllGood(),
                     "every call was answered with yes"});
    for (ProofLine& line : ProveSale(history)) proof.push_back(std::move(line));
    return SaleReport{absl::StrCat("expiry: ", Grouped(reserve.deadlines().size()),
                                   " reservations due in one second, beside ", options_.rate,
                                   " orders/s from a timetable\n\n", Row("alone", alone),
                                   Row("beside", beside), "\n", ToText(proof)),
                      AllHold(proof)};
  }

 private:
  milliseconds LeadTime() const {
    return std::chrono::seconds(2) +
           milliseconds(static_cast<std::int64_t>(options_.reservations / kSlowestReserving * 1e3));
  }

  absl::StatusOr<LoadResult> MakeReservations(ReserveWorkload& workload) {
    const LoadPlan plan{.in_flight = options_.in_flight,
                        .warm_up = milliseconds(0),
                        .calls = static_cast<std::uint64_t>(options_.reservations)};
    return Load("reserving", plan, workload);
  }

  // Orders of another book, measured for kMeasured after the warm-up.
  absl::StatusOr<LoadResult> Sell(const char* what, milliseconds warm_up) {
    DeductWorkload workload(BookPicker(book_ + 1, 1, Popularity::kUniform, 1),
                            OrderIds(OrderIdKind::kGrowing, system_clock::now()), 1);
    const LoadPlan plan{.in_flight = options_.in_flight,
                        .rate = options_.rate,
                        .warm_up = warm_up,
                        .duration = kMeasured};
    return Load(absl::StrCat("selling ", what), plan, workload);
  }

  absl::StatusOr<LoadResult> Load(const std::string& what, const LoadPlan& plan,
                                  Workload& workload) {
    ProgressLine line;
    return RunLoad(plan, client_, workload, [&](const LoadProgress& progress) {
      line.Show(absl::StrFormat("%s  %12s a second", what,
                                Grouped(static_cast<std::uint64_t>(progress.items_per_second))));
    });
  }

  absl::Status WaitUntilNoneIsHeld() {
    const auto end = std::chrono::steady_clock::now() + kTimeToExpire;
    v1::GetStockRequest request;
    request.set_book_id(book_);
    while (std::chrono::steady_clock::now() < end) {
      ASSIGN_OR_RETURN(const v1::GetStockResponse stock, inventory_.GetStock(request));
      if (stock.locked_stock() == 0) return absl::OkStatus();
      std::this_thread::sleep_for(milliseconds(20));
    }
    return absl::DeadlineExceededError("the reservations have not expired after a minute");
  }

  static std::string Row(const char* name, const LoadResult& sold) {
    return absl::StrFormat("  %-8s %12s orders   p50 %s   p99 %s   max %s\n", name,
                           Grouped(sold.items), ToText(sold.latency.Percentile(0.5)),
                           ToText(sold.latency.Percentile(0.99)), ToText(sold.latency.max()));
  }

  const ExpiryOptions& options_;
  const ChannelAccess& access_;
  LoadClient& client_;
  InventoryClient inventory_{MakeChannel(options_.connection.first_address(), access_),
                             CallSettings()};
  const std::uint64_t book_;  // a new one; the next is sold from
};

}  // namespace

absl::StatusOr<SaleReport> RunExpiry(const ExpiryOptions& options) {
  ASSIGN_OR_RETURN(const ChannelAccess access, ReadChannelAccess(options.connection.tls_ca));
  ASSIGN_OR_RETURN(const auto client, LoadClient::Connect({.address = options.connection.address,
                                                           .channels = options.connection.channels,
                                                           .slots = options.in_flight,
                                                           .access = access}));
  return ExpiryRun(options, access, *client).Run();
}

}  // namespace inventory::bench
