#include "tools/inventory-bench/sale_command.h"

#include <algorithm>
#include <chrono>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "client/channel.h"
#include "client/channel_access.h"
#include "client/inventory_client.h"
#include "client/load_client.h"
#include "tools/inventory-bench/report.h"
#include "tools/inventory-bench/sale_proof.h"
#include "tools/inventory-bench/terminal.h"

namespace inventory::bench {
namespace {

// Reads and the restock outlast a restart of the service, as the buyers do.
constexpr CallSettings kPatientCalls{.timeout = std::chrono::seconds(60),
                                     .attempts = 1'000,
                                     .longest_backoff = std::chrono::seconds(1)};

constexpr std::uint32_t kBookNotFound = 40401;

// A book id that is not in use: `wanted`, or one made from the time.
absl::StatusOr<std::uint64_t> ChooseBook(InventoryClient& client, std::uint64_t wanted) {
  v1::GetStockRequest request;
  request.set_book_id(wanted != 0
                          ? wanted
                          : static_cast<std::uint64_t>(
                                std::chrono::system_clock::now().time_since_epoch().count()));
  ASSIGN_OR_RETURN(const v1::GetStockResponse stock, client.GetStock(request));
  if (stock.code() == kBookNotFound) return request.book_id();
  return absl::FailedPreconditionError(
      absl::StrCat("book ", request.book_id(),
                   " has a history already; name another with --book, or leave --book out"));
}

absl::Status PutOnSale(InventoryClient& client, std::uint64_t book, int copies) {
  v1::RestockInventoryRequest request;
  request.set_book_id(book);
  request.set_quantity(copies);
  request.set_request_id("flash-sale");
  request.set_remark("flash sale");
  ASSIGN_OR_RETURN(const v1::RestockInventoryResponse response, client.RestockInventory(request));
  if (response.code() != 0 || response.current_stock() != copies) {
    return absl::InternalError(absl::StrCat("the restock of ", copies, " got code ",
                                            response.code(), " ", response.message(), ", stock ",
                                            response.current_stock()));
  }
  return absl::OkStatus();
}

// "█████░░░░░"
std::string Bar(std::uint64_t part, std::uint64_t whole, int width) {
  const int full = whole == 0 ? 0 : static_cast<int>(part * width / whole);
  std::string bar;
  for (int i = 0; i < width; ++i) bar += i < full ? "█" : "░";
  return bar;
}

void ShowProgress(ProgressLine& line, const FlashSaleCounts& counts, const FlashSalePlan& plan) {
  if (!line.enabled()) return;
  const std::uint64_t answered = counts.bought + counts.sold_out;
  line.Show(absl::StrFormat("%s %3d %%   bought %s of %s   sold out %s   retried %s",
                            Bar(answered, plan.buyers, 30), answered * 100 / plan.buyers,
                            Grouped(counts.bought), Grouped(plan.copies), Grouped(counts.sold_out),
                            Grouped(counts.retries)));
}

std::string Picture(const FlashSaleResult& result, const FlashSalePlan& plan) {
  const FlashSaleCounts& counts = result.counts;
  std::string text;
  const auto row = [&](const char* name, std::uint64_t count) {
    absl::StrAppend(&text, absl::StrFormat("  %-10s %s %10s\n", name, Bar(count, plan.buyers, 40),
                                           Grouped(count)));
  };
  row("bought", counts.bought);
  row("sold out", counts.sold_out);
  if (counts.gave_up != 0) row("gave up", counts.gave_up);
  absl::StrAppend(&text, "\n  ", Grouped(counts.calls), " calls in ", ToText(result.time), ": ",
                  Grouped(counts.duplicates), " asked again on purpose, ", Grouped(counts.retries),
                  " retried after a failure");
  for (const auto& [status, count] : result.tally.failed()) {
    absl::StrAppend(&text, ", ", Grouped(count), " ", Name(status));
  }
  absl::StrAppend(&text, "\n\n");
  return text;
}

// What the buyers saw, as lines of the proof.
std::vector<ProofLine> ProveAnswers(const FlashSaleResult& result, const FlashSalePlan& plan) {
  const FlashSaleCounts& counts = result.counts;
  std::vector<ProofLine> proof;
  const int sellable = std::min(plan.buyers, plan.copies);
  proof.push_back({counts.bought == sellable, absl::StrCat(Grouped(counts.bought), " bought, of ",
                                                           Grouped(sellable), " who could")});
  proof.push_back({counts.gave_up == 0,
                   absl::StrCat("every buyer was answered: ", counts.gave_up, " gave up")});
  proof.push_back({result.problem_count == 0,
                   absl::StrCat("every answer agreed with the buyer's other answers: ",
                                result.problem_count, " did not")});
  for (const std::string& problem : result.problems) proof.push_back({false, problem});
  return proof;
}

}  // namespace

absl::StatusOr<SaleReport> RunFlashSaleCommand(const FlashSaleOptions& options) {
  ASSIGN_OR_RETURN(const ChannelAccess access, ReadChannelAccess(options.connection.tls_ca));
  ASSIGN_OR_RETURN(const auto load_client,
                   LoadClient::Connect({.address = options.connection.address,
                                        .channels = options.connection.channels,
                                        .slots = options.in_flight,
                                        .access = access}));
  InventoryClient client(MakeChannel(options.connection.first_address(), access), kPatientCalls);
  FlashSalePlan plan = options.plan;
  ASSIGN_OR_RETURN(plan.book, ChooseBook(client, plan.book));
  RETURN_IF_ERROR(PutOnSale(client, plan.book, plan.copies));

  FlashSaleResult result;
  {
    ProgressLine line;
    result = RunFlashSale(plan, *load_client,
                          [&](const FlashSaleCounts& counts) { ShowProgress(line, counts, plan); });
  }
  std::vector<ProofLine> proof = ProveAnswers(result, plan);
  if (auto history = ReadSaleHistory(client, plan.book); history.ok()) {
    history->stocked = plan.copies;
    history->answers = result.answers;
    for (ProofLine& line : ProveSale(*history)) proof.push_back(std::move(line));
  } else {
    proof.push_back({false, absl::StrCat("the book can be read: ", history.status().message())});
  }
  SaleReport report;
  report.passed = AllHold(proof);
  report.text =
      absl::StrCat("flash sale of book ", plan.book, ": ", Grouped(plan.buyers), " buyers, ",
                   Grouped(plan.copies), " copies\n\n", Picture(result, plan), ToText(proof));
  return report;
}

absl::StatusOr<SaleReport> RunProve(const ProveOptions& options) {
  ASSIGN_OR_RETURN(const ChannelAccess access, ReadChannelAccess(options.connection.tls_ca));
  InventoryClient client(MakeChannel(options.connection.first_address(), access), kPatientCalls);
  ASSIGN_OR_RETURN(SaleHistory history, ReadSaleHistory(client, options.book));
  history.stocked = options.stocked;
  const std::vector<ProofLine> proof = ProveSale(history);
  return SaleReport{absl::StrCat("book ", options.book, ", ", Grouped(history.log.size()),
                                 " movements\n\n", ToText(proof)),
                    AllHold(proof)};
}

}  // namespace inventory::bench
