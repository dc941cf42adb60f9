// Reads the facts a batch needs, in the order in which their locks are taken.
#pragma once

#include "absl/status/status.h"
#include "base/clock.h"
#include "mysql/batch_facts.h"
#include "mysql/connection.h"

namespace inventory {

// Used once, inside a transaction, by one thread.
class FactLoader {
 public:
  enum class Locks {
    kTake,  // reservations ascending, then books ascending, then the lines
    kNone,  // nobody else writes
  };

  // All outlive the loader. `needed` grows by the books and lines of the reservations it names.
  FactLoader(Connection& connection, Locks locks, NeededFacts& needed, BatchFacts& facts)
      : connection_(connection), locks_(locks), needed_(needed), facts_(facts) {}

  absl::Status Load();

  // The latest time one of the books was updated. Another instance may have seen a later time than
  // this one, and a book's log must not run backwards.
  TimeMs newest_update() const { return newest_update_; }

 private:
  // Takes the rows of one result in.
  using Taker = absl::Status (FactLoader::*)(SqlRows& rows);

  absl::Status LoadReservations();
  absl::Status LoadBooksAndLines();
  absl::Status TakeBooks(SqlRows& rows);
  absl::Status TakeLines(SqlRows& rows);
  absl::Status TakeRequests(SqlRows& rows);
  const char* for_update() const { return locks_ == Locks::kTake ? " FOR UPDATE" : ""; }

  Connection& connection_;
  const Locks locks_;
  NeededFacts& needed_;
  BatchFacts& facts_;
  TimeMs newest_update_ = 0;
};

}  // namespace inventory
