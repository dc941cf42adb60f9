// How the configuration is shown to people: as YAML and in --help.
#pragma once

#include <string>

#include "server/config.h"

namespace inventory {

// The values in force as a commented configuration file, which reads back as the same values.
// Secrets are not shown: a setting that holds one is a comment. deploy/config.yaml is this text
// for the defaults.
std::string ConfigYaml(const Config& config);

// The table, a setting a line, for --help.
std::string SettingsHelp();

// Without its password: "root:****@tcp(localhost:3306)/inventory_db". A text without '@' is one.
std::string WithoutPassword(const std::string& secret);

}  // namespace inventory
