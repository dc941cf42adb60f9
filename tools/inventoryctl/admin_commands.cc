// status, health, backup, adopt: what an operator needs.
#include <google/protobuf/struct.pb.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "tools/inventoryctl/commands.h"
#include "tools/inventoryctl/fields.h"
#include "tools/inventoryctl/text_table.h"
#include "tools/inventoryctl/values.h"

namespace inventory {
namespace {

using Align = TextTable::Align;

void ShowStatus(Session& session, const v1::GetStatusResponse& status) {
  std::ostream& out = session.out();
  out << (status.serving() ? "serving" : "NOT SERVING") << ", version " << status.version() << " ("
      << status.commit() << "), since " << ShowTime(status.started_at_ms()) << '\n';
  if (!status.reason().empty()) out << "reason: " << Printable(status.reason()) << '\n';
  out << "store: " << status.store() << " at " << Printable(status.location()) << '\n'
      << "durability: " << Printable(status.durability()) << '\n'
      << "store's clock: " << ShowTime(status.now_ms()) << "\n\n";
  TextTable table(
      {{"FIGURE", Align::kLeft}, {"VALUE"}, {"UNIT", Align::kLeft}, {"MEANING", Align::kLeft}});
  for (const v1::StatusFigure& figure : status.figures()) {
    table.AddRow({figure.name(), absl::StrCat(figure.value()), figure.unit(), figure.help()});
  }
  table.Flush(out);
}

void GetStatus(Session& session) {
  const auto status = session.client().GetStatus({});
  if (!status.ok()) return session.Failed(status.status());
  if (session.json()) {
    session.PrintJson(*status);
  } else {
    ShowStatus(session, *status);
  }
  if (!status->serving()) session.NotWell();
}

void CheckHealth(Session& session, const std::string& service) {
  const auto serving = session.client().IsServing(service);
  if (!serving.ok()) return session.Failed(serving.status());
  const std::string answer = *serving ? "SERVING" : "NOT_SERVING";
  if (session.json()) {
    google::protobuf::Struct document;
    (*document.mutable_fields())["status"].set_string_value(answer);
    session.PrintJson(document);
  } else {
    session.out() << answer << '\n';
  }
  if (!*serving) session.NotWell();
}

void AddBackup(CommandSpec root, Session& session) {
  auto request = std::make_shared<v1::BackupRequest>();
  CommandSpec command =
      root.AddCommand("backup", "Copy the store, while it serves, to a folder beside it");
  AddText(
      command, "NAME", [request](const std::string& name) { request->set_name(name); },
      "the new folder's name")
      .Required();
  command.Runs([&session, request] {
    session.Answer(session.client().Backup(*request), [&](const v1::BackupResponse& response) {
      if (response.code() != 0) return;
      session.out() << "backed up to " << Printable(response.path()) << ", " << response.bytes()
                    << " bytes\n";
    });
  });
}

void ShowAdopted(Session& session, bool dry_run, const v1::AdoptStockResponse& adopted) {
  std::ostream& out = session.out();
  TextTable table({{"FIGURE", Align::kLeft}, {"VALUE"}, {"MEANING", Align::kLeft}});
  const auto add = [&table](const char* figure, std::uint64_t value, const char* meaning) {
    table.AddRow({figure, absl::StrCat(value), meaning});
  };
  add("books", adopted.books(), "each begins with one movement, of request id adopt:BOOK");
  add("units", adopted.units(), "to be sold");
  add("sold out", adopted.sold_out_books(), "books with a stock of 0");
  add("locked units", adopted.locked_units(), "held by the Go service's orders: not taken over");
  add("log rows", adopted.log_rows(), "kept in origin_inventory_logs: not taken over");
  if (adopted.order_lines() > 0) {
    add("order lines", adopted.order_lines(), "remembered in Redis: duplicates from now on");
    add("unknown quantities", adopted.unknown_quantities(),
        "of those order lines: any quantity is a duplicate");
  }
  if (adopted.corrected_books() > 0) {
    add("corrected", adopted.corrected_books(), "books that the Go service's tables had otherwise");
  }
  table.Flush(out);
  if (adopted.locked_units() > 0) {
    out << "\nThe orders that hold the locked units are not known here. For each that ends "
           "unpaid,\n"
           "restock what it held. The books are those with locked_stock > 0 in the table "
           "inventory,\n"
           "which is origin_inventory once it has been taken over.\n";
  }
  out << (dry_run ? "\nnothing was changed; without --dry-run this is taken over\n"
                  : "\ntaken over; the service begins to serve it by itself\n");
}

void AddAdopt(CommandSpec root, Session& session) {
  auto request = std::make_shared<v1::AdoptStockRequest>();
  CommandSpec command = root.AddCommand(
      "adopt",
      "Take over the stock that the earlier Go service has in the store's MySQL database or Redis");
  command.AddFlag(
      "--dry-run", [request] { request->set_dry_run(true); },
      "check it and say what there is, change nothing");
  command.Runs([&session, request] {
    session.Answer(session.client().AdoptStock(*request),
                   [&](const v1::AdoptStockResponse& response) {
                     if (response.code() == 0) ShowAdopted(session, request->dry_run(), response);
                   });
  });
}

}  // namespace

void AddAdminCommands(CommandSpec root, Session& session) {
  root.AddCommand("status", "Show the service, its store and their figures").Runs([&session] {
    GetStatus(session);
  });

  auto service = std::make_shared<std::string>();
  CommandSpec health = root.AddCommand("health", "Ask the standard health service");
  AddPlainText(health, "--service", service, "of this gRPC service; absent: of the whole server");
  health.Runs([&session, service] { CheckHealth(session, *service); });

  AddBackup(root, session);
  AddAdopt(root, session);
}

}  // namespace inventory
