// Any bytes as a configuration file: never a crash, and what is accepted reads back the same.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "server/config_reader.h"
#include "server/config_text.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using inventory::LoadConfig;
  const std::string yaml(reinterpret_cast<const char*>(data), size);
  auto loaded = LoadConfig({.file = "fuzz.yaml", .yaml = yaml});
  if (!loaded.ok()) return 0;
  const inventory::Config& config = loaded->config;
  // What is secret is not printed.
  const auto again =
      LoadConfig({.file = "again.yaml",
                  .yaml = inventory::ConfigYaml(config),
                  .environment = {"INVENTORY_REDIS_PASSWORD=" + config.redis_password,
                                  "INVENTORY_DATABASE_DSN=" + config.database_dsn}});
  if (!again.ok() || again->config != config) std::abort();
  return 0;
}
