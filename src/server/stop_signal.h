// SIGTERM and SIGINT as a request to stop.
#pragma once

#include <chrono>

namespace inventory {

// While none is listening a signal ends the process at once, as ever. After Listen() the first one
// only asks to stop, and the second ends the process at once. There is one for the process, and one
// thread uses it.
class StopSignal {
 public:
  static void Listen();

  // Waits for the first signal, at most so long. True: it has come.
  static bool WaitFor(std::chrono::milliseconds duration);
};

}  // namespace inventory
