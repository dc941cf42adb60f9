// export, import: everything a store knows as a file, one fact a line, as JSON.
#include <google/protobuf/util/json_util.h>

#include <fstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tools/inventoryctl/commands.h"
#include "tools/inventoryctl/fields.h"
#include "tools/inventoryctl/text_table.h"

namespace inventory {
namespace {

constexpr int kFactsPerRequest = 1'000;

void Export(Session& session) {
  std::uint64_t facts = 0;
  bool complete = false;
  const absl::Status ended =
      session.client().ExportStock({}, [&](const v1::ExportStockResponse& response) {
        for (const v1::StockFacts& fact : response.facts()) {
          session.PrintJson(fact);
          ++facts;
          complete = fact.has_trailer();
        }
        return static_cast<bool>(session.out());
      });
  if (!ended.ok()) return session.Failed(ended);
  if (!complete) return session.Failed(absl::DataLossError("the export has no end: do not use it"));
  session.Note(absl::StrCat(facts, " facts exported"));
}

// Reads the next fact. False at the end of the file, or with the error set.
bool ReadFact(std::istream& in, int& line, v1::StockFacts& fact, absl::Status& error) {
  std::string text;
  if (!std::getline(in, text)) return false;
  ++line;
  fact.Clear();
  const auto parsed = google::protobuf::util::JsonStringToMessage(text, &fact);
  if (parsed.ok() && fact.fact_case() != v1::StockFacts::FACT_NOT_SET) return true;
  error = absl::InvalidArgumentError(
      absl::StrCat("line ", line, ": is not a fact as JSON: ", parsed.ToString()));
  return false;
}

// Everything is looked at before anything is sent.
absl::Status Check(std::istream& in) {
  v1::StockFacts fact;
  int line = 0;
  absl::Status error;
  bool complete = false;
  while (ReadFact(in, line, fact, error)) {
    if (complete) return absl::InvalidArgumentError(absl::StrCat("line ", line, ": after the end"));
    if ((line == 1) != fact.has_header()) {
      return absl::InvalidArgumentError(
          absl::StrCat("line ", line, ": a header is the first line and only that"));
    }
    complete = fact.has_trailer();
  }
  if (error.ok() && !complete) error = absl::InvalidArgumentError("it has no end: it was cut off");
  return error;
}

void Import(Session& session, const std::string& file) {
  std::ifstream in(file);
  if (!in) return session.WrongUsage(absl::StrCat(file, ": cannot open it; nothing was sent"));
  absl::Status error = Check(in);
  if (!error.ok()) {
    return session.WrongUsage(
        absl::StrCat(file, ": nothing was sent:\n", Printable(std::string(error.message()))));
  }
  in.clear();
  in.seekg(0);
  int line = 0;
  const auto response = session.client().ImportStock([&](v1::ImportStockRequest& request) {
    v1::StockFacts fact;
    while (request.facts_size() < kFactsPerRequest && ReadFact(in, line, fact, error)) {
      request.add_facts()->Swap(&fact);
    }
    return request.facts_size() > 0;
  });
  session.Answer(response, [&](const v1::ImportStockResponse& answer) {
    if (answer.code() != 0) return;
    const v1::ExportTrailer& imported = answer.imported();
    session.out() << "imported " << imported.movements() << " movements, " << imported.balances()
                  << " balances, " << imported.lines() << " order lines, "
                  << imported.reservations() << " reservations, " << imported.requests()
                  << " request ids\n";
  });
}

}  // namespace

void AddTransferCommands(CommandSpec root, Session& session) {
  root.AddCommand("export", "Write everything the store knows to the standard output")
      .Runs([&session] { Export(session); });

  auto file = std::make_shared<std::string>();
  CommandSpec command = root.AddCommand("import", "Bring an export into an empty store");
  AddPlainText(command, "FILE", file, "what export wrote").Required();
  command.Runs([&session, file] { Import(session, *file); });
}

}  // namespace inventory
