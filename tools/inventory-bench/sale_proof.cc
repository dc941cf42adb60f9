#include "tools/inventory-bench/sale_proof.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"

namespace inventory::bench {
namespace {

// A book's figures after a movement.
struct Figures {
  std::int64_t available = 0;
  std::int64_t locked = 0;
};

Figures After(const v1::InventoryLog& movement) {
  return {movement.after_stock(), movement.locked_after()};
}

// A claim that each movement must bear out; the first that does not is named.
class Claim {
 public:
  explicit Claim(std::string text) : text_(std::move(text)) {}

  void Refute(const std::string& how) {
    if (refutations_++ == 0) first_ = how;
  }
  ProofLine Line() const {
    if (refutations_ == 0) return {true, text_};
    return {false,
            absl::StrCat(text_, ": no, ", first_,
                         refutations_ == 1 ? std::string()
                                           : absl::StrCat(" (and ", refutations_ - 1, " more)"))};
  }

 private:
  std::string text_;
  std::string first_;
  std::uint64_t refutations_ = 0;
};

std::string Describe(const v1::InventoryLog& movement) {
  return absl::StrCat("movement ", movement.sequence(), " (", movement.change_type(), " ",
                      movement.quantity(), ", order ", movement.order_id(), ", ",
                      movement.before_stock(), " -> ", movement.after_stock(), ")");
}

// What a movement of this type and quantity does to available and locked.
bool FitsItsType(const v1::InventoryLog& movement, Figures before) {
  const std::string& type = movement.change_type();
  const std::int64_t quantity = movement.quantity();
  const std::int64_t available = movement.after_stock() - before.available;
  const std::int64_t locked = movement.locked_after() - before.locked;
  if (quantity < 0) return false;
  if (type == "deduct") return available == -quantity && locked == 0;
  if (type == "release") return available == quantity && (locked == 0 || locked == -quantity);
  if (type == "restock") return available == quantity && locked == 0;
  if (type == "reserve") return available == -quantity && locked == quantity;
  if (type == "confirm") return available == 0 && locked == -quantity;
  if (type == "cancel" || type == "expire") return available == quantity && locked == -quantity;
  if (type == "adjust") return std::abs(available) == quantity && locked == 0;
  return false;
}

ProofLine SequenceHasNoGap(const SaleHistory& history) {
  Claim claim(absl::StrCat("the log has no gap: movements 1 to ", history.log.size()));
  std::uint64_t expected = 0;
  for (const v1::InventoryLog& movement : history.log) {
    if (movement.sequence() != ++expected) {
      claim.Refute(absl::StrCat("number ", expected, " is ", Describe(movement)));
    }
  }
  return claim.Line();
}

ProofLine FiguresChain(const SaleHistory& history) {
  Claim claim("each movement begins where the one before ended, and does what its type says");
  Figures figures;
  for (const v1::InventoryLog& movement : history.log) {
    if (movement.before_stock() != figures.available || !FitsItsType(movement, figures)) {
      claim.Refute(absl::StrCat(Describe(movement), " follows ", figures.available, " available, ",
                                figures.locked, " locked"));
    }
    figures = After(movement);
  }
  return claim.Line();
}

ProofLine NeverBelowZero(const SaleHistory& history) {
  Claim claim("stock was never below zero");
  for (const v1::InventoryLog& movement : history.log) {
    if (movement.after_stock() < 0 || movement.locked_after() < 0) claim.Refute(Describe(movement));
  }
  return claim.Line();
}

ProofLine StockIsTheLogsEnd(const SaleHistory& history) {
  const v1::GetStockResponse& stock = history.stock;
  const Figures end = history.log.empty() ? Figures() : After(history.log.back());
  const std::uint64_t sequence = history.log.empty() ? 0 : history.log.back().sequence();
  Claim claim(absl::StrCat("the stock is where the log ends: ", stock.stock(), " available, ",
                           stock.locked_stock(), " locked, movement ", stock.sequence()));
  if (stock.stock() != end.available || stock.locked_stock() != end.locked ||
      stock.sequence() != sequence) {
    claim.Refute(absl::StrCat("the log ends with ", end.available, " available, ", end.locked,
                              " locked, movement ", sequence));
  }
  if (std::int64_t{stock.total_stock()} != std::int64_t{stock.stock()} + stock.locked_stock()) {
    claim.Refute(absl::StrCat("its total is ", stock.total_stock()));
  }
  return claim.Line();
}

// Counted from quantities alone, so that it does not lean on the chain of figures.
ProofLine UnitsAddUp(const SaleHistory& history) {
  std::int64_t in = 0;
  std::int64_t sold = 0;
  std::int64_t locked_before = 0;
  for (const v1::InventoryLog& movement : history.log) {
    const std::string& type = movement.change_type();
    if (type == "restock") in += movement.quantity();
    if (type == "adjust") in += movement.after_stock() - movement.before_stock();
    if (type == "deduct" || type == "confirm") sold += movement.quantity();
    const bool of_sold = movement.locked_after() == locked_before;
    if (type == "release" && of_sold) sold -= movement.quantity();
    locked_before = movement.locked_after();
  }
  const std::int64_t left = std::int64_t{history.stock.stock()} + history.stock.locked_stock();
  Claim claim(absl::StrCat("units stocked ", in, " = sold ", sold, " + left ", left));
  if (in != sold + left) claim.Refute(absl::StrCat("they differ by ", in - sold - left));
  if (history.stocked && *history.stocked != in) {
    claim.Refute(absl::StrCat(*history.stocked, " were stocked"));
  }
  return claim.Line();
}

// An order takes from a book once, and each step of it happens once.
ProofLine NoOrderTwice(const SaleHistory& history) {
  absl::flat_hash_set<std::pair<std::uint64_t, std::string>> seen;
  absl::flat_hash_set<std::uint64_t> served;
  Claim claim("no order was served twice");
  for (const v1::InventoryLog& movement : history.log) {
    if (movement.order_id() == 0) continue;
    const std::string& type = movement.change_type();
    const bool takes = type == "deduct" || type == "reserve";
    if (!seen.emplace(movement.order_id(), type).second ||
        (takes && !served.insert(movement.order_id()).second)) {
      claim.Refute(Describe(movement));
    }
  }
  return claim.Line();
}

// The orders that bought, by the log, against those that were told so.
void CompareAnswers(const SaleHistory& history, std::vector<ProofLine>& proof) {
  const SaleAnswers& answers = *history.answers;
  absl::flat_hash_set<std::uint64_t> sold;
  Claim no_stranger("nobody else is in the log");
  for (const v1::InventoryLog& movement : history.log) {
    if (movement.change_type() != "deduct") continue;
    const std::uint64_t order = movement.order_id();
    sold.insert(order);
    if (answers.no.contains(order)) {
      no_stranger.Refute(absl::StrCat("order ", order, " was told no"));
    } else if (!answers.yes.contains(order) && !answers.nothing.contains(order)) {
      no_stranger.Refute(absl::StrCat("order ", order, " is not of this sale"));
    }
  }
  Claim all_kept(absl::StrCat("every order that was told yes is in the log: ", answers.yes.size()));
  for (const std::uint64_t order : answers.yes) {
    if (!sold.contains(order)) all_kept.Refute(absl::StrCat("order ", order, " is missing"));
  }
  proof.push_back(all_kept.Line());
  proof.push_back(no_stranger.Line());
}

}  // namespace

std::vector<ProofLine> ProveSale(const SaleHistory& history) {
  std::vector<ProofLine> proof = {UnitsAddUp(history),       NoOrderTwice(history),
                                  SequenceHasNoGap(history), FiguresChain(history),
                                  NeverBelowZero(history),   StockIsTheLogsEnd(history)};
  if (history.answers) CompareAnswers(history, proof);
  return proof;
}

bool AllHold(const std::vector<ProofLine>& proof) {
  return std::all_of(proof.begin(), proof.end(), [](const ProofLine& line) { return line.holds; });
}

std::string ToText(const std::vector<ProofLine>& proof) {
  std::string text;
  for (const ProofLine& line : proof) {
    absl::StrAppend(&text, "  ", line.holds ? "PASS  " : "FAIL  ", line.text, "\n");
  }
  return text;
}

}  // namespace inventory::bench
