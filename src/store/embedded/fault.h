// Faults put in on purpose. Only programs that tests must see through have one (faulty_program() in
// this folder's CMakeLists.txt); what is shipped, and everything else, has none.
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
