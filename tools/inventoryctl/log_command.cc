// logs: a book's movements, once or as they come.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tools/inventoryctl/commands.h"
#include "tools/inventoryctl/fields.h"
#include "tools/inventoryctl/movement_table.h"
#include "tools/inventoryctl/values.h"

namespace inventory {
namespace {

constexpr std::uint32_t kLargestPage = 100;

struct LogOptions {
  v1::GetInventoryLogsRequest request;
  bool all = false;
  bool follow = false;
};

// Shows movements as a table or as one JSON document a movement.
class MovementPrinter {
 public:
  explicit MovementPrinter(Session& session) : session_(session) {}
  void Add(const v1::InventoryLog& movement) {
    if (session_.json()) {
      session_.PrintJson(movement);
    } else {
      table_.Add(movement);
    }
  }
  void Flush() {
    if (!session_.json()) table_.Flush(session_.out());
  }

 private:
  Session& session_;
  MovementTable table_;
};

// One page, or with --all every page, newest first.
void ShowPages(Session& session, const LogOptions& options) {
  v1::GetInventoryLogsRequest request = options.request;
  if (options.all) request.set_page_size(kLargestPage);
  MovementTable table;
  for (;;) {
    const auto response = session.client().GetInventoryLogs(request);
    const bool answered = session.Answer(response, [&](const v1::GetInventoryLogsResponse& page) {
      for (const v1::InventoryLog& movement : page.logs()) table.Add(movement);
      if (page.code() == 0) table.Flush(session.out());
    });
    if (!answered || response->next_page_token().empty()) return;
    if (!options.all) {
      if (!session.json()) session.Note("there is more: --page, or --all");
      return;
    }
    request.clear_page();
    request.set_page_token(response->next_page_token());
  }
}

// What the service would leave out: a follower reads without a filter, so that it knows by the
// sequence where it was.
bool Wanted(const v1::GetInventoryLogsRequest& filter, const v1::InventoryLog& movement) {
  return (filter.order_id() == 0 || movement.order_id() == filter.order_id()) &&
         (filter.change_type().empty() || movement.change_type() == filter.change_type()) &&
         movement.created_at_ms() >= filter.since_ms() &&
         (filter.until_ms() == 0 || movement.created_at_ms() < filter.until_ms());
}

// Adds the movements after `sequence`, newest first, and moves `sequence` to the last one. False
// after a refusal or fault, which has been reported.
bool ReadNewer(Session& session, std::uint64_t book, std::uint64_t& sequence,
               std::vector<v1::InventoryLog>& newer) {
  v1::GetInventoryLogsRequest request;
  request.set_book_id(book);
  request.set_page_size(kLargestPage);
  const std::uint64_t known = sequence;
  for (;;) {
    const auto page = session.client().GetInventoryLogs(request);
    if (!page.ok()) {
      session.Failed(page.status());
      return false;
    }
    if (page->code() != 0) {
      session.Refused(page->code(), page->message());
      return false;
    }
    for (const v1::InventoryLog& movement : page->logs()) {
      if (movement.sequence() <= known) return true;
      sequence = std::max(sequence, movement.sequence());
      newer.push_back(movement);
    }
    if (page->next_page_token().empty()) return true;
    request.set_page_token(page->next_page_token());
  }
}

// The newest page first, oldest line at the top, then each movement as it comes, until the watch
// ends. The watch only says when to look: what is shown is the log, without a gap.
void Follow(Session& session, const LogOptions& options) {
  const std::uint64_t book = options.request.book_id();
  v1::GetInventoryLogsRequest newest;
  newest.set_book_id(book);
  newest.set_page_size(1);
  const auto start = session.client().GetInventoryLogs(newest);
  const auto page = session.client().GetInventoryLogs(options.request);
  for (const auto* response : {&start, &page}) {
    if (!response->ok()) return session.Failed(response->status());
    if ((*response)->code() != 0) {
      return session.Refused((*response)->code(), (*response)->message());
    }
  }
  MovementPrinter printer(session);
  std::uint64_t sequence = start->total();
  for (int i = page->logs_size(); i-- > 0;) {
    // What came between the two calls comes again, in its place.
    if (page->logs(i).sequence() <= sequence) printer.Add(page->logs(i));
  }
  printer.Flush();

  v1::WatchStockRequest watch;
  watch.add_book_ids(book);
  const absl::Status ended = session.client().WatchStock(watch, [&](const v1::WatchStockResponse&) {
    std::vector<v1::InventoryLog> newer;
    const bool read = ReadNewer(session, book, sequence, newer);
    std::reverse(newer.begin(), newer.end());
    for (const v1::InventoryLog& movement : newer) {
      if (Wanted(options.request, movement)) printer.Add(movement);
    }
    printer.Flush();
    return read && session.out();
  });
  if (!ended.ok()) session.Failed(ended);
}

void AddTime(CommandSpec command, const std::string& name,
             const std::shared_ptr<LogOptions>& options,
             void (v1::GetInventoryLogsRequest::*set)(std::int64_t), const std::string& help) {
  command.AddValue(
      name, "TIME",
      [options, set](const std::string& text) {
        ASSIGN_OR_RETURN(const absl::Time time,
                         ParseTime(text, absl::Now(), absl::LocalTimeZone()));
        (options->request.*set)(absl::ToUnixMillis(time));
        return absl::OkStatus();
      },
      help);
}

}  // namespace

void AddLogCommand(CommandSpec root, Session& session) {
  using Request = v1::GetInventoryLogsRequest;
  auto options = std::make_shared<LogOptions>();
  const std::shared_ptr<Request> request(options, &options->request);
  CommandSpec command = root.AddCommand("logs", "Show a book's movements, newest first");
  AddNumber(command, "BOOK", request, &Request::set_book_id, "the book").Required();
  const Argument page = AddNumber(command, "--page", request, &Request::set_page, "from 1");
  AddNumber(command, "--page-size", request, &Request::set_page_size, "at most 100, default 20");
  AddNumber(command, "--order", request, &Request::set_order_id, "only this order's");
  AddText(
      command, "--type", [request](const std::string& type) { request->set_change_type(type); },
      "only deduct, release, restock, reserve, confirm, cancel, expire or adjust");
  AddTime(
      command, "--since", options, &Request::set_since_ms,
      "from this time on: 2026-11-23, \"2026-11-23 10:30\", or 15m for a quarter of an hour ago");
  AddTime(command, "--until", options, &Request::set_until_ms, "before this time");
  const Argument all = command
                           .AddFlag(
                               "--all", [options] { options->all = true; }, "every page")
                           .Excludes(page);
  command
      .AddFlag(
          "--follow,-f", [options] { options->follow = true; },
          "go on as movements come; oldest first")
      .Excludes(page)
      .Excludes(all);
  command.Runs([&session, options] {
    if (options->follow) {
      Follow(session, *options);
    } else {
      ShowPages(session, *options);
    }
  });
}

}  // namespace inventory
