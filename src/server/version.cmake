# Writes version.cc; run by every build. The file is touched only when it changes, so a build without
# a new commit compiles nothing.
execute_process(COMMAND git describe --always --dirty --abbrev=12 --exclude=*
                WORKING_DIRECTORY "${SOURCE}"
                OUTPUT_VARIABLE commit ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE
                RESULT_VARIABLE failed)
if(failed)
  set(commit unknown)
endif()
file(CONFIGURE OUTPUT "${OUTPUT}" CONTENT [[
#include "server/version.h"

namespace inventory {

const char kVersion[] = "@VERSION@";
const char kCommit[] = "@commit@";

}  // namespace inventory
]] @ONLY)
