// load: restocks from a file, which a repeated load does not do again.
#include <google/protobuf/struct.pb.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/mutex.h"
#include "base/utf8.h"
#include "tools/inventoryctl/commands.h"
#include "tools/inventoryctl/fields.h"
#include "tools/inventoryctl/number_file.h"
#include "tools/inventoryctl/text_table.h"

namespace inventory {
namespace {

// The service makes batches of what comes together, so many callers at once load a file quickly.
constexpr int kCallers = 32;
constexpr std::size_t kLongestName = 200;  // with what is added, a request id may have 255 bytes
// The contract's message for a request id that was used before with the same content.
constexpr char kDuplicate[] = "请求已处理（幂等性）";

struct LoadedRow {
  int line = 0;
  v1::RestockInventoryRequest request;
};

// The request id is the load's name and the how-many-eth row of its book this is: it stays the same
// when the file is loaded again, also after other books' rows were added, moved or removed. A row
// whose quantity was changed is refused by the service (40904).
std::vector<LoadedRow> MakeRestocks(const std::vector<NumberRow>& rows, const std::string& name) {
  std::map<std::uint64_t, int> rows_of_book;
  std::vector<LoadedRow> restocks;
  for (const NumberRow& row : rows) {
    LoadedRow& restock = restocks.emplace_back();
    restock.line = row.line;
    restock.request.set_book_id(row.numbers[0]);
    restock.request.set_quantity(static_cast<std::int32_t>(row.numbers[1]));
    restock.request.set_request_id(
        absl::StrCat("load:", name, "#", ++rows_of_book[row.numbers[0]]));
    restock.request.set_remark(absl::StrCat(name, " line ", row.line));
  }
  return restocks;
}

// Sends restocks from many threads and counts what came of them.
class Loader {
 public:
  struct Counts {
    std::size_t added = 0;
    std::int64_t units = 0;     // of the added lines
    std::size_t duplicate = 0;  // loaded before: nothing was added
    std::size_t refused = 0;
    absl::Status fault;  // the first one, which stopped the load

    std::size_t done() const { return added + duplicate + refused; }
  };

  Loader(Session& session, const std::vector<LoadedRow>& restocks)
      : session_(session),
        restocks_(restocks),
        refused_({{"LINE"}, {"CODE"}, {"MESSAGE", TextTable::Align::kLeft}, {"BOOK"}, {"STOCK"}}) {}

  Counts Run() {
    InventoryClient& client = session_.client();
    std::vector<std::thread> callers;
    callers.reserve(kCallers);
    for (int i = 0; i < kCallers; ++i) {
      callers.emplace_back([this, &client] {
        for (std::size_t n = next_++; n < restocks_.size() && Send(client, restocks_[n]);
             n = next_++) {
        }
      });
    }
    for (std::thread& caller : callers) caller.join();
    MutexLock lock(mutex_);
    if (session_.streams().progress) session_.streams().err << '\n';
    if (counts_.refused > 0 && !session_.json()) refused_.Flush(session_.out());
    return counts_;
  }

 private:
  // False: stop.
  bool Send(InventoryClient& client, const LoadedRow& restock) {
    const auto response = client.RestockInventory(restock.request);
    MutexLock lock(mutex_);
    if (!response.ok()) {
      if (counts_.fault.ok()) counts_.fault = response.status();
    } else if (response->code() != 0) {
      ++counts_.refused;
      refused_.AddRow({absl::StrCat(restock.line), absl::StrCat(response->code()),
                       response->message(), absl::StrCat(restock.request.book_id()),
                       absl::StrCat(response->current_stock())});
    } else if (response->message() == kDuplicate) {
      ++counts_.duplicate;
    } else {
      ++counts_.added;
      counts_.units += restock.request.quantity();
    }
    ShowProgress();
    return counts_.fault.ok();
  }

  void ShowProgress() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const std::size_t percent = counts_.done() * 100 / restocks_.size();
    if (!session_.streams().progress || percent == percent_shown_) return;
    percent_shown_ = percent;
    session_.streams().err << '\r' << counts_.done() << " of " << restocks_.size() << " lines, "
                           << percent << "%" << std::flush;
  }

  Session& session_;
  const std::vector<LoadedRow>& restocks_;
  std::atomic<std::size_t> next_{0};
  Mutex mutex_;
  Counts counts_ ABSL_GUARDED_BY(mutex_);
  TextTable refused_ ABSL_GUARDED_BY(mutex_);
  std::size_t percent_shown_ ABSL_GUARDED_BY(mutex_) = std::numeric_limits<std::size_t>::max();
};

void ShowSummary(Session& session, const std::string& name, std::size_t lines,
                 const Loader::Counts& counts) {
  if (session.json()) {
    google::protobuf::Struct summary;
    auto& fields = *summary.mutable_fields();
    fields["name"].set_string_value(name);
    const std::pair<const char*, double> numbers[] = {
        {"lines", static_cast<double>(lines)},
        {"added", static_cast<double>(counts.added)},
        {"units", static_cast<double>(counts.units)},
        {"loadedBefore", static_cast<double>(counts.duplicate)},
        {"refused", static_cast<double>(counts.refused)},
        {"unfinished", static_cast<double>(lines - counts.done())}};
    for (const auto& [key, number] : numbers) fields[key].set_number_value(number);
    session.PrintJson(summary);
  } else {
    session.out() << name << ": " << counts.added << " of " << lines << " lines added, "
                  << counts.units << " units; " << counts.duplicate << " loaded before, "
                  << counts.refused << " refused\n";
  }
  if (counts.duplicate > 0) {
    session.Note(absl::StrCat(counts.duplicate, " lines were loaded before under the name ", name,
                              ": nothing was added for them. A new delivery in a file of the same "
                              "name needs a --name of its own."));
  }
  if (counts.refused > 0) session.RefusedSome(counts.refused, lines);
  if (!counts.fault.ok()) {
    session.Failed(counts.fault);
    session.Note(absl::StrCat(
        lines - counts.done(),
        " lines are not finished; repeat the command: ", "what was added is not added again"));
  }
}

void Load(Session& session, const std::string& file, std::string name) {
  if (name.empty()) name = std::filesystem::path(file).filename().string();
  if (!IsUtf8(name) || name.size() > kLongestName) {
    return session.WrongUsage(
        absl::StrCat("the load's name must be UTF-8 of at most ", kLongestName,
                     " bytes; nothing was sent; give another one with --name"));
  }
  std::ifstream in(file);
  if (!in) return session.WrongUsage(absl::StrCat(file, ": cannot open it; nothing was sent"));
  const auto rows = ReadNumbers(in, {{"book_id", std::numeric_limits<std::uint64_t>::max()},
                                     {"quantity", std::numeric_limits<std::int32_t>::max()}});
  if (!rows.ok()) {
    return session.WrongUsage(
        absl::StrCat(file, ": nothing was sent:\n", std::string(rows.status().message())));
  }
  const std::vector<LoadedRow> restocks = MakeRestocks(*rows, name);
  ShowSummary(session, name, restocks.size(), Loader(session, restocks).Run());
}

}  // namespace

void AddLoadCommand(CommandSpec root, Session& session) {
  auto file = std::make_shared<std::string>();
  auto name = std::make_shared<std::string>();
  CommandSpec command = root.AddCommand(
      "load", "Restock from a file of book_id,quantity; loading it again adds nothing");
  AddPlainText(command, "FILE", file, "the file").Required();
  AddPlainText(command, "--name", name,
               "names this load for ever; absent: the file's name without its folder");
  command.Runs([&session, file, name] { Load(session, *file, *name); });
}

}  // namespace inventory
