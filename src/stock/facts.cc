#include "stock/facts.h"

#include "absl/strings/str_cat.h"

namespace inventory {
namespace {

struct Namer {
  std::string operator()(const Movement& fact) const {
    return absl::StrCat("book ", fact.book, ", movement ", fact.sequence);
  }
  std::string operator()(const BalanceFact& fact) const {
    return absl::StrCat("balance of book ", fact.book);
  }
  std::string operator()(const LineFact& fact) const {
    return absl::StrCat("line of order ", fact.key.order, ", book ", fact.key.book);
  }
  std::string operator()(const ReservationFact& fact) const {
    return absl::StrCat("reservation of order ", fact.order);
  }
  std::string operator()(const RequestFact& fact) const {
    return absl::StrCat("request id '", fact.request_id, "' of book ", fact.book);
  }
};

}  // namespace

void FactCounts::Add(const Fact& fact) {
  std::uint64_t* const counts[] = {&movements, &balances, &lines, &reservations, &requests};
  ++*counts[fact.index()];
}

std::string NameOf(const Fact& fact) { return std::visit(Namer{}, fact); }

}  // namespace inventory
