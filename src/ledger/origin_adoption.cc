#include "ledger/origin_adoption.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "ledger/ledger_rows.h"
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

constexpr int kLogRowsAPortion = 20'000;
constexpr int kChangesAPortion = 10'000;
constexpr char kByRedis[] = "adopted from the earlier Go service: it sold by this figure, in Redis";
constexpr char kByMarker[] = "adopted from the earlier Go service: how much is not known";
constexpr char kStockIsHere[] =
    "EXISTS(SELECT 1 FROM inventory) OR EXISTS(SELECT 1 FROM inventory_logs) OR EXISTS(SELECT 1 "
    "FROM"
    " order_lines) OR EXISTS(SELECT 1 FROM reservations)";

// A book as the tables and Redis have it, and its lines.
struct BookToAdopt {
  BookId book = 0;
  std::optional<Quantity> in_table;
  Quantity in_redis = 0;
  std::vector<OriginLine> lines;

  // Of the lines that hold a known quantity.
  std::int64_t sold() const {
    std::int64_t sum = 0;
    for (const OriginLine& line : lines) sum += line.returned ? 0 : line.quantity;
    return sum;
  }
};

absl::Status AlreadyThere(std::uint64_t epoch) {
  return absl::FailedPreconditionError(absl::StrCat(
      "nothing to take over: the redis store has its stock in this database already (table "
      "redis_epochs, epoch ",
      epoch, "): it was taken over before, or begun empty"));
}

// ---- writing ------------------------------------------------------------------------------------

// Makes books of what was found, in portions, inside a transaction.
class BookMaker {
 public:
  BookMaker(Connection& connection, TimeMs now) : connection_(connection), now_(now) {}

  absl::Status Make(const BookToAdopt& book);
  absl::Status Write();

 private:
  absl::Status Do(const Command& command, Outcome wanted);
  absl::Status TakeLine(const OriginLine& line);
  void Note(const OriginLine& line, ChangeType type);

  Connection& connection_;
  const TimeMs now_;
  BatchFacts facts_;
  int changes_ = 0;
};

absl::Status BookMaker::Make(const BookToAdopt& book) {
  const auto sold = static_cast<Quantity>(book.sold());
  const Quantity first = book.in_table.value_or(book.in_redis) + sold;
  RETURN_IF_ERROR(
      Do(OpeningOf({book.book, first}), first == 0 ? Outcome::kAdjusted : Outcome::kRestocked));
  if (const Quantity wanted = book.in_redis + sold; wanted != first) {
    RETURN_IF_ERROR(
        Do({Adjust{book.book, true, wanted, std::nullopt, "", kByRedis}, {}}, Outcome::kAdjusted));
  }
  for (const OriginLine& line : book.lines) {
    RETURN_IF_ERROR(TakeLine(line));
    if (changes_ < kChangesAPortion) continue;
    const Balance balance = *facts_.FindBook(book.book);
    RETURN_IF_ERROR(Write());
    facts_.LoadBook({book.book, true, balance});
  }
  return changes_ < kChangesAPortion ? absl::OkStatus() : Write();
}

absl::Status BookMaker::Do(const Command& command, Outcome wanted) {
  ++changes_;
  const Outcome outcome = Decide(command, now_, facts_).outcome;
  if (outcome == wanted) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("what is taken over was refused by the rules: ",
                                          std::string(Info(outcome).message)));
}

absl::Status BookMaker::TakeLine(const OriginLine& line) {
  if (line.quantity != kUnknownQuantity && !line.returned) {
    return Do({Deduct{line.key.book, line.key.order, line.quantity}, {}}, Outcome::kDeducted);
  }
  Note(line, ChangeType::kDeduct);
  if (line.returned) Note(line, ChangeType::kRelease);
  facts_.SetLine(line.key, {line.returned ? LineState::kReturned : LineState::kSoldByDeduct,
                            kUnknownQuantity, kUnknownQuantity});
  return absl::OkStatus();
}

// A movement that moves nothing, since the figures contain it: an order's history tells of it, and
// an import finds what has made the line.
void BookMaker::Note(const OriginLine& line, ChangeType type) {
  ++changes_;
  const Balance balance = *facts_.FindBook(line.key.book);
  Movement movement;
  movement.book = line.key.book;
  movement.sequence = balance.sequence + 1;
  movement.type = type;
  movement.quantity = kUnknownQuantity;
  movement.before = movement.after = balance.available;
  movement.order = line.key.order;
  movement.time = now_;
  movement.remark = kByMarker;
  facts_.Record(std::move(movement));
}

absl::Status BookMaker::Write() {
  const BatchFacts facts = std::exchange(facts_, BatchFacts());
  changes_ = 0;
  return WriteTakenOver(connection_, facts);
}

// ---- taking over --------------------------------------------------------------------------------

// The schema lock is held.
class LedgerAdoption {
 public:
  LedgerAdoption(Connection& connection, const OriginFigures& found, const OriginLooker& look_again)
      : connection_(connection), found_(found), look_again_(look_again) {}

  absl::StatusOr<AdoptedStock> Run(bool dry_run);

 private:
  absl::Status Look();
  absl::Status CheckUntouched();
  absl::Status LookAtTables(const std::string& inventory, const std::string& logs);
  absl::Status ReadTable(const std::string& table);
  absl::Status TakeFigures();
  absl::Status ReadQuantities(const std::string& table);
  void Count();
  absl::Status Fill();
  absl::StatusOr<TimeMs> Begin();
  std::string LedgerRowsBegun() const;

  Connection& connection_;
  const OriginFigures& found_;
  const OriginLooker& look_again_;
  OriginTables origin_;
  absl::btree_map<BookId, BookToAdopt> books_;
  AdoptedStock figures_;
};

absl::StatusOr<AdoptedStock> LedgerAdoption::Run(bool dry_run) {
  const absl::Status looked = Look();
  if (absl::IsFailedPrecondition(looked)) return looked;  // it says so itself
  if (!looked.ok()) return Prefixed("nothing was done: ", looked);
  if (dry_run) return figures_;
  RETURN_IF_ERROR(SetAside(connection_, origin_));
  absl::Status done = Migrate(connection_, Migrations());
  // The Go service may have written between the look and the renaming.
  const bool was_live = origin_.state == OriginTables::State::kLive;
  if (done.ok() && was_live) done = LookAtTables(kOriginInventory, kOriginLogs);
  if (done.ok()) done = Fill();
  if (done.ok()) return figures_;
  return Suffixed(
      done,
      "; the store stays closed and what Redis holds is as it was: `inventoryctl adopt` "
      "begins again");
}

absl::Status LedgerAdoption::Look() {
  ASSIGN_OR_RETURN(origin_, FindOriginTables(connection_));
  switch (origin_.state) {
    case OriginTables::State::kNone:
    case OriginTables::State::kTakenOver:
      RETURN_IF_ERROR(CheckUntouched());
      RETURN_IF_ERROR(TakeFigures());
      Count();
      return absl::OkStatus();
    case OriginTables::State::kLive:
      RETURN_IF_ERROR(CheckRoom(connection_, origin_));
      return LookAtTables("inventory", "inventory_logs");
    case OriginTables::State::kSetAside: return LookAtTables(kOriginInventory, kOriginLogs);
  }
  return absl::OkStatus();
}

// Our tables are there, and no stock in them.
absl::Status LedgerAdoption::CheckUntouched() {
  ASSIGN_OR_RETURN(
      std::vector<SqlRows> results,
      connection_.Run(absl::StrCat("SELECT store FROM store_owner WHERE id=1;SELECT epoch FROM"
                                   " redis_epochs WHERE bucket=",
                                   kBucket, ";SELECT ", kStockIsHere)));
  if (results.size() != 3 || !results[2].Next()) return UnexpectedAnswer();
  if (results[0].Next()) RETURN_IF_ERROR(CheckOwner(results[0].Text(0), kRedisOwner));
  if (results[1].Next()) return AlreadyThere(results[1].U64(0));
  if (results[2].U64(0) == 0) return absl::OkStatus();
  return absl::FailedPreconditionError(
      "nothing was taken over: the database holds stock already, and no epoch of a redis store; "
      "name an empty database in database.dsn, or the one with the earlier Go service's tables");
}

absl::Status LedgerAdoption::LookAtTables(const std::string& inventory, const std::string& logs) {
  figures_ = {};
  books_.clear();
  RETURN_IF_ERROR(ReadTable(inventory));
  RETURN_IF_ERROR(TakeFigures());
  if (origin_.has_logs) RETURN_IF_ERROR(ReadQuantities(logs));
  Count();
  return absl::OkStatus();
}

absl::Status LedgerAdoption::ReadTable(const std::string& table) {
  OriginStockTable stock(connection_, table);
  std::vector<OriginBook> portion;
  for (bool more = true; more;) {
    ASSIGN_OR_RETURN(more, stock.Next(portion));
    for (const OriginBook& each : portion) {
      BookToAdopt& book = books_[each.book];
      book.book = each.book;
      book.in_table = each.stock;
    }
  }
  RETURN_IF_ERROR(stock.Verdict());
  figures_.locked_units = stock.figures().locked_units;
  return absl::OkStatus();
}

// Puts what Redis says beside the tables. A book that only the tables have was not for sale; where
// they say it has stock its key was lost, and what is there is for a person to say.
absl::Status LedgerAdoption::TakeFigures() {
  UnfitFound unfit;
  auto next = found_.books.begin();
  for (const auto& [id, book] : books_) {
    while (next != found_.books.end() && next->book < id) ++next;
    if ((next != found_.books.end() && next->book == id) || *book.in_table == 0) continue;
    unfit.Add(absl::StrCat("book ", id, " with stock ", *book.in_table));
  }
  if (unfit.count() > 0) {
    return absl::FailedPreconditionError(absl::StrCat(
        "nothing was taken over: ", unfit.count(),
        " books have stock in the table inventory and no key in Redis: ", unfit.Names(),
        "; SET their keys stock:<book> in Redis to what is there, 0 perhaps, and try again"));
  }
  for (const OriginBook& each : found_.books) {
    BookToAdopt& book = books_[each.book];
    book.book = each.book;
    book.in_redis = each.stock;
  }
  for (const OriginLine& line : found_.lines) books_[line.key.book].lines.push_back(line);
  return absl::OkStatus();
}

// The rows of the old log, whose deducts tell how much an order bought.
absl::Status LedgerAdoption::ReadQuantities(const std::string& table) {
  absl::flat_hash_map<LineKey, OriginLine*> unknown;
  for (auto& [id, book] : books_) {
    for (OriginLine& line : book.lines) {
      if (line.quantity == kUnknownQuantity && !line.returned) unknown.emplace(line.key, &line);
    }
  }
  if (unknown.empty()) {
    ASSIGN_OR_RETURN(figures_.log_rows, CountOriginLog(connection_, table));
    return absl::OkStatus();
  }
  std::string last = "0";
  for (std::size_t rows = 1; rows > 0;) {
    ASSIGN_OR_RETURN(
        std::vector<SqlRows> results,
        connection_.Run(absl::StrCat("SELECT id, order_id, book_id, change_type, quantity FROM ",
                                     table, " FORCE INDEX (PRIMARY) WHERE id>", last,
                                     " ORDER BY id LIMIT ", kLogRowsAPortion)));
    SqlRows& row = results.front();
    rows = row.size();
    figures_.log_rows += rows;
    while (row.Next()) {
      last = std::string(row.Text(0));
      if (row.IsNull(1) || absl::AsciiStrToLower(std::string(row.Text(3))) != "deduct") continue;
      const auto line = unknown.find({row.U64(1), row.U64(2)});
      if (line == unknown.end()) continue;
      // It wrote them negative.
      const std::int64_t quantity = std::max(row.I64(4), -row.I64(4));
      const bool fits = quantity > 0 && quantity <= kMaxStock;
      line->second->quantity = fits ? static_cast<Quantity>(quantity) : kUnknownQuantity;
    }
  }
  return absl::OkStatus();
}

void LedgerAdoption::Count() {
  for (auto& [id, book] : books_) {
    const std::int64_t most = std::max(book.in_redis, book.in_table.value_or(0));
    if (most + book.sold() > kMaxStock) {
      for (OriginLine& line : book.lines) line.quantity = kUnknownQuantity;
    }
    ++figures_.books;
    figures_.units += static_cast<std::uint64_t>(book.in_redis);
    if (book.in_redis == 0) ++figures_.sold_out_books;
    if (book.in_table && *book.in_table != book.in_redis) ++figures_.corrected_books;
    figures_.lines += book.lines.size();
    for (const OriginLine& line : book.lines) {
      if (line.returned || line.quantity == kUnknownQuantity) ++figures_.unknown_quantities;
    }
  }
}

// Nobody else is at these tables: a store that has no epoch decides nothing. A transaction that is
// not committed ends with the connection.
absl::Status LedgerAdoption::Fill() {
  ASSIGN_OR_RETURN(const TimeMs now, Begin());
  BookMaker maker(connection_, now);
  for (const auto& [id, book] : books_) RETURN_IF_ERROR(maker.Make(book));
  RETURN_IF_ERROR(maker.Write());
  RETURN_IF_ERROR(connection_.Run(LedgerRowsBegun()).status());
  for (bool more = true; more;) {
    ASSIGN_OR_RETURN(more, look_again_());
    RETURN_IF_ERROR(connection_.Run("DO 0").status());  // or the session ends as idle
  }
  return connection_.Run("COMMIT").status();
}

// Locks in the ledger's order.
absl::StatusOr<TimeMs> LedgerAdoption::Begin() {
  ASSIGN_OR_RETURN(std::vector<SqlRows> results,
                   connection_.Run(absl::StrCat(
                       "START TRANSACTION;SELECT epoch FROM ledger_cursor WHERE bucket=", kBucket,
                       " FOR UPDATE;SELECT store FROM store_owner WHERE id=1 FOR UPDATE;SELECT ",
                       kStockIsHere, ";SELECT UTC_TIMESTAMP(3)")));
  if (results.size() != 4 || !results[2].Next() || !results[3].Next()) return UnexpectedAnswer();
  if (results[0].Next()) return AlreadyThere(results[0].U64(0));
  if (results[2].U64(0) != 0) {
    return absl::FailedPreconditionError(
        "nothing was taken over: the database holds stock already");
  }
  if (results[1].Next()) {
    RETURN_IF_ERROR(CheckOwner(results[1].Text(0), kRedisOwner));
  } else {
    std::string sql = "INSERT INTO store_owner (id, store, generation, changed_at) VALUES (1,";
    AppendQuoted(sql, kRedisOwner);
    sql += ",1,UTC_TIMESTAMP(3))";
    RETURN_IF_ERROR(connection_.Run(sql).status());
  }
  const std::optional<TimeMs> now = ParseTime(results[3].Text(0));
  if (!now) return UnexpectedAnswer();
  return *now;
}

// Closed under a token of nobody's, that counts as left behind: so whoever finds it rebuilds.
std::string LedgerAdoption::LedgerRowsBegun() const {
  return absl::StrCat(
      "INSERT INTO redis_epochs (bucket, epoch, run_id, master_replid, state, token, token_at)"
      " VALUES (",
      kBucket, ",1,'','',", static_cast<int>(EpochState::kRebuilding),
      ",'adopt','1970-01-01');INSERT INTO ledger_cursor (bucket, epoch, applied, movements, as_of,"
      " watermark, lease_at) SELECT ",
      kBucket, ",1,0,0,'1970-01-01',COALESCE(MAX(order_id),0),'1970-01-01' FROM order_lines");
}

}  // namespace

absl::StatusOr<AdoptedStock> AdoptIntoLedger(const Dsn& dsn, const OriginFigures& figures,
                                             bool dry_run, const OriginLooker& look_again) {
  ASSIGN_OR_RETURN(const std::unique_ptr<Connection> connection, Connection::Open(dsn));
  const auto run = [&]() -> absl::StatusOr<AdoptedStock> {
    SchemaLock lock(*connection);
    RETURN_IF_ERROR(lock.Take());
    return LedgerAdoption(*connection, figures, look_again).Run(dry_run);
  };
  absl::StatusOr<AdoptedStock> adopted = run();
  if (!adopted.ok()) return WithGrant(*connection, adopted.status(), kRenamingRights);
  if (dry_run) return adopted;
  LogInfo("took over the stock of the earlier Go service from Redis",
          {{"books", adopted->books},
           {"units", adopted->units},
           {"order_lines", adopted->lines},
           {"unknown_quantities", adopted->unknown_quantities},
           {"corrected_books", adopted->corrected_books},
           {"locked_units_left", adopted->locked_units}});
  return adopted;
}

}  // namespace inventory
