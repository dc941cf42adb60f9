#include "ledger/mysql_ledger.h"

#include <algorithm>
#include <optional>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "ledger/entry_applier.h"
#include "ledger/hand_ins.h"
#include "ledger/look_up.h"
#include "ledger/losses.h"
#include "ledger/origin_adoption.h"
#include "mysql/fact_export.h"
#include "mysql/reads.h"
#include "mysql/schema.h"
#include "mysql/sql_text.h"
#include "mysql/store_owner.h"

namespace inventory {
namespace {

constexpr std::size_t kExportQueue = 16;
// A book's new state may be seen this much later than others of its time: a transaction is visible
// at its end. Longer than any transaction lives.
constexpr TimeMs kOverlap = 20'000;

std::string Quoted(std::string_view text) {
  std::string sql;
  AppendQuoted(sql, text);
  return sql;
}

std::string CloseUnder(const std::string& token) {
  return absl::StrCat("UPDATE redis_epochs SET state=", static_cast<int>(EpochState::kRebuilding),
                      ",token=", Quoted(token),
                      ",token_at=UTC_TIMESTAMP(3) WHERE bucket=", kBucket);
}

// Both rows at epoch 0, closed. FailedPrecondition: there is stock, and it came from elsewhere.
absl::StatusOr<std::string> BeginAtZero(Connection& connection, const std::string& token) {
  ASSIGN_OR_RETURN(std::vector<SqlRows> results,
                   connection.Run("SELECT EXISTS(SELECT 1 FROM inventory) OR EXISTS(SELECT 1 FROM"
                                  " inventory_logs) OR EXISTS(SELECT 1 FROM order_lines) OR"
                                  " EXISTS(SELECT 1 FROM reservations)"));
  if (results.size() != 1 || !results[0].Next()) return UnexpectedAnswer();
  if (results[0].U64(0) != 0) {
    return absl::FailedPreconditionError(
        "the database holds stock but no epoch of a redis store: take the stock over with "
        "inventoryctl handover, or name an empty database in database.dsn");
  }
  return absl::StrCat(
      "INSERT INTO redis_epochs (bucket, epoch, run_id, master_replid, state, token, token_at)"
      " VALUES (",
      kBucket, ",0,'','',", static_cast<int>(EpochState::kRebuilding), ",", Quoted(token),
      ",UTC_TIMESTAMP(3));"
      "INSERT INTO ledger_cursor (bucket, epoch, applied, movements, as_of, watermark, lease_at)"
      " VALUES (",
      kBucket, ",0,0,0,'1970-01-01',0,'1970-01-01')");
}

// SQL for the highest order id there is.
constexpr char kHighestOrder[] =
    "GREATEST(COALESCE((SELECT MAX(order_id) FROM order_lines),0),"
    "COALESCE((SELECT MAX(order_id) FROM reservations),0))";

}  // namespace

MysqlLedger::MysqlLedger(const MysqlLedgerSettings& settings)
    : pool_(settings.dsn, std::max(settings.max_connections, 1)),
      exports_("ledger-export", kExportQueue) {}

MysqlLedger::~MysqlLedger() { exports_.Stop(); }

absl::Status MysqlLedger::Open() {
  MutexLock lock(open_mutex_);
  if (open_) return absl::OkStatus();
  const auto prepare = [](Connection& connection) {
    return PrepareSchema(connection, kRedisOwner);
  };
  RETURN_IF_ERROR(pool_.WithOnce(prepare));
  open_ = true;
  return absl::OkStatus();
}

template <typename Body>
absl::Status MysqlLedger::Change(Connection& connection, Body body) {
  return RunTransaction(connection, [&]() -> absl::Status {
    ASSIGN_OR_RETURN(const LockedLedger locked, LockLedger(connection, EpochLock::kUpdate));
    ASSIGN_OR_RETURN(const std::string sql, body(locked.rows));
    return connection.Run(absl::StrCat(sql, sql.empty() ? "" : ";", "COMMIT")).status();
  });
}

// ---- looking things up --------------------------------------------------------------------------

absl::StatusOr<LedgerEpoch> MysqlLedger::ReadEpoch() {
  return With([](Connection& connection) -> absl::StatusOr<LedgerEpoch> {
    ASSIGN_OR_RETURN(LedgerRows rows, ReadLedgerRows(connection));
    LedgerEpoch epoch;
    if (!rows.exist) return epoch;
    epoch.epoch = rows.progress.epoch;
    epoch.run_id = std::move(rows.run_id);
    epoch.replication_id = std::move(rows.replication_id);
    if (!rows.open()) {
      epoch.token = std::move(rows.token);
      epoch.token_is_stale = rows.token_is_stale;
    }
    epoch.progress = rows.progress;
    return epoch;
  });
}

absl::StatusOr<LedgerAnswer> MysqlLedger::LookUp(const LedgerQuestion& question) {
  return With([&](Connection& connection) { return inventory::LookUp(connection, question); });
}

absl::StatusOr<StockPage> MysqlLedger::ListStock(const StockListQuery& query) {
  return With([&](Connection& connection) { return inventory::ListStock(connection, query); });
}

absl::StatusOr<OrderFacts> MysqlLedger::ReadOrder(OrderId order, bool want_movements, TimeMs now) {
  return With(
      [&](Connection& connection) { return ReadOrderAt(connection, now, order, want_movements); });
}

absl::StatusOr<MovementPage> MysqlLedger::ReadMovements(const MovementQuery& query) {
  return With([&](Connection& connection) { return inventory::ReadMovements(connection, query); });
}

absl::StatusOr<std::vector<OpenReservation>> MysqlLedger::ListOpenReservations(OrderId after,
                                                                               int limit) {
  return With([&](Connection& connection) {
    return inventory::ListOpenReservations(connection, after, limit);
  });
}

absl::StatusOr<std::vector<BookStock>> MysqlLedger::ReadChanged(TimeMs& until) {
  return With([&](Connection& connection) -> absl::StatusOr<std::vector<BookStock>> {
    std::vector<BookStock> changed;
    if (until == 0) {
      ASSIGN_OR_RETURN(std::vector<SqlRows> results,
                       connection.Run("SELECT MAX(updated_at) FROM inventory"));
      if (results.size() != 1 || !results[0].Next()) return UnexpectedAnswer();
      until = std::max<TimeMs>(ParseTime(results[0].Text(0)).value_or(0), 1);
      return changed;
    }
    ASSIGN_OR_RETURN(std::vector<SqlRows> results,
                     connection.Run(absl::StrCat("SELECT ", kBookColumns,
                                                 " FROM inventory FORCE INDEX"
                                                 " (idx_inventory_updated_at) WHERE updated_at>=",
                                                 QuotedTime(until - kOverlap))));
    if (results.size() != 1) return UnexpectedAnswer();
    while (results[0].Next()) {
      ASSIGN_OR_RETURN(const BookStock stock, ReadBook(results[0]));
      changed.push_back(stock);
      until = std::max(until, ParseTime(results[0].Text(4)).value_or(0));
    }
    return changed;
  });
}

absl::StatusOr<std::unique_ptr<FactReader>> MysqlLedger::Export() {
  RETURN_IF_ERROR(Open());
  return OpenExport(pool_.dsn(), exports_);
}

// ---- instances ----------------------------------------------------------------------------------

absl::Status MysqlLedger::Beat(std::uint64_t instance) {
  return With([&](Connection& connection) -> absl::Status {
    return RunTransaction(connection, [&]() -> absl::Status {
      const std::string where = absl::StrCat(" WHERE instance=", instance);
      ASSIGN_OR_RETURN(
          std::vector<SqlRows> results,
          connection.Run(absl::StrCat("UPDATE ledger_instances SET seen_at=UTC_TIMESTAMP(3)", where,
                                      ";SELECT instance FROM ledger_instances", where)));
      if (results.size() != 1) return UnexpectedAnswer();
      if (results[0].Next()) return absl::OkStatus();
      return connection
          .Run(absl::StrCat("INSERT INTO ledger_instances (instance, seen_at) VALUES (", instance,
                            ",UTC_TIMESTAMP(3))"))
          .status();
    });
  });
}

absl::Status MysqlLedger::Leave(std::uint64_t instance) {
  return With([&](Connection& connection) {
    return connection.Run(absl::StrCat("DELETE FROM ledger_instances WHERE instance=", instance))
        .status();
  });
}

// ---- rebuilding ---------------------------------------------------------------------------------

absl::Status MysqlLedger::CloseEpoch(std::uint64_t epoch, const std::string& token) {
  return With([&](Connection& connection) {
    return Change(connection, [&](const LedgerRows& rows) -> absl::StatusOr<std::string> {
      if (!rows.exist && epoch == 0) return BeginAtZero(connection, token);
      if (!rows.exist || rows.progress.epoch != epoch) {
        return absl::AbortedError(
            absl::StrCat("the ledger is at epoch ", rows.progress.epoch, ", not ", epoch));
      }
      if (!rows.open() && rows.token == token && rows.state == EpochState::kLoading) {
        return std::string();  // hand-ins stay refused
      }
      if (!rows.open() && rows.token != token && !rows.token_is_stale) {
        return absl::AbortedError("another instance rebuilds the store");
      }
      return CloseUnder(token);
    });
  });
}

// The epoch's row alone: whoever holds more of the ledger is not waited for.
absl::Status MysqlLedger::RenewToken(const std::string& token) {
  return With([&](Connection& connection) {
    return RunTransaction(connection, [&]() -> absl::Status {
      const std::string where = absl::StrCat(" WHERE bucket=", kBucket, " AND state<>'open' AND",
                                             " token=", Quoted(token));
      ASSIGN_OR_RETURN(
          std::vector<SqlRows> results,
          connection.Run(absl::StrCat("START TRANSACTION;SELECT token FROM redis_epochs", where,
                                      " FOR UPDATE;UPDATE redis_epochs SET"
                                      " token_at=UTC_TIMESTAMP(3)",
                                      where, ";COMMIT")));
      if (results.size() != 1) return UnexpectedAnswer();
      return results[0].Next() ? absl::OkStatus() : LedgerRows().CheckToken(token);
    });
  });
}

absl::Status MysqlLedger::Drain(const std::string& token,
                                const std::vector<RememberedEntry>& entries) {
  ApplyTerms terms;
  terms.token = token;
  for (std::size_t next = 0; next < entries.size();) {
    std::vector<DecodedEntry> portion;
    for (std::size_t changes = 0; next < entries.size() && changes < EntryApplier::kMovements;) {
      portion.push_back(Decode(entries[next++]));
      changes += portion.back().facts.ok() ? portion.back().facts->size() : 1;
    }
    RETURN_IF_ERROR(With([&](Connection& connection) {
      return EntryApplier(connection).Apply(portion, terms).status();
    }));
  }
  return absl::OkStatus();
}

absl::Status MysqlLedger::HandIn(const std::string& token, std::uint64_t instance,
                                 const std::vector<RememberedEntry>& entries, bool complete) {
  return With([&](Connection& connection) {
    return InsertHandIns(connection, token, instance, entries, complete);
  });
}

absl::StatusOr<std::vector<std::uint64_t>> MysqlLedger::MissingHandIns(const std::string& token) {
  return With([&](Connection& connection) -> absl::StatusOr<std::vector<std::uint64_t>> {
    ASSIGN_OR_RETURN(const LedgerRows rows, ReadLedgerRows(connection));
    RETURN_IF_ERROR(rows.CheckToken(token));
    ASSIGN_OR_RETURN(
        std::vector<SqlRows> results,
        connection.Run(absl::StrCat("SELECT instance FROM ledger_instances WHERE seen_at >="
                                    " UTC_TIMESTAMP(3) - INTERVAL ",
                                    kInstanceLife * 1'000, " MICROSECOND AND handed_in<>",
                                    Quoted(token), " ORDER BY instance")));
    if (results.size() != 1) return UnexpectedAnswer();
    std::vector<std::uint64_t> missing;
    while (results[0].Next()) missing.push_back(results[0].U64(0));
    return missing;
  });
}

absl::StatusOr<HandInResult> MysqlLedger::ApplyHandIns(const std::string& token) {
  HandInResult result;
  RETURN_IF_ERROR(
      With([&](Connection& connection) { return HandInDecider(connection, token).Run(result); }));
  return result;
}

absl::StatusOr<std::uint64_t> MysqlLedger::NextEpoch(const std::string& token,
                                                     std::uint64_t at_least,
                                                     const std::string& run_id,
                                                     const std::string& replication_id) {
  std::uint64_t next = 0;
  RETURN_IF_ERROR(With([&](Connection& connection) {
    return Change(connection, [&](const LedgerRows& rows) -> absl::StatusOr<std::string> {
      RETURN_IF_ERROR(rows.CheckToken(token));
      ASSIGN_OR_RETURN(
          std::vector<SqlRows> results,
          connection.Run("SELECT EXISTS(SELECT 1 FROM ledger_hand_ins WHERE decided=0)"));
      if (results.size() != 1 || !results[0].Next()) return UnexpectedAnswer();
      if (results[0].U64(0) != 0) {
        return absl::FailedPreconditionError("what was handed in has not been decided yet");
      }
      next = std::max(rows.progress.epoch + 1, at_least);
      return absl::StrCat("UPDATE redis_epochs SET epoch=", next, ",run_id=", Quoted(run_id),
                          ",master_replid=", Quoted(replication_id),
                          ",state=", static_cast<int>(EpochState::kLoading),
                          ",token_at=UTC_TIMESTAMP(3) WHERE bucket=", kBucket,
                          ";UPDATE ledger_cursor SET epoch=", next,
                          ",applied=0,movements=0,watermark=GREATEST(watermark,", kHighestOrder,
                          ") WHERE bucket=", kBucket, ";DELETE FROM ledger_hand_ins");
    });
  }));
  return next;
}

absl::Status MysqlLedger::OpenEpoch(const std::string& token) {
  return With([&](Connection& connection) {
    return Change(connection, [&](const LedgerRows& rows) -> absl::StatusOr<std::string> {
      if (rows.exist && rows.open() && rows.token == token) return std::string();  // it is done
      RETURN_IF_ERROR(rows.CheckToken(token));
      return absl::StrCat("UPDATE redis_epochs SET state=", static_cast<int>(EpochState::kOpen),
                          ",opened_at=UTC_TIMESTAMP(3) WHERE bucket=", kBucket);
    });
  });
}

// ---- handing over -------------------------------------------------------------------------------

// Locks in the ledger's order, but the owner's row for update: that waits for whatever is under way
// in the ledger, and what comes after it finds another owner.
absl::StatusOr<std::uint64_t> MysqlLedger::HandOverToMysql(const std::string& token) {
  std::uint64_t generation = 0;
  const auto attempt = [&](Connection& connection) -> absl::Status {
    ASSIGN_OR_RETURN(
        std::vector<SqlRows> results,
        connection.Run(absl::StrCat(
            "START TRANSACTION;SELECT epoch FROM ledger_cursor WHERE bucket=", kBucket,
            " FOR UPDATE;SELECT store, generation FROM store_owner WHERE id=1 FOR UPDATE;"
            "SELECT token, state + 0 FROM redis_epochs WHERE bucket=",
            kBucket,
            " FOR UPDATE;SELECT EXISTS(SELECT 1 FROM ledger_hand_ins WHERE decided=0),"
            " EXISTS(SELECT 1 FROM ledger_quarantine WHERE book_id<>0)")));
    if (results.size() != 4 || !results[3].Next()) return UnexpectedAnswer();
    if (!results[1].Next()) return NoOwner();
    generation = results[1].U64(1);
    const bool closed =
        results[2].Next() && results[2].U64(1) != static_cast<std::uint64_t>(EpochState::kOpen);
    const bool ours = closed && results[2].Text(0) == token;
    // A COMMIT whose answer was lost had taken effect.
    if (ours && results[1].Text(0) == kMysqlOwner) return connection.Run("ROLLBACK").status();
    RETURN_IF_ERROR(CheckOwner(results[1].Text(0), kRedisOwner));
    if (!ours) return absl::AbortedError("another instance rebuilds the store");
    if (results[3].U64(0) != 0 || results[3].U64(1) != 0) {
      return absl::FailedPreconditionError(
          results[3].U64(0) != 0 ? "what was handed in has not been decided yet"
                                 : "books are in quarantine; see `inventoryctl ledger list`");
    }
    ++generation;
    return connection
        .Run(absl::StrCat(
            "UPDATE redis_epochs SET token_at='1970-01-01' WHERE bucket=", kBucket,
            ";UPDATE ledger_cursor SET writer=0,lease_at='1970-01-01' WHERE bucket=", kBucket,
            ";DELETE FROM ledger_hand_ins;UPDATE store_owner SET store=", Quoted(kMysqlOwner),
            ",generation=", generation, ",changed_at=UTC_TIMESTAMP(3) WHERE id=1;COMMIT"))
        .status();
  };
  RETURN_IF_ERROR(With([&](Connection& connection) {
    return RunTransaction(connection, [&] { return attempt(connection); });
  }));
  return generation;
}

// ---- taking over --------------------------------------------------------------------------------

absl::StatusOr<AdoptedStock> MysqlLedger::Adopt(const OriginFigures& figures, bool dry_run,
                                                const OriginLooker& look_again) {
  // Unavailable where the earlier service's tables stand in the way, which is what this is for.
  if (absl::Status opened = Open(); !opened.ok() && !absl::IsUnavailable(opened)) return opened;
  return AdoptIntoLedger(pool_.dsn(), figures, dry_run, look_again);
}

// ---- the record ---------------------------------------------------------------------------------

absl::Status MysqlLedger::RecordLosses(std::uint64_t epoch, const std::vector<LostChange>& lost) {
  if (lost.empty()) return absl::OkStatus();
  return WithOnce([&](Connection& connection) {
    return RunTransaction(connection, [&]() -> absl::Status {
      std::vector<std::string> statements = LossStatements(epoch, lost);
      statements.insert(statements.begin(), "START TRANSACTION");
      statements.push_back("COMMIT");
      return connection.RunAll(statements);
    });
  });
}

absl::StatusOr<std::vector<std::optional<Balance>>> MysqlLedger::ReadLogged(
    const std::vector<std::pair<BookId, std::uint64_t>>& movements) {
  std::string sql;
  for (const auto& [book, sequence] : movements) {
    absl::StrAppend(&sql, sql.empty() ? "" : " UNION ALL ",
                    "SELECT book_id, sequence, after_stock, locked_after FROM inventory_logs WHERE"
                    " book_id=",
                    book, " AND sequence=", sequence);
  }
  std::vector<std::optional<Balance>> logged(movements.size());
  if (sql.empty()) return logged;
  const auto read = [&](Connection& connection) { return connection.Run(sql); };
  ASSIGN_OR_RETURN(std::vector<SqlRows> results, With(read));
  if (results.size() != 1) return UnexpectedAnswer();
  absl::flat_hash_map<std::pair<BookId, std::uint64_t>, Balance> found;
  while (results[0].Next()) {
    const SqlRows& row = results[0];
    found[{row.U64(0), row.U64(1)}] = {row.I32(2), row.I32(3), row.U64(1)};
  }
  for (std::size_t i = 0; i < movements.size(); ++i) {
    const auto at = found.find(movements[i]);
    if (at != found.end()) logged[i] = at->second;
  }
  return logged;
}

absl::StatusOr<bool> MysqlLedger::RepairRow(const BookStock& found, const Balance& logged) {
  const auto repair = [&](Connection& connection) -> absl::StatusOr<bool> {
    ASSIGN_OR_RETURN(
        std::vector<SqlRows> results,
        connection.Run(absl::StrCat(
            "UPDATE inventory SET stock=", logged.available, ",locked_stock=", logged.locked,
            ",total_stock=", logged.total(), " WHERE book_id=",
            absl::StrCat(found.book, " AND stock=", found.balance.available, " AND locked_stock=",
                         found.balance.locked, " AND sequence=", found.balance.sequence),
            ";SELECT ROW_COUNT()")));
    if (results.size() != 1 || !results[0].Next()) return UnexpectedAnswer();
    return results[0].I64(0) == 1;
  };
  return WithOnce(repair);
}

absl::Status MysqlLedger::RecordRepair(const BookStock& found, const BookStock& repaired,
                                       const std::string& why) {
  const auto figures = [](const BookStock& stock) {
    if (!stock.known) return std::string("NULL,NULL,NULL");
    return absl::StrCat(stock.balance.available, ",", stock.balance.locked, ",",
                        stock.balance.sequence);
  };
  return WithOnce([&](Connection& connection) {
    return connection
        .Run(absl::StrCat(
            "INSERT INTO repairs (book_id, found_stock, found_locked, found_sequence,"
            " repaired_stock, repaired_locked, repaired_sequence, reason, repaired_at) VALUES (",
            repaired.book, ",", figures(found), ",", repaired.balance.available, ",",
            absl::StrCat(repaired.balance.locked, ",", repaired.balance.sequence), ",",
            Quoted(std::string_view(why).substr(0, kMaxTextBytes)), ",UTC_TIMESTAMP(3))"))
        .status();
  });
}

absl::StatusOr<std::vector<QuarantinedBook>> MysqlLedger::ListQuarantine(BookId after, int limit) {
  return With(
      [&](Connection& connection) { return inventory::ListQuarantine(connection, after, limit); });
}

absl::StatusOr<QuarantineResult> MysqlLedger::RetryQuarantine(BookId book) {
  return With([&](Connection& connection) { return inventory::RetryQuarantine(connection, book); });
}

absl::StatusOr<QuarantineResult> MysqlLedger::SkipQuarantine(BookId book) {
  return With([&](Connection& connection) { return inventory::SkipQuarantine(connection, book); });
}

void MysqlLedger::Describe(StoreStatus& status) const {
  status.figures.push_back({"connections", Connection::OpenNow(), "", "to the database, open now"});
}

}  // namespace inventory
