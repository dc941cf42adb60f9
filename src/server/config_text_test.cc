#include "server/config_text.h"

#include <gtest/gtest.h>

#include "base/status_matchers.h"
#include "server/config_reader.h"

namespace inventory {
namespace {

Config Reread(const Config& config) {
  const auto loaded = LoadConfig({.file = "printed.yaml", .yaml = ConfigYaml(config)});
  EXPECT_OK(loaded);
  return loaded.ok() ? loaded->config : Config();
}

TEST(ConfigText, ReadsBackAsTheSameValues) {
  // Every setting differs from its default.
  Config config;
  for (const Setting& setting : Settings()) {
    if (setting.integer != nullptr) config.*setting.integer = setting.max;
    if (setting.boolean != nullptr) config.*setting.boolean = true;
    if (setting.kind == Setting::Kind::kText) config.*setting.text = "库 \"a\\b\": # {x}";
  }
  config.store = "memory";
  config.log_level = "debug";
  config.log_format = "json";
  EXPECT_EQ(Reread(config), config);
}

TEST(ConfigText, DoesNotShowSecrets) {
  Config config;
  config.store = "redis";
  config.redis_password = "hunter2";
  config.database_dsn = "root:hun@ter2@tcp(db:3306)/stock?loc=UTC";
  const std::string yaml = ConfigYaml(config);
  EXPECT_EQ(yaml.find("hun"), yaml.npos);
  EXPECT_EQ(yaml.find("ter2"), yaml.npos);
  EXPECT_NE(yaml.find("  # dsn: \"root:****@tcp(db:3306)/stock?loc=UTC\""), yaml.npos);
  EXPECT_NE(yaml.find("  # password: \"****\""), yaml.npos);
  config.redis_password = config.database_dsn = "";
  EXPECT_EQ(Reread(config), config);
}

TEST(ConfigText, FindsThePasswordInADsn) {
  EXPECT_EQ(WithoutPassword("root:p:w@x@tcp(h:1)/d"), "root:****@tcp(h:1)/d");
  EXPECT_EQ(WithoutPassword("root@tcp(h:1)/d"), "root@tcp(h:1)/d");
  EXPECT_EQ(WithoutPassword("hunter2"), "****");
  EXPECT_EQ(WithoutPassword("root:hunter2"), "****");
}

TEST(ConfigText, TheReferenceFileIsTheDefaults) {
  const auto file = ReadConfigFile(REFERENCE_CONFIG);
  ASSERT_OK(file);
  const auto defaults = LoadConfig({});
  ASSERT_OK(defaults);
  EXPECT_EQ(*file, ConfigYaml(defaults->config))
      << "write it anew: inventory-service --print-config > deploy/config.yaml";
}

TEST(ConfigText, HelpNamesEverySettingThatHasAnEffect) {
  const std::string help = "\n" + SettingsHelp();
  for (const Setting& setting : Settings()) {
    const bool shown = help.find("\n  " + std::string(setting.path) + ": ") != help.npos;
    EXPECT_EQ(shown, setting.integer || setting.text || setting.boolean) << setting.path;
  }
}

}  // namespace
}  // namespace inventory
