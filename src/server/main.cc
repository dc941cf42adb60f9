// inventory-service: the command line.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include "server/config_reader.h"
#include "server/config_text.h"
#include "server/process.h"
#include "server/version.h"

namespace inventory {
namespace {

// Read where --config names no file, if it is there; the Go service had its file there too.
constexpr const char* kDefaultFile = "config/config.yaml";

constexpr const char* kDescription =
    "The stock service that never sells a unit twice and never loses one.\n"
    "It serves gRPC (inventory.v1.InventoryService), and HTTP with a console, until SIGTERM or\n"
    "SIGINT.";

constexpr const char* kFooter = R"(Examples:
  inventory-service                             serve on port 9004, stock in ./data/inventory
  INVENTORY_SERVER_PORT=9104 inventory-service  the same, on another port
  inventory-service --print-config > my.yaml    a commented file to begin with
  inventory-service --config my.yaml --check-config
  inventory-service --config my.yaml

Settings, with their defaults. In the file server.port is the line "port: 9004" below the line
"server:"; in the environment it is INVENTORY_SERVER_PORT, which overrides the file. store: auto is
redis where a redis setting is given, else mysql where a database setting is, else embedded.
{}
Exit status: 0 stopped as asked; 1 could not start or close (the log says why); 2 bad command line
or configuration. A second signal ends the process at once; what was answered is safe even then.)";

struct CommandLine {
  std::string file;
  bool print_config = false;
  bool check_config = false;
};

std::vector<std::string> Environment() {
  std::vector<std::string> variables;
  for (char** variable = environ; *variable != nullptr; ++variable) variables.push_back(*variable);
  return variables;
}

absl::StatusOr<LoadedConfig> Load(const std::string& file) {
  ConfigSource source{.file = file, .environment = Environment()};
  if (!file.empty()) {
    absl::StatusOr<std::string> text = ReadConfigFile(file);
    if (!text.ok()) return text.status();
    source.yaml = *std::move(text);
  }
  return LoadConfig(source);
}

ExitStatus Refuse(const absl::Status& status) {
  fmt::print(stderr, "inventory-service: bad configuration\n{}\n", std::string(status.message()));
  return kExitBadConfiguration;
}

ExitStatus Run(const CommandLine& command_line) {
  std::string file = command_line.file;
  std::error_code ignored;
  if (file.empty() && std::filesystem::exists(kDefaultFile, ignored)) file = kDefaultFile;
  const std::string origin = file.empty() ? "defaults" : file;

  const absl::StatusOr<LoadedConfig> loaded = Load(file);
  if (!loaded.ok()) return Refuse(loaded.status());
  if (!command_line.print_config && !command_line.check_config) {
    return Serve(*loaded, origin);
  }

  for (const std::string& warning : loaded->warnings) fmt::print(stderr, "warning: {}\n", warning);
  if (command_line.print_config) fmt::print("{}", ConfigYaml(loaded->config));
  if (command_line.check_config) {
    fmt::print(stderr, "{}: good; store {}: {}\n", origin, loaded->config.store,
               loaded->store_reason);
  }
  return kExitOk;
}

ExitStatus Main(int argc, char** argv) {
  CommandLine command_line;
  CLI::App app(kDescription, "inventory-service");
  app.add_option(
         "--config", command_line.file,
         fmt::format("read the settings from FILE (else from {}, if it is there)", kDefaultFile))
      ->type_name("FILE");
  app.add_flag("--print-config", command_line.print_config,
               "print the settings in force as a commented file, without secrets");
  app.add_flag("--check-config", command_line.check_config,
               "say whether the settings are good: exit status 0 if so, 2 if not");
  app.set_version_flag("--version",
                       fmt::format("inventory-service {} (commit {})", kVersion, kCommit));
  app.footer(fmt::format(kFooter, SettingsHelp()));
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kExitOk : kExitBadConfiguration;
  }
  return Run(command_line);
}

}  // namespace
}  // namespace inventory

int main(int argc, char** argv) {
  try {
    return inventory::Main(argc, argv);
  } catch (const std::exception& error) {  // out of memory, say
    fmt::print(stderr, "inventory-service: ended by an exception: {}\n", error.what());
    return inventory::kExitFailed;
  }
}
