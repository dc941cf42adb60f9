// Which build this is.
#pragma once

namespace inventory {

extern const char kVersion[];  // "0.1.0"
extern const char kCommit[];   // "03346ec2b1f0", "03346ec2b1f0-dirty" or "unknown"

}  // namespace inventory
