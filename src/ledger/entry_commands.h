// An entry of the outbox as the commands that made it, for deciding them again.
#pragma once

#include <optional>
#include <vector>

#include "ledger/ledger_batch.h"
#include "stock/command.h"
#include "stock/ledger.h"
#include "stock/rules.h"

namespace inventory {

// A command that was answered with yes.
struct EntryCommand {
  Command command;
  OutboxId entry;
  TimeMs time = 0;  // when it was decided
  // A restock's or adjust's, as it was asked for: its request id stands for this.
  std::optional<RequestContent> content;
  // It counts only where the order's line is not there: a tombstone.
  bool only_if_new = false;
  // What was promised and is lost if it is refused now. Empty: nothing.
  std::vector<LostChange> promised;
};

// In the order in which they were decided.
std::vector<EntryCommand> CommandsOf(const DecodedEntry& entry);

// Decides it at its own time. Empty: it is done, or was done before. Else why it is not.
std::string DecideAgain(const EntryCommand& command, StockState& state);

}  // namespace inventory
