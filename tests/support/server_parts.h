// What the private servers of the tests share.
#pragma once

#include <unistd.h>

#include <chrono>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tests/support/child_process.h"

namespace inventory {

// For what takes a second on an idle machine.
inline constexpr std::chrono::seconds kServerPatience{120};

// An open descriptor, closed at the end.
class OpenFile {
 public:
  explicit OpenFile(int descriptor) : descriptor_(descriptor) {}
  ~OpenFile() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  OpenFile(const OpenFile&) = delete;
  int get() const { return descriptor_; }

 private:
  const int descriptor_;
};

// To append to.
int OpenLog(const std::string& path);
// Empty where there is none.
std::string ReadFile(const std::string& path);
// The end of a log, for messages.
std::string LastWords(const std::string& path);

// A port that was free a moment ago.
absl::StatusOr<int> FreePort();

// Makes the folder and locks it: a descriptor to close when it may be another's. A server that
// inherits it has the folder until it ends, however its starter does.
absl::StatusOr<int> LockFolder(const std::string& folder);

// SIGTERM, and waits until it has ended in good order; else kills it, and says what its log said
// last. `name` is for messages.
absl::Status StopInOrder(ChildProcess& process, const std::string& name,
                         const std::string& log_path);

}  // namespace inventory
