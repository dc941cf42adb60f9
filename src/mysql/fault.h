// Faults put in on purpose: each takes one safeguard out. Only programs that tests must see through
// have one (faulty_mysql_store() in store/mysql/CMakeLists.txt); what is shipped has none.
#pragma once

#ifndef INVENTORY_MYSQL_FAULT
#define INVENTORY_MYSQL_FAULT kNone
#endif

namespace inventory {

enum class MysqlFault {
  kNone,
  kIgnoreDuplicates,      // a row that another instance made meanwhile is taken for one's own
  kLinesBeforeLocks,      // lines are read before their books are locked, and written over
  kRetryWithoutRollback,  // a batch is begun again inside the transaction that failed
  kDoubtMeansRolledBack,  // a COMMIT whose answer was lost counts as not done
  kSessionsWithoutLimit,  // a frozen instance keeps its locks
};

inline constexpr MysqlFault kMysqlFault = MysqlFault::INVENTORY_MYSQL_FAULT;

}  // namespace inventory
