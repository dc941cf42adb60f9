// Reads the configuration: a YAML file, then the environment on top of it.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/config.h"

namespace inventory {

inline constexpr std::size_t kMaxConfigBytes = 1 << 20;

struct LoadedConfig {
  Config config;                      // `store` is resolved: never "auto"
  std::string store_reason;           // why this store, for people
  bool http_port_given = false;       // and not the default
  std::vector<std::string> warnings;  // what was given and has no effect
};

// Where a configuration comes from.
struct ConfigSource {
  std::string file;                      // its name in messages; empty: there is none
  std::string yaml;                      // what stands in it
  std::vector<std::string> environment;  // "NAME=value"; names not INVENTORY_* are passed over
};

// Never throws, whatever stands in the source. INVALID_ARGUMENT names every fault, one a line, as
//   config.yaml:3: server.port: found "abc"; allowed: a whole number from 0 to 65535
absl::StatusOr<LoadedConfig> LoadConfig(const ConfigSource& source);

// The text of a configuration file. The error says what to do.
absl::StatusOr<std::string> ReadConfigFile(const std::string& path);

}  // namespace inventory
