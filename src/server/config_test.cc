#include "server/config.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace inventory {
namespace {

using Kind = Setting::Kind;

TEST(ConfigTable, EverySettingStandsBelowItsSection) {
  std::string section;
  for (const Setting& setting : Settings()) {
    SCOPED_TRACE(setting.path);
    if (setting.kind == Kind::kSection) {
      section = std::string(setting.path) + ".";
    } else {
      EXPECT_TRUE(setting.path.starts_with(section));
      EXPECT_EQ(setting.path.find('.', section.size()), setting.path.npos);
    }
  }
}

TEST(ConfigTable, NamesAreUniqueInTheFileAndTheEnvironment) {
  std::set<std::string> names;
  for (const Setting& setting : Settings()) {
    EXPECT_TRUE(names.insert(EnvironmentName(setting.path)).second) << setting.path;
  }
}

TEST(ConfigTable, HelpFitsOnALine) {
  for (const Setting& setting : Settings()) {
    EXPECT_FALSE(setting.help.empty()) << setting.path;
    EXPECT_LE(setting.help.size() + AllowedShort(setting).size(), 90u) << setting.path;
    EXPECT_EQ(setting.help.find('\n'), setting.help.npos) << setting.path;
  }
}

TEST(ConfigTable, DefaultsAreAllowed) {
  for (const Setting& setting : Settings()) {
    Config config;
    SCOPED_TRACE(setting.path);
    if (setting.integer != nullptr) {
      EXPECT_TRUE(Assign(setting, std::to_string(config.*setting.integer), config));
    } else if (setting.text != nullptr) {
      EXPECT_TRUE(Assign(setting, std::string(config.*setting.text), config));
    }
    EXPECT_EQ(config, Config());
  }
}

TEST(ConfigTable, IntegersKeepToTheirRange) {
  const Setting& port = *FindSetting("server.port");
  Config config;
  EXPECT_TRUE(Assign(port, "0", config));
  EXPECT_EQ(config.server_port, 0);
  EXPECT_TRUE(Assign(port, "65535", config));
  EXPECT_EQ(config.server_port, 65535);
  for (const char* bad : {"65536", "-1", "", " 1", "1 ", "+1", "1.0", "0x10", "1_000", "010",
                          "9223372036854775808", "99999999999999999999", "abc", "true"}) {
    EXPECT_FALSE(Assign(port, bad, config)) << bad;
  }
  EXPECT_EQ(config.server_port, 65535);
}

TEST(ConfigTable, ChoicesAreWholeWords) {
  const Setting& store = *FindSetting("store");
  Config config;
  EXPECT_TRUE(Assign(store, "memory", config));
  for (const char* bad : {"", "mem", "Memory", "auto|embedded", "|", "postgres"}) {
    EXPECT_FALSE(Assign(store, bad, config)) << bad;
  }
  EXPECT_EQ(config.store, "memory");
}

TEST(ConfigTable, TextsAreUtf8WithoutControlCharacters) {
  const Setting& path = *FindSetting("embedded.path");
  Config config;
  EXPECT_TRUE(Assign(path, "/srv/库存 data", config));
  for (const std::string& bad : {std::string(), std::string("a\0b", 3), std::string("a\nb"),
                                 std::string("\x7F"), std::string("a\xFF")}) {
    EXPECT_FALSE(Assign(path, bad, config)) << bad;
  }
  EXPECT_TRUE(Assign(*FindSetting("redis.password"), "", config));
}

TEST(ConfigTable, EnvironmentNamesFollowThePath) {
  EXPECT_EQ(EnvironmentName("redis.addr"), "INVENTORY_REDIS_ADDR");
  EXPECT_EQ(EnvironmentName("store"), "INVENTORY_STORE");
}

}  // namespace
}  // namespace inventory
