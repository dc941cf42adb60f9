// The RPCs for operators.
#include <algorithm>
#include <optional>
#include <vector>

#include "absl/strings/ascii.h"
#include "api/answer.h"
#include "api/checked_books.h"

namespace inventory {
namespace {

constexpr std::size_t kMaxName = 255;
// Books of one answer.
constexpr std::uint32_t kQuarantinePage = 100;
constexpr std::uint32_t kLargestQuarantinePage = 1'000;

// A backup's name becomes one folder's name: no separators, not hidden, nothing a shell minds.
std::optional<Outcome> CheckName(std::string_view name) {
  const auto allowed = [](unsigned char c) {
    return absl::ascii_isalnum(c) || c == '-' || c == '_' || c == '.';
  };
  if (name.empty() || name.front() == '.' || !std::all_of(name.begin(), name.end(), allowed)) {
    return Outcome::kNameInvalid;
  }
  return name.size() > kMaxName ? std::optional(Outcome::kTextTooLong) : std::nullopt;
}

void AddFigures(const std::vector<Figure>& figures, v1::GetStatusResponse& response) {
  for (const Figure& figure : figures) {
    v1::StatusFigure& message = *response.add_figures();
    message.set_name(figure.name);
    message.set_value(figure.value);
    message.set_unit(figure.unit);
    message.set_help(figure.help);
  }
}

void SetQuarantine(const QuarantinedBook& book, v1::QuarantineInfo& info) {
  info.set_book_id(book.book);
  info.set_changes(book.changes);
  info.set_since_ms(book.since);
  info.set_reason(book.reason);
}

}  // namespace

void InventoryApi::GetStatus(const v1::GetStatusRequest&, const CallContext&,
                             Respond<v1::GetStatusResponse> respond) {
  OwedAnswer owed(stats_, ApiCall::kGetStatus, std::move(respond));
  const StoreStatus store = service_.store().Status();
  v1::GetStatusResponse response;
  response.set_version(process_.version);
  response.set_commit(process_.commit);
  response.set_store(store.name);
  response.set_durability(store.durability);
  response.set_location(store.location);
  response.set_serving(store.health.ok());
  response.set_reason(std::string(store.health.message()));
  response.set_started_at_ms(process_.started_at);
  response.set_now_ms(store.now);
  AddFigures(ListFigures(service_.Figures()), response);
  AddFigures(store.figures, response);
  owed.Give(Outcome::kOk, response);
}

void InventoryApi::Backup(const v1::BackupRequest& request, const CallContext&,
                          Respond<v1::BackupResponse> respond) {
  OwedAnswer owed(stats_, ApiCall::kBackup, std::move(respond));
  if (const auto refusal = CheckName(request.name())) {
    return owed.Refuse(*refusal);
  }
  service_.store().Backup(request.name(), Answer<v1::BackupResponse, BackupResult>(
                                              std::move(owed), [](const BackupResult& result,
                                                                  v1::BackupResponse& response) {
                                                response.set_path(result.path);
                                                response.set_bytes(result.bytes);
                                              }));
}

void InventoryApi::AdoptStock(const v1::AdoptStockRequest& request, const CallContext&,
                              Respond<v1::AdoptStockResponse> respond) {
  OwedAnswer owed(stats_, ApiCall::kAdoptStock, std::move(respond));
  service_.store().Adopt(
      request.dry_run(),
      Answer<v1::AdoptStockResponse, AdoptedStock>(
          std::move(owed), [](const AdoptedStock& adopted, v1::AdoptStockResponse& response) {
            response.set_books(adopted.books);
            response.set_units(adopted.units);
            response.set_sold_out_books(adopted.sold_out_books);
            response.set_locked_units(adopted.locked_units);
            response.set_log_rows(adopted.log_rows);
            response.set_order_lines(adopted.lines);
            response.set_unknown_quantities(adopted.unknown_quantities);
            response.set_corrected_books(adopted.corrected_books);
          }));
}

absl::StatusOr<std::unique_ptr<ReconcileStream>> InventoryApi::Reconcile(
    const v1::ReconcileRequest& request) {
  if (const auto refusal = CheckBooks(request.book_ids())) {
    return absl::InvalidArgumentError(std::string(Info(*refusal).message));
  }
  if (request.dry_run() && request.repair()) {
    return absl::InvalidArgumentError("dry_run and repair exclude each other");
  }
  ReconcileQuery query;
  query.books.assign(request.book_ids().begin(), request.book_ids().end());
  query.repair = request.repair();
  return std::make_unique<ReconcileStream>(service_.store(), std::move(query));
}

void InventoryApi::ListQuarantine(const v1::ListQuarantineRequest& request, const CallContext&,
                                  Respond<v1::ListQuarantineResponse> respond) {
  OwedAnswer owed(stats_, ApiCall::kListQuarantine, std::move(respond));
  const std::uint32_t asked = request.page_size() == 0 ? kQuarantinePage : request.page_size();
  // Book 0 may stand first, and after it goes on what was asked for after 0: at least two, or the
  // first page would be the last.
  const auto limit = static_cast<std::size_t>(std::clamp(asked, 2U, kLargestQuarantinePage));
  service_.store().ListQuarantine(
      request.after_book_id(), static_cast<int>(limit) + 1,  // one more tells whether there is more
      Answer<v1::ListQuarantineResponse, std::vector<QuarantinedBook>>(
          std::move(owed),
          [limit](const std::vector<QuarantinedBook>& books, v1::ListQuarantineResponse& response) {
            for (const QuarantinedBook& book : books) {
              if (response.books().size() == static_cast<int>(limit)) {
                response.set_next_after_book_id(response.books().rbegin()->book_id());
                break;
              }
              SetQuarantine(book, *response.add_books());
            }
          }));
}

void InventoryApi::RetryQuarantine(const v1::RetryQuarantineRequest& request, const CallContext&,
                                   Respond<v1::RetryQuarantineResponse> respond) {
  OwedAnswer owed(stats_, ApiCall::kRetryQuarantine, std::move(respond));
  service_.store().RetryQuarantine(request.book_id(),
                                   Answer<v1::RetryQuarantineResponse, QuarantineResult>(
                                       std::move(owed), [](const QuarantineResult& result,
                                                           v1::RetryQuarantineResponse& response) {
                                         response.set_changes(result.changes);
                                         response.set_left(result.left);
                                         response.set_reason(result.reason);
                                       }));
}

void InventoryApi::SkipQuarantine(const v1::SkipQuarantineRequest& request, const CallContext&,
                                  Respond<v1::SkipQuarantineResponse> respond) {
  OwedAnswer owed(stats_, ApiCall::kSkipQuarantine, std::move(respond));
  if (!request.has_book_id()) return owed.Refuse(Outcome::kBookIdMissing);
  service_.store().SkipQuarantine(request.book_id(),
                                  Answer<v1::SkipQuarantineResponse, QuarantineResult>(
                                      std::move(owed), [](const QuarantineResult& result,
                                                          v1::SkipQuarantineResponse& response) {
                                        response.set_changes(result.changes);
                                        response.set_left(result.left);
                                      }));
}

void InventoryApi::HandOver(const v1::HandOverRequest& request, const CallContext&,
                            Respond<v1::HandOverResponse> respond) {
  OwedAnswer owed(stats_, ApiCall::kHandOver, std::move(respond));
  if (request.to() != "mysql" && request.to() != "redis") {
    return owed.Refuse(Outcome::kNameInvalid);
  }
  service_.store().HandOver(request.to(), Answer<v1::HandOverResponse, std::string>(
                                              std::move(owed), [](const std::string& next,
                                                                  v1::HandOverResponse& response) {
                                                response.set_next(next);
                                              }));
}

std::unique_ptr<ExportStream> InventoryApi::ExportStock(const v1::ExportStockRequest&) {
  return std::make_unique<ExportStream>(service_.store());
}

std::unique_ptr<ImportStream> InventoryApi::ImportStock() {
  return std::make_unique<ImportStream>(service_.store());
}

}  // namespace inventory
