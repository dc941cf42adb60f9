#include "store/mysql/adoption.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "mysql/batch_facts.h"
#include "mysql/connection.h"
#include "mysql/migrations.h"
#include "mysql/origin_stock.h"
#include "mysql/origin_tables.h"
#include "mysql/rights.h"
#include "mysql/schema_lock.h"
#include "mysql/sql_text.h"
#include "mysql/store_owner.h"
#include "stock/rules.h"
#include "telemetry/log.h"

namespace inventory {
namespace {

// The schema lock is held.
class Adoption {
 public:
  Adoption(Connection& connection, StoreTime& time) : connection_(connection), time_(time) {}

  absl::StatusOr<AdoptedStock> Run(bool dry_run);

 private:
  absl::Status Look();
  absl::Status LookAtRows();
  absl::Status Fill();
  absl::StatusOr<TimeMs> Begin();
  absl::Status Write(const std::vector<OriginBook>& books, TimeMs now);

  Connection& connection_;
  StoreTime& time_;
  OriginTables origin_;
  AdoptedStock figures_;
};

absl::StatusOr<AdoptedStock> Adoption::Run(bool dry_run) {
  const absl::Status looked = Look();
  // A refusal says so itself.
  if (absl::IsFailedPrecondition(looked)) return looked;
  if (!looked.ok()) return Prefixed("nothing was done: ", looked);
  if (dry_run) return figures_;
  RETURN_IF_ERROR(SetAside(connection_, origin_));
  absl::Status done = Migrate(connection_, Migrations());
  if (done.ok()) done = Fill();
  if (done.ok()) return figures_;
  return Suffixed(done,
                  "; until the stock is taken over no store opens: `inventoryctl adopt` goes on "
                  "from here");
}

absl::Status Adoption::Look() {
  ASSIGN_OR_RETURN(origin_, FindOriginTables(connection_));
  switch (origin_.state) {
    case OriginTables::State::kNone:
      return absl::FailedPreconditionError(
          "nothing to take over: the database does not hold the table inventory of the earlier Go "
          "service, with book_id, stock, locked_stock and total_stock");
    case OriginTables::State::kTakenOver:
      return absl::FailedPreconditionError(
          absl::StrCat("nothing to take over: the stock of the earlier Go service was taken over "
                       "before; its table, as it was then, is ",
                       kOriginInventory));
    case OriginTables::State::kLive:
    case OriginTables::State::kSetAside: break;
  }
  RETURN_IF_ERROR(CheckRoom(connection_, origin_));
  return LookAtRows();
}

absl::Status Adoption::LookAtRows() {
  const bool live = origin_.state == OriginTables::State::kLive;
  OriginStockTable stock(connection_, live ? "inventory" : kOriginInventory);
  std::vector<OriginBook> books;
  for (bool more = true; more;) {
    ASSIGN_OR_RETURN(more, stock.Next(books));
  }
  RETURN_IF_ERROR(stock.Verdict());
  figures_ = stock.figures();
  if (!origin_.has_logs) return absl::OkStatus();
  ASSIGN_OR_RETURN(figures_.log_rows,
                   CountOriginLog(connection_, live ? "inventory_logs" : kOriginLogs));
  return absl::OkStatus();
}

// Nobody else is at these tables: without an owner no store opens. A transaction that is not
// committed ends with the connection.
absl::Status Adoption::Fill() {
  ASSIGN_OR_RETURN(const TimeMs now, Begin());
  OriginStockTable stock(connection_, kOriginInventory);
  std::vector<OriginBook> books;
  for (bool more = true; more;) {
    ASSIGN_OR_RETURN(more, stock.Next(books));
    RETURN_IF_ERROR(Write(books, now));
  }
  // The Go service may have sold between the look and the renaming.
  RETURN_IF_ERROR(stock.Verdict());
  RETURN_IF_ERROR(connection_.Run("COMMIT").status());
  const std::uint64_t log_rows = figures_.log_rows;
  figures_ = stock.figures();
  figures_.log_rows = log_rows;
  return absl::OkStatus();
}

absl::StatusOr<TimeMs> Adoption::Begin() {
  std::string sql =
      "START TRANSACTION;"
      "INSERT INTO store_owner (id, store, generation, changed_at) VALUES (1,";
  AppendQuoted(sql, kMysqlOwner);
  sql += ",1,UTC_TIMESTAMP(3));SELECT UTC_TIMESTAMP(3)";
  ASSIGN_OR_RETURN(std::vector<SqlRows> results, connection_.Run(sql));
  const bool told = results.front().Next();
  const std::optional<TimeMs> server = told ? ParseTime(results.front().Text(0)) : std::nullopt;
  if (!server) return absl::InternalError("the database does not tell its time");
  return time_.At(*server);
}

// What the rules make of the books.
absl::Status Adoption::Write(const std::vector<OriginBook>& books, TimeMs now) {
  BatchFacts facts;
  for (const OriginBook& book : books) {
    const Outcome outcome = Decide(OpeningOf(book), now, facts).outcome;
    if (outcome != Outcome::kRestocked && outcome != Outcome::kAdjusted) {
      return absl::InternalError(
          absl::StrCat("book ", book.book, " was refused: ", std::string(Info(outcome).message)));
    }
  }
  return WriteTakenOver(connection_, facts);
}

absl::StatusOr<AdoptedStock> RunLocked(Connection& connection, StoreTime& time, bool dry_run) {
  SchemaLock lock(connection);
  RETURN_IF_ERROR(lock.Take());
  return Adoption(connection, time).Run(dry_run);
}

}  // namespace

absl::StatusOr<AdoptedStock> AdoptOriginStock(const Dsn& dsn, StoreTime& time, bool dry_run) {
  ASSIGN_OR_RETURN(const std::unique_ptr<Connection> connection, Connection::Open(dsn));
  absl::StatusOr<AdoptedStock> adopted = RunLocked(*connection, time, dry_run);
  if (!adopted.ok()) return WithGrant(*connection, adopted.status(), kRenamingRights);
  if (dry_run) return adopted;
  LogInfo("took over the stock of the earlier Go service",
          {{"books", adopted->books},
           {"units", adopted->units},
           {"locked_units_left", adopted->locked_units}});
  return adopted;
}

}  // namespace inventory
