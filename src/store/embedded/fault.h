// Faults put in on purpose, for builds on which the crash tests must fail. A normal build has none.
//
//   cmake --preset release -B build/fault -DINVENTORY_FAULT=kNoSync
#pragma once

#ifndef INVENTORY_FAULT
#define INVENTORY_FAULT kNone
#endif

namespace inventory {

enum class Fault {
  kNone,
  kNoSync,           // the journal is written without fsync
  kReplyBeforeSync,  // callers are answered before their batch is durable
  kEarlyDuplicates,  // a batch that changes nothing is answered before the batches before it
};

inline constexpr Fault kFault = Fault::INVENTORY_FAULT;

}  // namespace inventory
