// For fuzzers: foreign bytes make many a line of log.
#pragma once

#include "google/protobuf/stubs/logging.h"
#include "telemetry/log.h"

namespace inventory {

// Protobuf says nothing, and we only errors. What LLVMFuzzerInitialize returns.
inline int BeQuiet() {
  google::protobuf::SetLogHandler(nullptr);
  return StartLogging({LogLevel::kError}).ok() ? 0 : 1;
}

}  // namespace inventory
