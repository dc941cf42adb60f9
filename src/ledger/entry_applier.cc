#include "ledger/entry_applier.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/crash_point.h"
#include "base/status_macros.h"
#include "ledger/hand_ins.h"
#include "ledger/quarantine.h"
#include "mysql/fact_loader.h"
#include "mysql/sql_text.h"
#include "telemetry/log.h"

namespace inventory {
namespace {

absl::Status CheckTerms(const LedgerRows& rows, const ApplyTerms& terms) {
  if (!rows.exist) return absl::AbortedError("the ledger has no epoch yet");
  if (!terms.token.empty()) return rows.CheckToken(terms.token);
  if (!rows.open()) return absl::AbortedError("the store is being rebuilt");
  if (rows.run_id != terms.run_id) {
    return absl::AbortedError("the epoch's data are those of another Redis server, or another run");
  }
  if (terms.writer != 0 && rows.writer != terms.writer) {
    return absl::AbortedError("another instance writes the ledger now");
  }
  return absl::OkStatus();
}

// Leaves out what is applied. DataLoss: what is left does not follow.
absl::Status PassOverApplied(const LedgerProgress& progress,
                             std::pair<const DecodedEntry*, const DecodedEntry*>& entries) {
  for (const DecodedEntry* entry = entries.first; entry != entries.second; ++entry) {
    if (entry->id.epoch != progress.epoch) {
      return absl::AbortedError(absl::StrCat("the entries are of epoch ", entry->id.epoch,
                                             ", the ledger is at epoch ", progress.epoch));
    }
    if (entry->id.number < progress.applied) entries.first = entry + 1;
  }
  std::uint64_t next = progress.applied;
  for (const DecodedEntry* entry = entries.first; entry != entries.second; ++entry, ++next) {
    if (entry->id.number != next) {
      return absl::DataLossError(
          absl::StrCat("the outbox has lost entry ", FormatOutboxId({progress.epoch, next}),
                       ": the one after the last applied is ", FormatOutboxId(entry->id)));
    }
  }
  return absl::OkStatus();
}

// For as many statements as the ids need; ascending, so that locks are taken in one order.
void AppendBookSelects(std::string& sql, const absl::btree_set<BookId>& books) {
  constexpr std::size_t kIdsAStatement = 500;
  std::vector<BookId> some;
  const auto append = [&] {
    absl::StrAppend(&sql, ";SELECT ", kBookColumns, " FROM inventory FORCE INDEX (PRIMARY) WHERE ");
    AppendIsOneOf(sql, "book_id", some);
    sql += " ORDER BY book_id FOR UPDATE";
    some.clear();
  };
  for (const BookId book : books) {
    some.push_back(book);
    if (some.size() == kIdsAStatement) append();
  }
  if (!some.empty()) append();
}

std::string MoveCursor(const LedgerProgress& progress) {
  return absl::StrCat("UPDATE ledger_cursor SET applied=", progress.applied,
                      ",movements=", progress.movements, ",as_of=", QuotedTime(progress.as_of),
                      ",watermark=", progress.watermark,
                      ",lease_at=UTC_TIMESTAMP(3) WHERE bucket=", kBucket, ";COMMIT");
}

void RaiseAlarms(const LedgerBatch& batch) {
  for (const QuarantinedChange& change : batch.newly_quarantined()) {
    LogError(
        change.book == 0
            ? "an outbox entry says nothing that this version knows; it is in quarantine (table "
              "ledger_quarantine)"
            : "a change does not fit the ledger; its book's changes go to quarantine from now on "
              "(table ledger_quarantine)",
        {{"book", change.book},
         {"entry", FormatOutboxId(change.entry)},
         {"reason", change.reason}});
  }
}

}  // namespace

absl::StatusOr<AppliedEntries> EntryApplier::Apply(const std::vector<DecodedEntry>& entries,
                                                   const ApplyTerms& terms) {
  return ApplyPart({entries.data(), entries.data() + entries.size()}, terms);
}

absl::StatusOr<AppliedEntries> EntryApplier::ApplyPart(Entries entries, const ApplyTerms& terms) {
  AppliedEntries applied;
  absl::Status done;
  for (const Care care : {Care::kTrust, Care::kLook}) {
    done = RunTransaction(connection_, [&] {
      const absl::Status attempt = Attempt(entries, terms, care, absl::OkStatus(), applied);
      // Tried again, the same would be refused again.
      return IsRowRefused(attempt)
                 ? absl::Status(absl::StatusCode::kInvalidArgument, attempt.message())
                 : attempt;
    });
    if (done.ok()) return applied;
    if (!absl::IsInvalidArgument(done)) return done;
  }
  return ApplyHalves(entries, terms, done);
}

// The server refuses a row and does not say whose: what is alone with it goes to quarantine.
absl::StatusOr<AppliedEntries> EntryApplier::ApplyHalves(Entries entries, const ApplyTerms& terms,
                                                         const absl::Status& refused) {
  AppliedEntries applied;
  const std::ptrdiff_t count = entries.second - entries.first;
  if (count <= 1) {
    RETURN_IF_ERROR(RunTransaction(
        connection_, [&] { return Attempt(entries, terms, Care::kRefuse, refused, applied); }));
    return applied;
  }
  const DecodedEntry* const middle = entries.first + count / 2;
  ASSIGN_OR_RETURN(applied, ApplyPart({entries.first, middle}, terms));
  const AppliedEntries first = applied;
  ASSIGN_OR_RETURN(applied, ApplyPart({middle, entries.second}, terms));
  applied.quarantined += first.quarantined;
  applied.handed_on += first.handed_on;
  return applied;
}

absl::Status EntryApplier::Attempt(Entries entries, const ApplyTerms& terms, Care care,
                                   const absl::Status& refused, AppliedEntries& applied) {
  NeededFacts needed;
  for (const DecodedEntry* entry = entries.first; entry != entries.second; ++entry) {
    LedgerBatch::AddNeeded(*entry, needed);
  }
  std::string selects = "SELECT DISTINCT book_id FROM ledger_quarantine WHERE book_id<>0";
  if (care == Care::kTrust) AppendBookSelects(selects, needed.books);
  ASSIGN_OR_RETURN(LockedLedger locked, LockLedger(connection_, EpochLock::kShare, selects));
  RETURN_IF_ERROR(CheckTerms(locked.rows, terms));
  LedgerProgress progress = locked.rows.progress;
  RETURN_IF_ERROR(PassOverApplied(progress, entries));

  BatchFacts rows;
  LedgerBatch batch;
  RETURN_IF_ERROR(LoadRows(locked.others, needed, care == Care::kLook ? &rows : nullptr, batch));
  std::vector<const DecodedEntry*> handed_on;
  absl::flat_hash_set<std::uint64_t> decided;
  if (!terms.token.empty() && entries.first != entries.second) {
    ASSIGN_OR_RETURN(decided, ReadDecided(connection_, progress.epoch, progress.applied,
                                          (entries.second - 1)->id.number + 1));
  }
  for (const DecodedEntry* entry = entries.first; entry != entries.second; ++entry) {
    if (decided.contains(entry->id.number)) {
      // An earlier rebuild was handed it in, and was cut short.
    } else if (care == Care::kRefuse) {
      batch.Refuse(*entry, std::string(refused.message()));
    } else if (!terms.token.empty() && entry->facts.ok() && !batch.Fits(*entry)) {
      handed_on.push_back(entry);
    } else {
      batch.Add(*entry);
    }
    progress.applied += 1;
  }
  progress.movements += batch.movements();
  progress.as_of = std::max(progress.as_of, terms.as_of);
  progress.watermark = std::max(progress.watermark, terms.watermark);
  RETURN_IF_ERROR(Write(batch, handed_on, MoveCursor(progress)));
  RaiseAlarms(batch);
  applied = {progress, batch.quarantined().size(), batch.quarantined_book_count(),
             handed_on.size()};
  return absl::OkStatus();
}

// `locked`: the books in quarantine, then books. `rows` not null: everything is read into it.
absl::Status EntryApplier::LoadRows(std::vector<SqlRows>& locked, NeededFacts& needed,
                                    BatchFacts* rows, LedgerBatch& batch) {
  if (locked.empty()) return UnexpectedAnswer();
  while (locked[0].Next()) batch.LoadQuarantined(locked[0].U64(0));
  for (std::size_t i = 1; i < locked.size(); ++i) {
    while (locked[i].Next()) {
      ASSIGN_OR_RETURN(const BookStock book, ReadBook(locked[i]));
      batch.LoadBook(book);
    }
  }
  if (!rows) return absl::OkStatus();
  FactLoader loader(connection_, FactLoader::Locks::kTake, needed, *rows);
  RETURN_IF_ERROR(loader.Load());
  for (const BookId book : needed.books) {
    if (const Balance* balance = rows->FindBook(book)) batch.LoadBook({book, true, *balance});
  }
  batch.LookInto(*rows);
  return absl::OkStatus();
}

absl::Status EntryApplier::Write(const LedgerBatch& batch,
                                 const std::vector<const DecodedEntry*>& handed_on,
                                 const std::string& cursor) {
  RETURN_IF_ERROR(connection_.RunAll(QuarantineStatements(batch.quarantined())));
  RETURN_IF_ERROR(connection_.RunAll(HandOnStatements(handed_on)));
  RowStatements statements(connection_.takes_bulk() ? RowStatements::Inserts::kBulk
                                                    : RowStatements::Inserts::kText);
  batch.Write(statements);
  CrashPoint("in_transaction");
  return statements.Run(connection_, cursor);
}

}  // namespace inventory
