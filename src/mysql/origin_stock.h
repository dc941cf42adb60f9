// The stock in the tables of the earlier Go service (mysql/origin_tables.h), read and judged; and
// how a book that is taken over begins here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "mysql/batch_facts.h"
#include "mysql/connection.h"
#include "stock/command.h"
#include "stock/origin_figures.h"
#include "stock/stock_store.h"

namespace inventory {

// Reads its stock in portions, so that no statement runs into the connection's time limits. Used by
// one thread; the connection outlives this.
class OriginStockTable {
 public:
  OriginStockTable(Connection& connection, std::string table)
      : connection_(connection), table_(std::move(table)) {}

  // Puts the next of those books into `books`, by id, that are fit to be taken over. False: there
  // are none left.
  absl::StatusOr<bool> Next(std::vector<OriginBook>& books);

  // Of all that has been read. FailedPrecondition: names the rows that are not fit.
  absl::Status Verdict() const;
  const AdoptedStock& figures() const { return figures_; }

 private:
  // Nullopt: not fit.
  std::optional<OriginBook> Judge(const SqlRows& row);

  Connection& connection_;
  const std::string table_;
  // The id read last, as text: in a column that somebody has made signed it may be anything.
  std::string last_;
  AdoptedStock figures_;
  UnfitFound unfit_;
};

// How many rows its log has.
absl::StatusOr<std::uint64_t> CountOriginLog(Connection& connection, const std::string& table);

// The first movement of a book that is taken over: a restock, or an adjust to 0, of request id
// adopt:<book>.
Command OpeningOf(const OriginBook& from);

// Writes what was decided, inside a transaction that goes on.
absl::Status WriteTakenOver(Connection& connection, const BatchFacts& facts);

}  // namespace inventory
