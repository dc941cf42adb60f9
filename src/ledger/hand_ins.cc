#include "ledger/hand_ins.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "ledger/entry_commands.h"
#include "ledger/ledger_rows.h"
#include "ledger/line_replay.h"
#include "ledger/losses.h"
#include "ledger/quarantine.h"
#include "mysql/batch_facts.h"
#include "mysql/fact_loader.h"
#include "mysql/sql_text.h"
#include "telemetry/log.h"

namespace inventory {
namespace {

constexpr std::size_t kStatementBytes = 1 << 20;
// Entries decided in one transaction, each of some hundred changes at most.
constexpr int kEntriesAChunk = 256;

// Rows of ledger_hand_ins.
class Inserts {
 public:
  void Add(const std::string& token, std::uint64_t instance, const OutboxId& id, TimeMs time,
           const std::string& changes) {
    if (statements_.empty() || statements_.back().size() > kStatementBytes) {
      statements_.emplace_back(
          "INSERT INTO ledger_hand_ins (token, instance, epoch, number, time, changes) VALUES (");
    } else {
      statements_.back() += ",(";
    }
    std::string& sql = statements_.back();
    AppendQuoted(sql, token);
    absl::StrAppend(&sql, ",", instance, ",", id.epoch, ",", id.number, ",", QuotedTime(time),
                    ",_binary");
    AppendQuoted(sql, changes);
    sql += ')';
  }
  std::vector<std::string> Take() { return std::move(statements_); }

 private:
  std::vector<std::string> statements_;
};

// Notes that the instance is done. It may never have told that it is there.
absl::Status SetHandedIn(Connection& connection, const std::string& token, std::uint64_t instance) {
  const std::string where = absl::StrCat(" WHERE instance=", instance);
  ASSIGN_OR_RETURN(
      std::vector<SqlRows> results,
      connection.Run(absl::StrCat("SELECT instance FROM ledger_instances", where, " FOR UPDATE")));
  if (results.size() != 1) return UnexpectedAnswer();
  std::string quoted;
  AppendQuoted(quoted, token);
  if (results[0].Next()) {
    return connection
        .Run(absl::StrCat("UPDATE ledger_instances SET handed_in=", quoted,
                          ",seen_at=UTC_TIMESTAMP(3)", where))
        .status();
  }
  return connection
      .Run(absl::StrCat("INSERT INTO ledger_instances (instance, seen_at, handed_in) VALUES (",
                        instance, ",UTC_TIMESTAMP(3),", quoted, ")"))
      .status();
}

// Facts that are decided on at times gone by: a book's log does not run backwards for it.
class LateFacts : public BatchFacts {
 public:
  void NotBefore(TimeMs time) { not_before_ = time; }
  void Record(Movement movement) override {
    movement.time = std::max(movement.time, not_before_);
    ++movements_;
    BatchFacts::Record(std::move(movement));
  }
  std::uint64_t movements() const { return movements_; }

 private:
  TimeMs not_before_ = 0;
  std::uint64_t movements_ = 0;
};

// Reads everything needed, and then what that turned out to need.
absl::Status LoadAll(Connection& connection, NeededFacts& needed, std::optional<LateFacts>& facts) {
  for (;;) {
    facts.emplace();
    FactLoader loader(connection, FactLoader::Locks::kTake, needed, *facts);
    RETURN_IF_ERROR(loader.Load());
    facts->NotBefore(loader.newest_update());
    const std::vector<OrderId> unseen = facts->UnseenReservations();
    if (unseen.empty()) return absl::OkStatus();
    const std::size_t before = needed.reservations.size();
    needed.reservations.insert(unseen.begin(), unseen.end());
    if (needed.reservations.size() == before) {
      return absl::DataLossError(
          absl::StrCat("order ", unseen.front(), " has a reserved line and no reservation"));
    }
  }
}

}  // namespace

std::vector<std::string> HandOnStatements(const std::vector<const DecodedEntry*>& entries) {
  Inserts inserts;
  for (const DecodedEntry* entry : entries) {
    inserts.Add("", kFromTheOutbox, entry->id, entry->time, entry->changes);
  }
  return inserts.Take();
}

absl::StatusOr<absl::flat_hash_set<std::uint64_t>> ReadDecided(Connection& connection,
                                                               std::uint64_t epoch,
                                                               std::uint64_t first,
                                                               std::uint64_t behind) {
  ASSIGN_OR_RETURN(
      std::vector<SqlRows> results,
      connection.Run(absl::StrCat("SELECT DISTINCT number FROM ledger_hand_ins WHERE decided=1 AND"
                                  " epoch=",
                                  epoch, " AND number>=", first, " AND number<", behind)));
  if (results.size() != 1) return UnexpectedAnswer();
  absl::flat_hash_set<std::uint64_t> decided;
  while (results[0].Next()) decided.insert(results[0].U64(0));
  return decided;
}

absl::Status InsertHandIns(Connection& connection, const std::string& token, std::uint64_t instance,
                           const std::vector<RememberedEntry>& entries, bool complete) {
  return RunTransaction(connection, [&]() -> absl::Status {
    ASSIGN_OR_RETURN(const LockedLedger locked, LockLedger(connection, EpochLock::kShare));
    RETURN_IF_ERROR(locked.rows.CheckToken(token));
    if (locked.rows.state != EpochState::kRebuilding) {
      return absl::AbortedError("too late: what was handed in has been decided");
    }
    Inserts inserts;
    for (const RememberedEntry& entry : entries) {
      const bool numbered = entry.number != RememberedEntry::kNoNumber;
      const LedgerProgress& progress = locked.rows.progress;
      if (numbered && (entry.epoch != progress.epoch || entry.number < progress.applied)) continue;
      inserts.Add(token, instance, {entry.epoch, entry.number}, entry.time, entry.changes);
    }
    RETURN_IF_ERROR(connection.RunAll(inserts.Take()));
    if (complete) RETURN_IF_ERROR(SetHandedIn(connection, token, instance));
    return connection.Run("COMMIT").status();
  });
}

// ---- deciding -----------------------------------------------------------------------------------

struct HandInDecider::Chunk {
  std::vector<QuarantinedChange> quarantined;
  std::vector<DecodedEntry> entries;
  std::string drop;  // the statement that removes them
  std::uint64_t epoch = 0;
  std::uint64_t applied = 0;
  std::vector<LostChange> lost;

  bool empty() const { return drop.empty(); }
};

absl::Status HandInDecider::Run(HandInResult& result) {
  RETURN_IF_ERROR(CloseHandingIn());
  for (;;) {
    ASSIGN_OR_RETURN(const bool more, RunChunk(result));
    if (!more) return absl::OkStatus();
  }
}

absl::Status HandInDecider::CloseHandingIn() {
  return RunTransaction(connection_, [&]() -> absl::Status {
    ASSIGN_OR_RETURN(const LockedLedger locked, LockLedger(connection_, EpochLock::kUpdate));
    RETURN_IF_ERROR(locked.rows.CheckToken(token_));
    return connection_
        .Run(absl::StrCat("UPDATE redis_epochs SET state=", static_cast<int>(EpochState::kLoading),
                          ",token_at=UTC_TIMESTAMP(3) WHERE bucket=", kBucket, ";COMMIT"))
        .status();
  });
}

absl::StatusOr<bool> HandInDecider::RunChunk(HandInResult& result) {
  Chunk chunk;
  RETURN_IF_ERROR(RunTransaction(connection_, [&] {
    chunk = Chunk();
    return DecideChunk(chunk);
  }));
  result.applied += chunk.applied;
  for (const LostChange& lost : chunk.lost) {
    LogError("a change that was answered with yes could not be made again",
             {{"book", lost.book},
              {"order", lost.order},
              {"change", Name(lost.type)},
              {"quantity", lost.quantity},
              {"reason", lost.why}});
  }
  std::move(chunk.lost.begin(), chunk.lost.end(), std::back_inserter(result.lost));
  return !chunk.empty();
}

absl::Status HandInDecider::DecideChunk(Chunk& chunk) {
  ASSIGN_OR_RETURN(const LockedLedger locked, LockLedger(connection_, EpochLock::kUpdate));
  RETURN_IF_ERROR(locked.rows.CheckToken(token_));
  chunk.epoch = locked.rows.progress.epoch;
  RETURN_IF_ERROR(ReadQuarantined(chunk));
  if (chunk.empty()) RETURN_IF_ERROR(ReadHandIns(locked.rows.progress, chunk));
  if (chunk.empty()) return connection_.Run("COMMIT").status();

  NeededFacts needed;
  std::vector<DecodedEntry> changes;
  for (const QuarantinedChange& change : chunk.quarantined) {
    changes.push_back(AsEntry(change));
    LedgerBatch::AddNeeded(changes.back(), needed);
  }
  std::vector<EntryCommand> commands;
  for (const DecodedEntry& entry : chunk.entries) {
    for (EntryCommand& command : CommandsOf(entry)) {
      needed.Add(command.command);
      commands.push_back(std::move(command));
    }
  }
  std::optional<LateFacts> facts;
  RETURN_IF_ERROR(LoadAll(connection_, needed, facts));
  RowStatements statements;
  for (const DecodedEntry& change : changes) ReplayChange(change, *facts, statements, chunk.lost);
  for (EntryCommand& command : commands) {
    const std::string why = DecideAgain(command, *facts);
    if (why.empty()) continue;
    for (LostChange& lost : command.promised) {
      lost.why = absl::StrCat("decided again after a loss of data: ", why);
      chunk.lost.push_back(std::move(lost));
    }
  }
  facts->Write(statements);
  chunk.applied = facts->movements();
  RETURN_IF_ERROR(connection_.RunAll(LossStatements(chunk.epoch, chunk.lost)));
  return statements.Run(
      connection_,
      absl::StrCat(chunk.drop, ";UPDATE redis_epochs SET token_at=UTC_TIMESTAMP(3) WHERE bucket=",
                   kBucket, ";COMMIT"));
}

void HandInDecider::ReplayChange(const DecodedEntry& change, BatchFacts& facts,
                                 RowStatements& statements, std::vector<LostChange>& lost) {
  if (!change.facts.ok() || change.facts->empty()) return;
  const Fact& fact = change.facts->front();
  const std::string why = Replay(fact, facts);
  const auto* movement = std::get_if<Movement>(&fact);
  if (!movement) return;
  if (!why.empty()) {
    lost.push_back({movement->book, movement->order, movement->type, movement->quantity,
                    absl::StrCat("in quarantine, and could not be made after it: ", why)});
    return;
  }
  // A reserved line's place is told by the reservation that stands behind it.
  for (const Fact& other : *change.facts) {
    const auto* made = std::get_if<ReservationFact>(&other);
    if (!made) continue;
    for (std::size_t i = 0; i < made->reservation.lines.size(); ++i) {
      if (made->reservation.lines[i].book == movement->book) {
        statements.UpdatePosition({movement->order, movement->book}, static_cast<std::uint32_t>(i));
      }
    }
  }
}

absl::Status HandInDecider::ReadQuarantined(Chunk& chunk) {
  ASSIGN_OR_RETURN(std::vector<SqlRows> results,
                   connection_.Run(absl::StrCat("SELECT ", kQuarantineColumns,
                                                " FROM ledger_quarantine WHERE book_id<>0",
                                                kQuarantineOrder, " LIMIT ", kQuarantinePage)));
  if (results.size() != 1) return UnexpectedAnswer();
  while (results[0].Next()) {
    chunk.quarantined.push_back(inventory::ReadQuarantined(results[0]));
  }
  if (chunk.quarantined.empty()) return absl::OkStatus();
  const QuarantinedChange& last = chunk.quarantined.back();
  chunk.drop = absl::StrCat(
      "DELETE FROM ledger_quarantine WHERE book_id<>0 AND (epoch, number, position) <= (",
      last.entry.epoch, ",", last.entry.number, ",", last.position, ")");
  return absl::OkStatus();
}

// The outbox's own come first among those of a number, and those of no number last.
absl::Status HandInDecider::ReadHandIns(const LedgerProgress& progress, Chunk& chunk) {
  ASSIGN_OR_RETURN(
      std::vector<SqlRows> results,
      connection_.Run(absl::StrCat(
          "SELECT epoch, number, instance, time, changes, id FROM ledger_hand_ins WHERE decided=0"
          " ORDER BY epoch, number, instance, id LIMIT ",
          kEntriesAChunk)));
  if (results.size() != 1) return UnexpectedAnswer();
  std::optional<OutboxId> last;
  std::uint64_t least = RememberedEntry::kNoNumber;  // of the numbers, whatever their epoch
  std::uint64_t most = 0;
  std::vector<std::uint64_t> numbered;
  std::vector<std::uint64_t> unnumbered;
  while (results[0].Next()) {
    const OutboxId id{results[0].U64(0), results[0].U64(1)};
    const bool again = last == id;
    last = id;
    if (id.number == RememberedEntry::kNoNumber) {
      unnumbered.push_back(results[0].U64(5));
    } else {
      numbered.push_back(results[0].U64(5));
      least = std::min(least, id.number);
      most = std::max(most, id.number);
      const bool applied = results[0].U64(2) != kFromTheOutbox &&
                           (id.epoch != progress.epoch || id.number < progress.applied);
      if (again || applied) continue;
    }
    chunk.entries.push_back(Decode({id.epoch, id.number, ParseTime(results[0].Text(3)).value_or(0),
                                    std::string(results[0].Text(4))}));
  }
  if (!last) return absl::OkStatus();
  ASSIGN_OR_RETURN(const absl::flat_hash_set<std::uint64_t> decided,
                   ReadDecided(connection_, progress.epoch, least, most + 1));
  std::erase_if(chunk.entries, [&](const DecodedEntry& entry) {
    return entry.id.epoch == progress.epoch && decided.contains(entry.id.number);
  });
  if (!numbered.empty()) {
    chunk.drop = "UPDATE ledger_hand_ins SET decided=1, changes='' WHERE ";
    AppendIsOneOf(chunk.drop, "id", numbered);
  }
  if (!unnumbered.empty()) {
    if (!chunk.drop.empty()) chunk.drop += ';';
    chunk.drop += "DELETE FROM ledger_hand_ins WHERE ";
    AppendIsOneOf(chunk.drop, "id", unnumbered);
  }
  return absl::OkStatus();
}

}  // namespace inventory
