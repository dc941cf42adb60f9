// reconcile, ledger, handover: for stock that is kept in two places, or moves from one to another.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tools/inventoryctl/commands.h"
#include "tools/inventoryctl/fields.h"
#include "tools/inventoryctl/progress_line.h"
#include "tools/inventoryctl/text_table.h"
#include "tools/inventoryctl/values.h"

namespace inventory {
namespace {

using Align = TextTable::Align;

// "1 book", "2 books".
std::string Counted(std::uint64_t count, const std::string& what) {
  return absl::StrCat(count, " ", what, count == 1 ? "" : "s");
}

std::string OfBook(std::uint64_t book) {
  return book == 0 ? "that name no book that could be read" : absl::StrCat("of book ", book);
}

// ---- reconcile ----------------------------------------------------------------------------------

struct Found {
  std::uint64_t checked = 0;
  std::uint64_t differing = 0;
  std::uint64_t repaired = 0;
};

void TellFound(Session& session, bool repairing, const Found& found) {
  if (!session.json()) {
    session.out() << Counted(found.checked, "book") << " checked, " << found.differing
                  << " of them different, " << found.repaired << " repaired\n";
  }
  const std::uint64_t left = found.differing - found.repaired;
  if (left == 0) return;
  session.NotWell();
  session.Note(absl::StrCat(Counted(left, "book"), " differing and not repaired; ",
                            repairing ? "look at the differences, and repeat it"
                                      : "--repair sets what differs to what the log says"));
}

void Reconcile(Session& session, const v1::ReconcileRequest& request) {
  constexpr std::uint64_t kBooksPerStep = 1'000;
  Found found;
  ProgressLine progress(session, "checked", "books", kBooksPerStep);
  const absl::Status ended =
      session.client().Reconcile(request, [&](const v1::ReconcileResponse& response) {
        found.checked = std::max(found.checked, response.books_checked());
        if (response.book_id() != 0) {
          ++found.differing;
          if (response.repaired()) ++found.repaired;
        }
        if (session.json()) {
          session.PrintJson(response);
        } else if (response.book_id() != 0) {
          progress.EndLine();
          session.out() << "book " << response.book_id() << ": " << Printable(response.difference())
                        << (response.repaired() ? " (repaired)" : "") << std::endl;
        }
        progress.Show(found.checked);
        return static_cast<bool>(session.out());
      });
  progress.EndLine();
  TellFound(session, request.repair(), found);
  if (!ended.ok()) session.Failed(ended);
}

constexpr char kReconcileHelp[] = R"(
The redis store decides in Redis and keeps the log in the database. This compares, while it serves,
each book's figures in Redis and in its row with what its log says. The log is right: --repair sets
the others to it, and records each repair in the table repairs. No stock moves.

Exit status 1: something differs and was not repaired.)";

void AddReconcile(CommandSpec root, Session& session) {
  auto request = std::make_shared<v1::ReconcileRequest>();
  CommandSpec command =
      root.AddCommand("reconcile", "Compare what Redis and the database say of each book");
  command.Explain(kReconcileHelp);
  AddNumbers(command, "BOOK", request, &v1::ReconcileRequest::add_book_ids, "the books; none: all");
  const Argument dry_run = command.AddFlag(
      "--dry-run", [request] { request->set_dry_run(true); },
      "only say what differs; the same as without it");
  command
      .AddFlag(
          "--repair", [request] { request->set_repair(true); },
          "set what differs to what the book's log says")
      .Excludes(dry_run);
  command.Runs([&session, request] { Reconcile(session, *request); });
}

// ---- ledger -------------------------------------------------------------------------------------

constexpr std::uint32_t kQuarantinePage = 1'000;

void ListQuarantine(Session& session) {
  TextTable table({{"BOOK"}, {"CHANGES"}, {"SINCE", Align::kLeft}, {"WHY", Align::kLeft}});
  v1::ListQuarantineRequest request;
  request.set_page_size(kQuarantinePage);
  bool is_empty = true;
  do {
    const auto response = session.client().ListQuarantine(request);
    const bool listed = session.Answer(response, [&](const v1::ListQuarantineResponse& page) {
      for (const v1::QuarantineInfo& book : page.books()) {
        is_empty = false;
        table.AddRow({absl::StrCat(book.book_id()), absl::StrCat(book.changes()),
                      ShowTime(book.since_ms()), Printable(book.reason())});
      }
      if (!is_empty) table.Flush(session.out());
    });
    if (!listed) return;
    request.set_after_book_id(response->next_after_book_id());
  } while (request.after_book_id() != 0 && session.out());
  if (is_empty && !session.json()) session.out() << "nothing is in quarantine\n";
}

void RetryQuarantine(Session& session, const v1::RetryQuarantineRequest& request) {
  const auto response = session.client().RetryQuarantine(request);
  const bool tried = session.Answer(response, [&](const v1::RetryQuarantineResponse& answer) {
    if (answer.code() != 0) return;
    session.out() << Counted(answer.changes(), "change") << " "
                  << (request.book_id() == 0 ? "understood, and now in quarantine under the book"
                                             : "applied")
                  << ", " << answer.left() << " left in quarantine\n";
  });
  if (!tried || response->left() == 0) return;
  session.NotWell();
  session.Note(absl::StrCat("what is left does not fit: ", Printable(response->reason())));
}

// What would be given up, as it stands now. Nothing, once that has been told: there is none.
std::string WarningOfSkip(Session& session, std::uint64_t book) {
  v1::ListQuarantineRequest request;
  request.set_after_book_id(book == 0 ? 0 : book - 1);
  request.set_page_size(2);  // book 0 may stand before book 1
  const auto response = session.client().ListQuarantine(request);
  if (!response.ok()) {
    session.Failed(response.status());
    return "";
  }
  const auto found =
      std::find_if(response->books().begin(), response->books().end(),
                   [book](const v1::QuarantineInfo& each) { return each.book_id() == book; });
  if (found == response->books().end()) {
    session.out() << "no changes " << OfBook(book) << " are in quarantine\n";
    return "";
  }
  return absl::StrCat(
      "Gives up ", Counted(found->changes(), "change"), " ", OfBook(book), ", the first made ",
      ShowTime(found->since_ms()), " (", Printable(found->reason()),
      ").\nCallers were told that they are done. They will never be in the log: their sales, "
      "restocks and\nreservations are recorded in the table ledger_losses, and that is all that "
      "is left of them.\nRedis still counts them: afterwards compare the book, with reconcile.");
}

void SkipQuarantine(Session& session, const v1::SkipQuarantineRequest& request, bool confirmed) {
  if (!confirmed) {
    const std::string warning = WarningOfSkip(session, request.book_id());
    if (warning.empty() || !session.IsConfirmed(warning)) return;
  }
  session.Answer(
      session.client().SkipQuarantine(request), [&](const v1::SkipQuarantineResponse& answer) {
        if (answer.code() != 0) return;
        session.out() << Counted(answer.changes(), "change") << " " << OfBook(request.book_id())
                      << " given up and recorded in ledger_losses, " << answer.left()
                      << " left in quarantine\n";
        if (request.book_id() != 0 && answer.changes() > 0) {
          session.out() << "next: inventoryctl reconcile " << request.book_id()
                        << "    what Redis has and the log has not\n";
        }
      });
}

Argument AddYes(CommandSpec command, const std::shared_ptr<bool>& confirmed) {
  return command.AddFlag(
      "--yes", [confirmed] { *confirmed = true; }, "do not ask");
}

constexpr char kLedgerHelp[] = R"(
A change that was made in Redis and does not fit the book's log in the database goes to quarantine,
and every later one of that book behind it. Other books go on. First find out why (list says what
does not fit), then put it right and retry; skip is for what can never fit.

  inventoryctl ledger list            which books, since when, why
  inventoryctl ledger retry 7         exit status 1: some of book 7's still do not fit
  inventoryctl ledger skip 7          given up; recorded as lost in the table ledger_losses
  inventoryctl reconcile --repair 7   afterwards: Redis still has what was given up)";

void AddLedger(CommandSpec root, Session& session) {
  CommandSpec ledger =
      root.AddCommands("ledger", "See to changes in Redis that the database could not take over");
  ledger.Explain(kLedgerHelp);
  ledger.AddCommand("list", "Show which books are in quarantine, since when, and why")
      .Runs([&session] { ListQuarantine(session); });

  auto retried = std::make_shared<v1::RetryQuarantineRequest>();
  CommandSpec retry =
      ledger.AddCommand("retry", "Apply a book's changes, in order, as far as they fit by now");
  AddNumber(retry, "BOOK", retried, &v1::RetryQuarantineRequest::set_book_id,
            "the book; 0: look again at what named no book that could be read")
      .Required();
  retry.Runs([&session, retried] { RetryQuarantine(session, *retried); });

  auto skipped = std::make_shared<v1::SkipQuarantineRequest>();
  auto confirmed = std::make_shared<bool>(false);
  CommandSpec skip =
      ledger.AddCommand("skip", "Give a book's changes up for good; says first what they are");
  AddNumber(skip, "BOOK", skipped, &v1::SkipQuarantineRequest::set_book_id,
            "the book; 0: what names no book that could be read")
      .Required();
  AddYes(skip, confirmed);
  skip.Runs([&session, skipped, confirmed] { SkipQuarantine(session, *skipped, *confirmed); });
}

// ---- handover -----------------------------------------------------------------------------------

void HandOver(Session& session, const v1::HandOverRequest& request, bool confirmed) {
  const std::string warning = absl::StrCat(
      "Hands the stock in the database over to the ", request.to(),
      " store, after what is under way; nothing is lost.\nFrom then on every instance of the "
      "present store refuses all calls, until instances with store: ",
      request.to(), " are\nstarted on the database. It may be handed back in the same way.");
  if (!confirmed && !session.IsConfirmed(warning)) return;
  session.Answer(session.client().HandOver(request), [&](const v1::HandOverResponse& answer) {
    if (answer.code() != 0) return;
    session.out() << "handed over to the " << request.to() << " store\n"
                  << "next: " << Printable(answer.next()) << '\n';
  });
}

constexpr char kHandOverHelp[] = R"(
The stock of the mysql and the redis store is in the same tables, and one of the two owns it. This
changes the owner, after what is under way: nothing is lost, and nothing is copied. From then on the
store that had it refuses all calls, in every instance, until instances of the other are started:

  inventoryctl handover --to redis    asks, then says what to do next
  store: redis                        in the configuration of every instance; restart them all
  inventoryctl status                 serving, once Redis has been filled from the tables

With --to mysql it goes the other way, once no book is in quarantine (inventoryctl ledger list).)";

void AddHandOver(CommandSpec root, Session& session) {
  auto request = std::make_shared<v1::HandOverRequest>();
  auto confirmed = std::make_shared<bool>(false);
  CommandSpec command =
      root.AddCommand("handover", "Leave the database's stock to the other store, mysql or redis");
  command.Explain(kHandOverHelp);
  command
      .AddValue(
          "--to", "mysql|redis",
          [request](const std::string& store) {
            if (store != "mysql" && store != "redis") {
              return absl::InvalidArgumentError("is neither mysql nor redis");
            }
            request->set_to(store);
            return absl::OkStatus();
          },
          "the store that takes over")
      .Required();
  AddYes(command, confirmed);
  command.Runs([&session, request, confirmed] { HandOver(session, *request, *confirmed); });
}

}  // namespace

void AddLedgerCommands(CommandSpec root, Session& session) {
  AddReconcile(root, session);
  AddLedger(root, session);
  AddHandOver(root, session);
}

}  // namespace inventory
