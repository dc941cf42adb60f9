// The tables of the earlier Go service, which have two of our names, and how far taking their stock
// over has come (store/mysql/adoption.h). Whoever calls this holds the schema lock.
#pragma once

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "mysql/connection.h"

namespace inventory {

// Where its tables are put, and stay as they were.
inline constexpr char kOriginInventory[] = "origin_inventory";
inline constexpr char kOriginLogs[] = "origin_inventory_logs";

struct OriginTables {
  enum class State {
    kNone,       // its tables are not here
    kLive,       // they are here, under their own names
    kSetAside,   // renamed, and no store has their stock: taking it over was cut short
    kTakenOver,  // a store has had their stock
  };
  State state = State::kNone;
  bool has_logs = false;  // its log too, under its own name or renamed as its stock is
  bool twice = false;     // kLive, and there are renamed ones besides
};

absl::StatusOr<OriginTables> FindOriginTables(Connection& connection);

// OK where no stock waits to be taken over. Else Unavailable, with what to do: it may be taken over
// by any instance, at any time.
absl::Status CheckNothingToTakeOver(Connection& connection);

// FailedPrecondition where our tables could not be made after SetAside: others are in the way.
absl::Status CheckRoom(Connection& connection, const OriginTables& origin);

// kLive: renames them in one step, after which the Go service finds them no more.
// FailedPrecondition, with nothing done: it is at work on them.
absl::Status SetAside(Connection& connection, const OriginTables& origin);

}  // namespace inventory
