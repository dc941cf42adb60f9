// What one script call of the redis store has changed, as it stands in the outbox.
//
// The outbox is a stream. An entry's id is `<epoch>-<number>`; within an epoch numbers begin with 0
// and have no gap. It has two fields: `time`, the store's clock in milliseconds since 1970, and
// `changes`, a text of records, each ended by '\n', with one space between a record's words:
//
//   <type> <book> <sequence> <quantity> <before> <after> <locked_after> <order>[ <texts>]
//       a movement. <type> is ChangeType's number, <order> is 0 where there is none. <texts>, left
//       out when all three are empty: request id, remark and actor, each `<bytes>:<text>`, with
//       nothing between them. A movement with an order says what became of its line (LineAfter).
//   t <order> <book>
//       the line became a tombstone
//   r <order> <state> <deadline> <remembered>[ <book>:<quantity>[,<book>:<quantity>…]]
//       the order's reservation is now this. <state> is ReservationState's number, <remembered> 0
//       or 1; its lines, in the order first named, are told only where the state is reserved.
//   q <book> <type> <set_to> <quantity> <expected|-> <bytes>:<request id>
//       what a request id of a restock or adjust stands for
//
// Numbers are decimal. A text may hold any byte, '\n' too, which is why its length stands before
// it. Records stand in the order in which they were decided; the last about a thing counts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "stock/facts.h"
#include "stock/types.h"

namespace inventory {

// An entry's id.
struct OutboxId {
  std::uint64_t epoch = 0;
  std::uint64_t number = 0;

  friend bool operator==(const OutboxId&, const OutboxId&) = default;
  friend auto operator<=>(const OutboxId&, const OutboxId&) = default;
};

// "7-12". Nullopt: it is none.
std::optional<OutboxId> ParseOutboxId(std::string_view text);
std::string FormatOutboxId(const OutboxId& id);

// The records of `changes`: a Movement; a LineFact for a tombstone; a ReservationFact, whose
// lines are empty unless its state is reserved; a RequestFact. Every movement gets `time` and id 0.
// DataLoss where the text is none that the scripts write.
absl::StatusOr<std::vector<Fact>> DecodeChanges(std::string_view changes, TimeMs time);

// The opposite, for what is not written by a script. A balance, and a line that is no tombstone,
// have no record: movements say them.
std::string EncodeChanges(const std::vector<Fact>& facts);

// What the movement's order line is after it. Nullopt: the movement has no order.
std::optional<OrderLine> LineAfter(const Movement& movement);

}  // namespace inventory
