// Programs as child processes that do not outlive their test.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace inventory {

// How a program is started. Descriptors stay the caller's; all but these are closed in the child.
struct ChildSettings {
  std::vector<std::string> command;  // the program's path, then its arguments
  int input = -1;                    // its standard input; -1: /dev/null
  int output = -1;                   // its standard output and error; -1: the caller's
  int kept = -1;                     // one more that it inherits; -1: none
  int death_signal = 0;              // which it gets when the thread that started it ends; 0: none
  std::vector<std::string> environment;  // "NAME=value", besides the caller's
};

// One child in a process group of its own, so that a Ctrl-C does not reach it. One thread at a
// time. Destruction kills it.
class ChildProcess {
 public:
  // A program that cannot be run ends with status 127.
  static absl::StatusOr<ChildProcess> Start(const ChildSettings& settings);

  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&& other) noexcept;
  ~ChildProcess() { Kill(); }

  pid_t pid() const { return pid_; }  // 0: it has ended, and was waited for
  void Signal(int number) const;
  // SIGKILL, and waits for the end.
  void Kill();
  void Wait();
  // Whether it has ended, within the time.
  bool Ended(std::chrono::milliseconds within);
  // Once it has ended; as of a shell: 128 + n for signal n.
  int status() const { return status_; }

 private:
  explicit ChildProcess(pid_t pid) : pid_(pid) {}
  bool Reap(int options);

  pid_t pid_ = 0;
  int status_ = 0;
};

}  // namespace inventory
