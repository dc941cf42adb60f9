// Where tests end this program as a crash would. Only programs that tests must see through have
// such points (faulty_files() in store/redis/CMakeLists.txt); in what is shipped CrashPoint() is
// nothing.
#pragma once

#include <string_view>

#ifdef INVENTORY_CRASH_POINTS
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <string>
#endif

namespace inventory {

#ifdef INVENTORY_CRASH_POINTS
// Dies here, once, when the folder that INVENTORY_CRASH_POINTS names has a file of that name.
inline void CrashPoint(std::string_view name) {
  static const char* const folder = std::getenv("INVENTORY_CRASH_POINTS");
  if (!folder) return;
  const std::string armed = std::string(folder) + "/" + std::string(name);
  if (unlink(armed.c_str()) == 0) std::raise(SIGKILL);
}
#else
inline void CrashPoint(std::string_view) {}
#endif

}  // namespace inventory
