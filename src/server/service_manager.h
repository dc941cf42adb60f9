// What the process tells the service manager that started it: sd_notify(3), systemd's Type=notify.
#pragma once

#include <string_view>

namespace inventory {

// Where no manager asked for it (NOTIFY_SOCKET is not set) each of these does nothing. A manager
// that cannot be reached is a warning in the log, no more. One thread at a time.

// Starting is over: the listeners are open. `status` is a line for people, as in `systemctl
// status`.
void TellManagerStarted(std::string_view status);
// A line for people: what the service is doing now.
void TellManagerStatus(std::string_view status);
void TellManagerStopping();

}  // namespace inventory
