#include "store/mysql/database_monitor.h"

#include <pthread.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "mysql/rows.h"
#include "mysql/schema.h"
#include "mysql/sql_text.h"
#include "mysql/store_owner.h"

namespace inventory {
namespace {

// A book's new state may be seen this much later than it was written: a transaction takes its time
// at its beginning and is visible at its end. Longer than any transaction lives.
constexpr TimeMs kOverlap = 20'000;

}  // namespace

absl::Status DatabaseMonitor::Open() {
  const absl::Status status = Look();
  shared_.health.Set(status);
  return status;
}

void DatabaseMonitor::Start() {
  thread_ = std::thread([this] { Run(); });
  pthread_setname_np(thread_.native_handle(), "mysql-monitor");
}

void DatabaseMonitor::Run() {
  while (stop_.Pause(kInterval)) {
    const absl::Status status = Look();
    if (!status.ok()) connection_.reset();
    shared_.health.Set(status);
  }
}

absl::Status DatabaseMonitor::Look() {
  if (!connection_) {
    ASSIGN_OR_RETURN(connection_, Connection::Open(shared_.dsn));
  }
  if (!open_) RETURN_IF_ERROR(Prepare());
  if (!shared_.health.Get().ok()) RETURN_IF_ERROR(CheckWrites());
  RETURN_IF_ERROR(FindChanges());
  return CountReservations();
}

// By the index of the open ones; for the figure only, so not often.
absl::Status DatabaseMonitor::CountReservations() {
  const auto now = std::chrono::steady_clock::now();
  if (open_reservations_ >= 0 && now - counted_ < kCountInterval) return absl::OkStatus();
  ASSIGN_OR_RETURN(std::vector<SqlRows> results,
                   connection_->Run("SELECT COUNT(*) FROM reservations WHERE state='reserved'"));
  if (results.size() == 1 && results[0].Next()) open_reservations_ = results[0].I64(0);
  counted_ = now;
  return absl::OkStatus();
}

absl::Status DatabaseMonitor::Prepare() {
  RETURN_IF_ERROR(PrepareSchema(*connection_, kMysqlOwner));
  ASSIGN_OR_RETURN(std::vector<SqlRows> results,
                   connection_->Run("DELETE FROM writers"
                                    " WHERE seen_at < UTC_TIMESTAMP(3) - INTERVAL 1 DAY;"
                                    "SELECT MAX(updated_at) FROM inventory"));
  if (results.size() == 1 && results[0].Next()) {
    seen_until_ = shared_.time.NotBefore(ParseTime(results[0].Text(0)).value_or(0));
  }
  open_ = true;
  return absl::OkStatus();
}

// A server may answer and yet refuse to write: a replica, a full disk.
absl::Status DatabaseMonitor::CheckWrites() {
  return connection_
      ->Run(absl::StrCat("START TRANSACTION;INSERT INTO writers (writer, batch, seen_at) VALUES (",
                         shared_.last_writer, ", 0, UTC_TIMESTAMP(3));ROLLBACK"))
      .status();
}

absl::Status DatabaseMonitor::FindChanges() {
  ASSIGN_OR_RETURN(
      std::vector<SqlRows> results,
      connection_->Run(absl::StrCat(
          "SELECT UTC_TIMESTAMP(3), store, (SELECT COUNT(*) FROM writers WHERE seen_at >"
          " UTC_TIMESTAMP(3) - INTERVAL ",
          kOverlap / 1'000, " SECOND AND writer NOT BETWEEN ", shared_.first_writer, " AND ",
          shared_.last_writer, "), generation FROM store_owner WHERE id=1")));
  if (results.size() != 1 || !results[0].Next()) {
    return NoOwner();
  }
  shared_.owner.Saw(results[0].U64(3), results[0].Text(1));
  RETURN_IF_ERROR(CheckOwner(results[0].Text(1), kMysqlOwner));
  const TimeMs now = shared_.time.At(ParseTime(results[0].Text(0)).value_or(0));
  if (results[0].U64(2) == 0) {
    seen_until_ = now;
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(results,
                   connection_->Run(absl::StrCat("SELECT ", kBookColumns,
                                                 " FROM inventory FORCE INDEX"
                                                 " (idx_inventory_updated_at) WHERE updated_at>=",
                                                 QuotedTime(seen_until_ - kOverlap))));
  std::vector<BookStock> found;
  while (results[0].Next()) {
    ASSIGN_OR_RETURN(const BookStock stock, ReadBook(results[0]));
    found.push_back(stock);
    seen_until_ = std::max(seen_until_, ParseTime(results[0].Text(4)).value_or(0));
  }
  shared_.feed.PublishFound(found);
  return absl::OkStatus();
}

void DatabaseMonitor::Stop() {
  stop_.Set();
  if (!thread_.joinable()) return;
  thread_.join();
  if (!connection_) return;
  connection_
      ->Run(absl::StrCat("DELETE FROM writers WHERE writer BETWEEN ", shared_.first_writer, " AND ",
                         shared_.last_writer))
      .IgnoreError();
  connection_.reset();
}

}  // namespace inventory
