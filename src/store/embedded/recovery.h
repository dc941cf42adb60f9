// From stored bytes to a running state.
#pragma once

#include "absl/status/status.h"
#include "store/embedded/database.h"
#include "store/embedded/durable_books.h"
#include "store/embedded/engine_state.h"

namespace inventory {

// Loads the books and the open reservations, then replays the journal from behind the checkpoint's
// number. Refuses: a format newer than this build's, or half an import (FAILED_PRECONDITION); a
// journal with a gap, with an unreadable record, or ending before the checkpoint or a stored row
// (DATA_LOSS).
absl::Status Recover(Database& database, EngineState& state, DurableBooks& books);

}  // namespace inventory
