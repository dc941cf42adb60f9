#include "store/mysql/fact_import.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "mysql/batch_facts.h"
#include "mysql/connection.h"
#include "mysql/fact_loader.h"
#include "mysql/reads.h"
#include "mysql/rows.h"
#include "mysql/store_owner.h"
#include "stock/stock_import.h"
#include "telemetry/log.h"

namespace inventory {
namespace {

constexpr int kIdleLimitSeconds = 3'600;
constexpr int kBooksAPage = 1'000;

// The facts of the call at hand, behind one address.
class CurrentFacts : public StockState {
 public:
  void Use(BatchFacts* facts) { facts_ = facts; }

  const Balance* FindBook(BookId book) override { return facts_->FindBook(book); }
  const OrderLine* FindLine(LineKey key) override { return facts_->FindLine(key); }
  const Reservation* FindReservation(OrderId order) override {
    return facts_->FindReservation(order);
  }
  const Reservation* FindOpenReservation(OrderId order) override {
    return facts_->FindOpenReservation(order);
  }
  const RequestContent* FindRequest(BookId book, std::string_view request_id) override {
    return facts_->FindRequest(book, request_id);
  }
  void Record(Movement movement) override {
    newest = std::max(newest, movement.time);
    facts_->Record(std::move(movement));
  }
  void SetLine(LineKey key, const OrderLine& line) override { facts_->SetLine(key, line); }
  void SetReservation(OrderId order, Reservation reservation) override {
    facts_->SetReservation(order, std::move(reservation));
  }
  void SetRequest(BookId book, std::string_view request_id,
                  const RequestContent& content) override {
    facts_->SetRequest(book, request_id, content);
  }

  TimeMs newest = 0;  // of all movements

 private:
  BatchFacts* facts_ = nullptr;
};

absl::Status SetOwner(Connection& connection, std::string_view owner) {
  return connection
      .Run(absl::StrCat("UPDATE store_owner SET store='", std::string(owner),
                        "', generation=generation+1, changed_at=UTC_TIMESTAMP(3) WHERE id=1"))
      .status();
}

absl::Status Empty(Connection& connection) {
  RETURN_IF_ERROR(connection
                      .Run("DELETE FROM inventory;DELETE FROM inventory_logs;"
                           "DELETE FROM order_lines;DELETE FROM reservations;"
                           "DELETE FROM request_ids")
                      .status());
  return SetOwner(connection, kMysqlOwner);
}

// Ends when the last who holds it lets go: the writer, or its last task.
class ImportRun {
 public:
  ImportRun(std::unique_ptr<Connection> connection, const ImportContext& context)
      : context_(context), connection_(std::move(connection)) {}

  absl::StatusOr<FactCounts> Add(std::vector<Fact> facts);
  absl::StatusOr<FactCounts> Finish();
  // Unless it has finished: leaves the store as empty as it was.
  void Undo();

 private:
  absl::Status AddAll(std::vector<Fact> facts);
  absl::Status Open();
  absl::Status TellOfBooks();
  void Serve();
  absl::Status Usable() const {
    if (!over_) return absl::OkStatus();
    return absl::FailedPreconditionError("the import is over: begin again");
  }

  const ImportContext context_;
  const std::unique_ptr<Connection> connection_;
  CurrentFacts state_;
  StockImport import_{state_};
  bool over_ = false;
};

absl::StatusOr<FactCounts> ImportRun::Add(std::vector<Fact> facts) {
  RETURN_IF_ERROR(Usable());
  if (absl::Status added = AddAll(std::move(facts)); !added.ok()) {
    Undo();
    return added;
  }
  return import_.counts();
}

absl::Status ImportRun::AddAll(std::vector<Fact> facts) {
  NeededFacts needed;
  for (const Fact& fact : facts) needed.Add(fact);
  BatchFacts known;
  RETURN_IF_ERROR(connection_->Run("START TRANSACTION").status());
  RETURN_IF_ERROR(FactLoader(*connection_, FactLoader::Locks::kNone, needed, known).Load());
  state_.Use(&known);
  for (Fact& fact : facts) RETURN_IF_ERROR(import_.Add(std::move(fact)));
  RowStatements statements;
  known.Write(statements);
  return statements.Run(*connection_, "COMMIT");
}

absl::StatusOr<FactCounts> ImportRun::Finish() {
  RETURN_IF_ERROR(Usable());
  if (absl::Status finished = import_.Finish(); !finished.ok()) {
    Undo();
    return finished;
  }
  RETURN_IF_ERROR(Open());
  return import_.counts();
}

// From here on the store serves, in this instance and in others.
absl::Status ImportRun::Open() {
  over_ = true;
  context_.time.NotBefore(state_.newest);
  RETURN_IF_ERROR(SetOwner(*connection_, kMysqlOwner));
  const absl::Status told = TellOfBooks();
  Serve();
  return told;
}

absl::Status ImportRun::TellOfBooks() {
  StockListQuery query;
  query.limit = kBooksAPage;
  do {
    ASSIGN_OR_RETURN(const StockPage page, ListStock(*connection_, query));
    std::vector<StockChanged> changes;
    for (const BookStock& stock : page.books) changes.push_back({stock.book, 0, stock.balance});
    context_.feed.Publish(changes);
    query.after = page.next_after;
  } while (query.after != 0);
  return absl::OkStatus();
}

void ImportRun::Undo() {
  if (std::exchange(over_, true)) return;
  absl::Status emptied = connection_->Run("ROLLBACK").status();
  if (emptied.ok()) emptied = Empty(*connection_);
  if (!emptied.ok()) {
    // The connection may be what failed.
    absl::StatusOr<std::unique_ptr<Connection>> another = Connection::Open(context_.dsn);
    emptied = another.ok() ? Empty(**another) : another.status();
  }
  if (!emptied.ok()) {
    LogError("an import failed and could not be undone; empty the database and import again",
             {{"reason", std::string(emptied.message())}});
    return;
  }
  Serve();
}

// The monitor would find out too, a moment later.
void ImportRun::Serve() {
  context_.health.Set(absl::OkStatus());
  context_.importing = false;
}

class Import : public FactWriter {
 public:
  Import(std::shared_ptr<ImportRun> run, Worker& worker) : run_(std::move(run)), worker_(worker) {}
  ~Import() override {
    worker_.Post([run = run_](const absl::Status&) { run->Undo(); });
  }

  void Add(std::vector<Fact> facts, Done<FactCounts> done) override {
    worker_.Post([run = run_, facts = std::move(facts),
                  done = std::move(done)](const absl::Status& posted) mutable {
      if (!posted.ok()) return done(posted);
      done(run->Add(std::move(facts)));
    });
  }
  void Finish(Done<FactCounts> done) override {
    worker_.Post([run = run_, done = std::move(done)](const absl::Status& posted) mutable {
      if (!posted.ok()) return done(posted);
      done(run->Finish());
    });
  }

 private:
  const std::shared_ptr<ImportRun> run_;
  Worker& worker_;
};

// The owner's row is locked, so no transaction of any instance is in flight.
absl::Status Begin(Connection& connection) {
  ASSIGN_OR_RETURN(std::vector<SqlRows> results,
                   connection.Run("START TRANSACTION;"
                                  "SELECT store FROM store_owner WHERE id=1 FOR UPDATE;"
                                  "SELECT EXISTS (SELECT * FROM inventory)"
                                  " OR EXISTS (SELECT * FROM order_lines)"
                                  " OR EXISTS (SELECT * FROM reservations)"));
  if (results.size() != 2 || !results[0].Next() || !results[1].Next()) {
    return absl::InternalError("the database does not say who its owner is");
  }
  RETURN_IF_ERROR(CheckOwner(results[0].Text(0), kMysqlOwner));
  if (results[1].U64(0) != 0) {
    return absl::FailedPreconditionError(
        "the store is not empty and nothing was imported: an import needs a new database");
  }
  RETURN_IF_ERROR(SetOwner(connection, kImporting));
  return connection.Run("COMMIT").status();
}

}  // namespace

absl::StatusOr<std::unique_ptr<FactWriter>> OpenImport(const ImportContext& context) {
  if (context.importing.exchange(true)) {
    return absl::UnavailableError("an import is under way; nothing was done");
  }
  absl::StatusOr<std::unique_ptr<Connection>> connection = Connection::Open(context.dsn);
  absl::Status begun = connection.status();
  if (begun.ok()) {
    begun =
        (*connection)->Run(absl::StrCat("SET SESSION wait_timeout=", kIdleLimitSeconds)).status();
  }
  if (begun.ok()) begun = Begin(**connection);
  if (!begun.ok()) {
    context.importing = false;
    return begun;
  }
  return std::make_unique<Import>(std::make_shared<ImportRun>(*std::move(connection), context),
                                  context.worker);
}

}  // namespace inventory
