// RocksDB's own messages, in the service's log.
#pragma once

#include <rocksdb/env.h>

#include <cstdarg>

namespace inventory {

// Passes warnings and errors on. RocksDB's default is a LOG file beside the data; on a full disk
// the second line that does not fit there ends the process in an assertion, where the library is
// built with them, as Debian's is. Safe for concurrent use.
class RocksDbLog : public rocksdb::Logger {
 public:
  RocksDbLog() : Logger(rocksdb::InfoLogLevel::WARN_LEVEL) {}

  using Logger::Logv;
  void Logv(rocksdb::InfoLogLevel level, const char* format, std::va_list values) override;
};

}  // namespace inventory
