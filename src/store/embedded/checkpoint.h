// Saving what changed, behind the journal.
#pragma once

#include "absl/status/status.h"
#include "store/embedded/database.h"
#include "store/embedded/durable_books.h"
#include "store/embedded/engine_state.h"

namespace inventory {

// Stores the content's rows, then its record number. Everything up to that record must be durable.
// A crash in between leaves rows that are newer than the stored number; replay only ever moves a
// row forward, so that is harmless. Runs beside the commit path: the rows are sorted into table
// files and ingested, so that they cost neither write-ahead log nor memory table.
absl::Status SaveCheckpoint(Database& database, const DurableBooks& books,
                            const CheckpointContent& content);

}  // namespace inventory
