#include "store/embedded/rocksdb_log.h"

#include <cstdio>
#include <string_view>

#include "telemetry/log.h"

namespace inventory {

void RocksDbLog::Logv(rocksdb::InfoLogLevel level, const char* format, std::va_list values) {
  const bool is_warning = level == rocksdb::InfoLogLevel::WARN_LEVEL;
  const bool is_error =
      level == rocksdb::InfoLogLevel::ERROR_LEVEL || level == rocksdb::InfoLogLevel::FATAL_LEVEL;
  if (!is_warning && !is_error) return;
  char line[1'024];  // what is longer is cut
  std::vsnprintf(line, sizeof(line), format, values);
  std::string_view text = line;
  if (text.ends_with('\n')) text.remove_suffix(1);
  Log(is_error ? LogLevel::kError : LogLevel::kWarning, "rocksdb", {{"text", text}});
}

}  // namespace inventory
