#include "server/service_manager.h"

#include <fmt/format.h>
#include <systemd/sd-daemon.h>

#include <algorithm>
#include <string>
#include <system_error>

#include "telemetry/log.h"

namespace inventory {
namespace {

// A newline would begin another assignment.
std::string OneLine(std::string_view text) {
  std::string line(text);
  std::replace(line.begin(), line.end(), '\n', ' ');
  return line;
}

void Tell(const std::string& state) {
  const int told = sd_notify(/*unset_environment=*/0, state.c_str());
  if (told < 0) {
    LogWarn("cannot tell the service manager how the service is",
            {{"reason", std::generic_category().message(-told)}});
  }
}

}  // namespace

void TellManagerStarted(std::string_view status) {
  Tell(fmt::format("READY=1\nSTATUS={}", OneLine(status)));
}

void TellManagerStatus(std::string_view status) { Tell(fmt::format("STATUS={}", OneLine(status))); }

void TellManagerStopping() { Tell("STOPPING=1\nSTATUS=stopping"); }

}  // namespace inventory
