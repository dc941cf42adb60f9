// The ledger in MySQL: stock/ledger.h on the stock's own tables and those of
// schema/mysql/0002_ledger.sql.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/mutex.h"
#include "base/worker.h"
#include "ledger/connection_pool.h"
#include "ledger/ledger_rows.h"
#include "ledger/quarantine.h"
#include "mysql/dsn.h"
#include "stock/ledger.h"

namespace inventory {

struct MysqlLedgerSettings {
  Dsn dsn;
  int max_connections = 4;
};

// Safe for concurrent use; each call takes a connection of a small pool and blocks. The first call
// that reaches the database brings its tables up to date; until then all are UNAVAILABLE, or say
// why the database cannot be used.
//
// Calls that write, except RecordLosses and RecordRepair, may be made again after any fault: twice
// is as good as once.
class MysqlLedger : public Ledger {
 public:
  explicit MysqlLedger(const MysqlLedgerSettings& settings);
  ~MysqlLedger() override;

  // Opens the database now. Every call does it by itself.
  absl::Status Open();

  absl::StatusOr<LedgerEpoch> ReadEpoch() override;
  absl::StatusOr<LedgerAnswer> LookUp(const LedgerQuestion& question) override;
  absl::StatusOr<StockPage> ListStock(const StockListQuery& query) override;
  absl::StatusOr<OrderFacts> ReadOrder(OrderId order, bool want_movements, TimeMs now) override;
  absl::StatusOr<MovementPage> ReadMovements(const MovementQuery& query) override;
  absl::StatusOr<std::vector<OpenReservation>> ListOpenReservations(OrderId after,
                                                                    int limit) override;
  absl::StatusOr<std::vector<BookStock>> ReadChanged(TimeMs& until) override;
  absl::StatusOr<std::unique_ptr<FactReader>> Export() override;

  absl::Status Beat(std::uint64_t instance) override;
  absl::Status Leave(std::uint64_t instance) override;

  absl::Status CloseEpoch(std::uint64_t epoch, const std::string& token) override;
  absl::Status RenewToken(const std::string& token) override;
  absl::Status Drain(const std::string& token,
                     const std::vector<RememberedEntry>& entries) override;
  absl::Status HandIn(const std::string& token, std::uint64_t instance,
                      const std::vector<RememberedEntry>& entries, bool complete) override;
  absl::StatusOr<std::vector<std::uint64_t>> MissingHandIns(const std::string& token) override;
  absl::StatusOr<HandInResult> ApplyHandIns(const std::string& token) override;
  absl::StatusOr<std::uint64_t> NextEpoch(const std::string& token, std::uint64_t at_least,
                                          const std::string& run_id,
                                          const std::string& replication_id) override;
  absl::Status OpenEpoch(const std::string& token) override;

  absl::StatusOr<std::uint64_t> HandOverToMysql(const std::string& token) override;
  absl::StatusOr<AdoptedStock> Adopt(const OriginFigures& figures, bool dry_run,
                                     const OriginLooker& look_again) override;

  absl::Status RecordLosses(std::uint64_t epoch, const std::vector<LostChange>& lost) override;
  absl::StatusOr<bool> RepairRow(const BookStock& found, const Balance& logged) override;
  absl::Status RecordRepair(const BookStock& found, const BookStock& repaired,
                            const std::string& why) override;

  absl::StatusOr<std::vector<std::optional<Balance>>> ReadLogged(
      const std::vector<std::pair<BookId, std::uint64_t>>& movements) override;
  absl::StatusOr<std::vector<QuarantinedBook>> ListQuarantine(BookId after, int limit) override;
  absl::StatusOr<QuarantineResult> RetryQuarantine(BookId book) override;
  absl::StatusOr<QuarantineResult> SkipQuarantine(BookId book) override;

  void Describe(StoreStatus& status) const override;

 private:
  // `use(connection)` on an open database, and once more where the connection broke.
  template <typename Use>
  auto With(Use use) -> decltype(use(std::declval<Connection&>())) {
    if (absl::Status opened = Open(); !opened.ok()) return opened;
    return pool_.With(std::move(use));
  }
  template <typename Use>
  auto WithOnce(Use use) -> decltype(use(std::declval<Connection&>())) {
    if (absl::Status opened = Open(); !opened.ok()) return opened;
    return pool_.WithOnce(use);
  }
  // `body(rows)` says what to run, with both rows locked, before COMMIT.
  template <typename Body>
  absl::Status Change(Connection& connection, Body body);

  ConnectionPool pool_;
  Mutex open_mutex_;
  bool open_ ABSL_GUARDED_BY(open_mutex_) = false;
  Worker exports_;
};

}  // namespace inventory
