// export, import: everything a store knows as a file (fact_file.h).
#include <fstream>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/delimited.h"
#include "tools/inventoryctl/commands.h"
#include "tools/inventoryctl/fact_file.h"
#include "tools/inventoryctl/fields.h"
#include "tools/inventoryctl/progress_line.h"
#include "tools/inventoryctl/text_table.h"

namespace inventory {
namespace {

// Of one request: the service takes it as one step, and messages of at most 4 MiB.
constexpr int kFactsPerRequest = 10'000;
constexpr std::uint64_t kBytesPerRequest = 1 << 20;
constexpr std::uint64_t kFactsPerStep = 50'000;

std::string Figures(const v1::ExportTrailer& trailer) {
  return absl::StrCat(trailer.movements(), " movements, ", trailer.balances(), " balances, ",
                      trailer.lines(), " order lines, ", trailer.reservations(), " reservations, ",
                      trailer.requests(), " request ids");
}

// ---- export -------------------------------------------------------------------------------------

// Where an export goes: a file, or the standard output.
class ExportTarget {
 public:
  ExportTarget(Session& session, std::unique_ptr<FactFileWriter> file)
      : session_(session), file_(std::move(file)) {}

  absl::Status Write(const std::string& bytes) {
    if (file_) return file_->Write(bytes);
    session_.out() << bytes;
    return session_.out() ? absl::OkStatus() : absl::UnavailableError("the output is closed");
  }
  absl::Status Commit() { return file_ ? file_->Commit() : absl::OkStatus(); }

 private:
  Session& session_;
  const std::unique_ptr<FactFileWriter> file_;
};

// The stream into the target. The trailer, which agreed with what came, or why it is no export.
absl::StatusOr<v1::ExportTrailer> Download(Session& session, ExportTarget& target) {
  FactTally tally;
  std::optional<v1::ExportTrailer> trailer;
  absl::Status failed;
  ProgressLine progress(session, "exported", "facts", kFactsPerStep);
  const auto take = [&](const v1::StockFacts& fact) {
    const std::string bytes = fact.SerializeAsString();
    if (trailer) return absl::DataLossError("there is more after the trailer");
    if (fact.has_trailer()) {
      trailer = fact.trailer();
      const absl::Status agrees = tally.Check(*trailer, bytes);
      if (!agrees.ok()) return absl::DataLossError(agrees.message());
    } else {
      tally.Add(fact, bytes);
    }
    return target.Write(LengthPrefix(bytes.size()) + bytes);
  };
  const absl::Status ended =
      session.client().ExportStock({}, [&](const v1::ExportStockResponse& response) {
        for (const v1::StockFacts& fact : response.facts()) {
          if (failed.ok()) failed = take(fact);
        }
        progress.Show(tally.facts());
        return failed.ok();
      });
  if (!failed.ok()) return failed;
  if (!ended.ok()) return ended;
  if (!trailer) return absl::DataLossError("the export ended without its trailer: it was cut off");
  return *trailer;
}

void Export(Session& session, const std::string& path, bool replace) {
  const bool is_stdout = path == "-";
  if (is_stdout && session.json()) {
    return session.WrongUsage("--json and - both want the standard output; nothing was asked");
  }
  std::unique_ptr<FactFileWriter> file;
  if (!is_stdout) {
    auto created = FactFileWriter::Create(path, replace);
    if (!created.ok()) return session.WrongUsage(std::string(created.status().message()));
    file = *std::move(created);
  }
  ExportTarget target(session, std::move(file));
  const absl::StatusOr<v1::ExportTrailer> trailer = Download(session, target);
  if (!trailer.ok()) return session.Failed(trailer.status());
  if (const absl::Status committed = target.Commit(); !committed.ok()) {
    return session.Failed(committed);
  }
  if (session.json()) return session.PrintJson(*trailer);
  const std::string told = absl::StrCat("exported ", Figures(*trailer));
  if (is_stdout) return session.Note(told);
  session.out() << told << " to " << Printable(path) << '\n';
}

// ---- import -------------------------------------------------------------------------------------

// Everything is looked at before anything is sent.
absl::Status CheckFile(Session& session, std::istream& in) {
  FactFileReader reader(in);
  ProgressLine progress(session, "checked", "facts", kFactsPerStep);
  v1::StockFacts fact;
  while (true) {
    const absl::StatusOr<bool> more = reader.Next(fact);
    if (!more.ok()) return more.status();
    if (!*more) return absl::OkStatus();
    progress.Show(reader.facts());
  }
}

void Upload(Session& session, std::istream& in) {
  FactFileReader reader(in);
  ProgressLine progress(session, "sent", "facts", kFactsPerStep);
  absl::Status damaged;
  const auto response = session.client().ImportStock([&](v1::ImportStockRequest& request) {
    const std::uint64_t begin = reader.bytes();
    v1::StockFacts fact;
    while (request.facts_size() < kFactsPerRequest && reader.bytes() - begin < kBytesPerRequest) {
      const absl::StatusOr<bool> more = reader.Next(fact);
      damaged = more.status();
      if (!damaged.ok()) return false;  // without the trailer the service keeps nothing
      if (!*more) break;
      request.add_facts()->Swap(&fact);
    }
    progress.Show(reader.facts());
    return request.facts_size() > 0;
  });
  if (!damaged.ok()) {
    return session.Failed(absl::DataLossError(
        absl::StrCat(damaged.message(), "; the import was broken off and nothing of it is kept")));
  }
  session.Answer(response, [&](const v1::ImportStockResponse& answer) {
    if (answer.code() == 0) session.out() << "imported " << Figures(answer.imported()) << '\n';
  });
}

void Import(Session& session, const std::string& path) {
  if (path == "-") return Upload(session, session.streams().in);
  std::ifstream in(path, std::ios::binary);
  if (!in) {
    return session.WrongUsage(absl::StrCat(Printable(path), ": cannot open it; nothing was sent"));
  }
  if (const absl::Status good = CheckFile(session, in); !good.ok()) {
    return session.WrongUsage(absl::StrCat(
        Printable(path), ": nothing was sent: ", Printable(std::string(good.message()))));
  }
  in.clear();
  in.seekg(0);
  Upload(session, in);
}

}  // namespace

void AddTransferCommands(CommandSpec root, Session& session) {
  auto target = std::make_shared<std::string>();
  auto replace = std::make_shared<bool>(false);
  CommandSpec out =
      root.AddCommand("export", "Write everything the store knows to a file, while it serves");
  AddPlainText(out, "FILE", target, "the new file; -: the standard output").Required();
  out.AddFlag(
      "--force", [replace] { *replace = true; }, "replace a file that is there");
  out.Runs([&session, target, replace] { Export(session, *target, *replace); });

  auto source = std::make_shared<std::string>();
  CommandSpec in = root.AddCommand("import", "Fill an empty store from an export");
  AddPlainText(in, "FILE", source, "what export wrote; -: the standard input").Required();
  in.Runs([&session, source] { Import(session, *source); });
}

}  // namespace inventory
