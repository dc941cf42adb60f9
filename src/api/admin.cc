// The RPCs for operators.
#include <algorithm>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "api/answer.h"

namespace inventory {
namespace {

constexpr std::size_t kMaxName = 255;

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

void AddFigure(std::string_view name, std::uint64_t value, std::string_view unit,
               std::string_view help, v1::GetStatusResponse& response) {
  v1::StatusFigure& figure = *response.add_figures();
  figure.set_name(std::string(name));
  figure.set_value(static_cast<std::int64_t>(value));
  figure.set_unit(std::string(unit));
  figure.set_help(std::string(help));
}

void AddFigures(const ServiceFigures& figures, v1::GetStatusResponse& response) {
  AddFigure("queue_depth", figures.queued, "commands", "waiting for a batch", response);
  AddFigure("commands", figures.commands, "commands", "accepted since the start", response);
  AddFigure("batches", figures.batches, "batches", "handed to the store since the start", response);
  AddFigure("refused_full", figures.refused_full, "commands", "refused because the queue was full",
            response);
  AddFigure("expired", figures.expired, "reservations", "that this process asked to expire",
            response);
  AddFigure("low_stock_warnings", figures.low_stock_warnings, "warnings", "since the start",
            response);
  AddFigure("watchers", figures.watchers, "streams", "open now", response);
  AddFigure("watchers_cut_off", figures.watchers_cut_off, "streams",
            "ended because they were too slow", response);
}

}  // namespace

void InventoryApi::GetStatus(const v1::GetStatusRequest&, const CallContext&,
                             Respond<v1::GetStatusResponse> respond) {
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
  AddFigures(service_.Figures(), response);
  for (const StoreFigure& figure : store.figures) {
    AddFigure(figure.name, static_cast<std::uint64_t>(figure.value), figure.unit, figure.help,
              response);
  }
  respond(absl::OkStatus(), response);
}

void InventoryApi::Backup(const v1::BackupRequest& request, const CallContext&,
                          Respond<v1::BackupResponse> respond) {
  if (const auto refusal = CheckName(request.name())) {
    return Refuse(*refusal, respond);
  }
  service_.store().Backup(request.name(), Answer<v1::BackupResponse, BackupResult>(
                                              std::move(respond), [](const BackupResult& result,
                                                                     v1::BackupResponse& response) {
                                                SetOutcome(Outcome::kOk, response);
                                                response.set_path(result.path);
                                                response.set_bytes(result.bytes);
                                              }));
}

void InventoryApi::AdoptStock(const v1::AdoptStockRequest& request, const CallContext&,
                              Respond<v1::AdoptStockResponse> respond) {
  service_.store().Adopt(
      request.dry_run(),
      Answer<v1::AdoptStockResponse, AdoptedStock>(
          std::move(respond), [](const AdoptedStock& adopted, v1::AdoptStockResponse& response) {
            SetOutcome(Outcome::kOk, response);
            response.set_books(adopted.books);
            response.set_units(adopted.units);
            response.set_sold_out_books(adopted.sold_out_books);
            response.set_locked_units(adopted.locked_units);
            response.set_log_rows(adopted.log_rows);
          }));
}

std::unique_ptr<ExportStream> InventoryApi::ExportStock(const v1::ExportStockRequest&) {
  return std::make_unique<ExportStream>(service_.store());
}

std::unique_ptr<ImportStream> InventoryApi::ImportStock() {
  return std::make_unique<ImportStream>(service_.store());
}

absl::Status InventoryApi::NotThisStore(std::string_view rpc) {
  return absl::UnimplementedError(absl::StrCat(std::string(rpc), " is not available on the ",
                                               service_.store().Status().name, " store"));
}

}  // namespace inventory
