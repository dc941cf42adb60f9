// Every change is a command; the batch is the unit of work.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "stock/outcome.h"
#include "stock/types.h"

namespace inventory {

// A command's fields have been checked (service/validate.h): ids are not zero, quantities are in
// range, texts are short UTF-8. A store relies on it.

struct Deduct {
  BookId book = 0;
  OrderId order = 0;
  Quantity quantity = 0;  // > 0
};

// The order gives back what it holds on this book.
struct Release {
  BookId book = 0;
  OrderId order = 0;
  Quantity quantity = 0;  // 0: all
  std::string reason;
};

struct Restock {
  BookId book = 0;
  Quantity quantity = 0;   // > 0
  std::string request_id;  // empty: not idempotent
  std::string remark;
};

struct Adjust {
  BookId book = 0;
  bool set_to = false;    // `quantity` is the new stock, else a difference
  Quantity quantity = 0;  // signed
  std::optional<Quantity> expected;
  std::string request_id;  // empty: not idempotent
  std::string reason;
};

struct Reserve {
  OrderId order = 0;
  std::vector<ReservedLine> lines;  // not empty, quantities > 0; a book may be named twice
  TimeMs ttl = 0;                   // > 0
};

struct Confirm {
  OrderId order = 0;
};

struct Cancel {
  OrderId order = 0;
  std::string reason;
};

// Ends the order's reservation if its deadline has passed, else does nothing.
struct Expire {
  OrderId order = 0;
};

struct Command {
  std::variant<Deduct, Release, Restock, Adjust, Reserve, Confirm, Cancel, Expire> verb;
  // Who asked, where access is controlled; shared by the commands of one call. May be null.
  std::shared_ptr<const std::string> actor;
};

// A reservation's line in a reply: its own outcome and the book's figure now.
struct LineReply {
  BookId book = 0;
  Outcome outcome = Outcome::kOk;
  Quantity available = 0;

  friend bool operator==(const LineReply&, const LineReply&) = default;
};

// What a command came to. Figures are the book's now, in refusals and duplicates too.
struct Reply {
  Outcome outcome = Outcome::kOk;
  Quantity available = 0;        // of a line command's, restock's or adjust's book; unknown: 0
  TimeMs deadline = 0;           // reserve: of the reservation, where there is one
  std::vector<LineReply> lines;  // reserve, confirm, cancel; one a book
  // Not OK: this command alone has no answer, and the rest of the reply says nothing; the others
  // of its batch stand. Only of a store in which a command may need what others do not.
  absl::Status fault;

  friend bool operator==(const Reply&, const Reply&) = default;
};

}  // namespace inventory
