#include "server/config_reader.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/status_matchers.h"

namespace inventory {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

absl::StatusOr<LoadedConfig> Load(const std::string& yaml,
                                  std::vector<std::string> environment = {}) {
  return LoadConfig({.file = "c.yaml", .yaml = yaml, .environment = std::move(environment)});
}

// The refusals, or "accepted".
std::string Refusal(const std::string& yaml, std::vector<std::string> environment = {}) {
  const auto loaded = Load(yaml, std::move(environment));
  return loaded.ok() ? "accepted" : std::string(loaded.status().message());
}

TEST(ConfigReader, NothingGivenMeansDefaults) {
  for (const char* yaml : {"", "# only a comment\n", "server:\nredis:\n", "--- ~\n"}) {
    const auto loaded = Load(yaml);
    ASSERT_OK(loaded) << yaml;
    Config expected;
    expected.store = "embedded";
    EXPECT_EQ(loaded->config, expected);
    EXPECT_THAT(loaded->warnings, IsEmpty());
  }
}

TEST(ConfigReader, TakesEveryKindOfValue) {
  const auto loaded = Load(
      "store: memory\n"
      "server: {port: 0, address: '::1'}\n"
      "inventory:\n  enable_cache: true\n"
      "redis:\n  password: 012345\n"  // a plain number is a text where a text is wanted
      "log:\n  format: json\n  output: \"/var/log/a \\\"b\\\".log\"\n");
  ASSERT_OK(loaded);
  EXPECT_EQ(loaded->config.store, "memory");
  EXPECT_EQ(loaded->config.server_port, 0);
  EXPECT_EQ(loaded->config.server_address, "::1");
  EXPECT_TRUE(loaded->config.inventory_enable_cache);
  EXPECT_EQ(loaded->config.redis_password, "012345");
  EXPECT_EQ(loaded->config.log_format, "json");
  EXPECT_EQ(loaded->config.log_output, "/var/log/a \"b\".log");
}

TEST(ConfigReader, TheOriginsFileWorksByteForByte) {
  const std::string path = std::string(SERVER_TESTDATA) + "/origin_config.yaml";
  const auto text = ReadConfigFile(path);
  ASSERT_OK(text);
  const auto loaded = LoadConfig({.file = "config.yaml", .yaml = *text});
  ASSERT_OK(loaded);
  EXPECT_EQ(loaded->config.store, "redis");
  EXPECT_EQ(loaded->store_reason, "store is not set, and there are redis settings: config.yaml:9");
  EXPECT_EQ(
      loaded->config.database_dsn,
      "root:root123@tcp(localhost:3306)/inventory_db?charset=utf8mb4&parseTime=True&loc=Local");
  EXPECT_EQ(loaded->config.redis_db, 1);
  EXPECT_EQ(loaded->config.redis_pool_size, 50);
  EXPECT_EQ(loaded->config.inventory_sync_interval, 60);
  EXPECT_THAT(loaded->warnings, IsEmpty());
}

TEST(ConfigReader, TheOriginsOtherKeysAreAcceptedWithOneWarningEach) {
  const auto loaded = Load(
      "server:\n  read_timeout: 10\n  write_timeout: 10\n"
      "database:\n  driver: mysql\n  max_idle_conns: 10\n  conn_max_lifetime: 3600\n"
      "  log_mode: true\n"
      "log:\n  level: debug\n  format: console\n  output: stdout\n"
      "store: memory\n");
  ASSERT_OK(loaded);
  EXPECT_THAT(
      loaded->warnings,
      ElementsAre("c.yaml:2: server.read_timeout has no effect: a call's deadline is the caller's",
                  "c.yaml:3: server.write_timeout has no effect: a call's deadline is the caller's",
                  "c.yaml:5: database.driver has no effect: the driver follows from the store",
                  "c.yaml:6: database.max_idle_conns has no effect: the service keeps the "
                  "connections it needs",
                  "c.yaml:7: database.conn_max_lifetime has no effect: connections are renewed "
                  "when they fail",
                  "c.yaml:8: database.log_mode has no effect: statements are not logged; see "
                  "log.level"));
}

TEST(ConfigReader, RefusesUnknownSettings) {
  EXPECT_EQ(Refusal("\nredis:\n  address: x\n"),
            "c.yaml:3: there is no setting \"redis.address\" (did you mean redis.addr?); --help "
            "lists the settings");
  EXPECT_EQ(Refusal("sevrer:\n  port: 1\n"),
            "c.yaml:1: there is no setting \"sevrer\" (did you mean server?); --help lists the "
            "settings");
  EXPECT_EQ(Refusal("port: 9004\n"),
            "c.yaml:1: there is no setting \"port\" (did you mean server.port?); --help lists the "
            "settings");
  EXPECT_EQ(Refusal("completely_different: 1\n"),
            "c.yaml:1: there is no setting \"completely_different\"; --help lists the settings");
  EXPECT_EQ(Refusal("server.port: 9004\n"),
            "c.yaml:1: there is no setting \"server.port\" as one word; write the section on a "
            "line of its own and the rest indented below it");
  EXPECT_EQ(Refusal("? [a]\n: 1\n"),
            "c.yaml:1: there is no setting \"\"; --help lists the settings");
}

TEST(ConfigReader, RefusesDoubledSettings) {
  EXPECT_EQ(Refusal("server:\n  port: 1\n  port: 1\n"),
            "c.yaml:3: \"server.port\" stands here a second time, after c.yaml:2; remove one");
  EXPECT_EQ(Refusal("redis:\n  db: 1\nstore: memory\nredis:\n  addr: x\n"),
            "c.yaml:4: \"redis\" stands here a second time, after c.yaml:1; remove one");
}

TEST(ConfigReader, RefusesWrongTypesAndRanges) {
  EXPECT_EQ(Refusal("server:\n  port: abc\n"),
            "c.yaml:2: server.port: found \"abc\"; allowed: a whole number from 0 to 65535");
  EXPECT_EQ(Refusal("server:\n  port: 65536\n"),
            "c.yaml:2: server.port: found \"65536\"; allowed: a whole number from 0 to 65535");
  EXPECT_EQ(Refusal("server:\n  port: \"9004\"\n"),
            "c.yaml:2: server.port: found the text \"9004\"; allowed: a whole number from 0 to "
            "65535");
  EXPECT_EQ(Refusal("reservation:\n  ttl: 0\n"),
            "c.yaml:2: reservation.ttl: found \"0\"; allowed: a whole number from 1 to 2592000 "
            "seconds");
  EXPECT_EQ(Refusal("server:\n  port:\n"),
            "c.yaml:2: server.port: found nothing; allowed: a whole number from 0 to 65535");
  EXPECT_EQ(Refusal("server:\n  port: [1]\n"),
            "c.yaml:2: server.port: found a list; allowed: a whole number from 0 to 65535");
  EXPECT_EQ(Refusal("server:\n  address: {a: b}\n"),
            "c.yaml:2: server.address: found a section; allowed: a text that is not empty, without "
            "control characters");
  EXPECT_EQ(Refusal("server: 9004\n"),
            "c.yaml:1: server: found \"9004\"; allowed: settings, indented below it");
  EXPECT_EQ(Refusal("server: [9004]\n"),
            "c.yaml:1: server: found a list; allowed: settings, indented below it");
  EXPECT_EQ(Refusal("inventory:\n  enable_cache: yes\n"),
            "c.yaml:2: inventory.enable_cache: found \"yes\"; allowed: true or false");
  EXPECT_EQ(Refusal("store: postgres\n"),
            "c.yaml:1: store: found \"postgres\"; allowed: one of auto, embedded, memory, mysql, "
            "redis");
  EXPECT_EQ(Refusal("embedded:\n  path: \"\"\n"),
            "c.yaml:2: embedded.path: found \"\"; allowed: a text that is not empty, without "
            "control characters");
  EXPECT_EQ(Refusal("embedded:\n  path: \"a\\0b\\e[2J" + std::string(100, 'x') + "\"\n"),
            "c.yaml:2: embedded.path: found \"a?b?[2J" + std::string(53, 'x') +
                "…\"; allowed: a text that is not empty, without control characters");
}

TEST(ConfigReader, NeverShowsASecret) {
  EXPECT_EQ(Refusal("redis:\n  password: \"se\\ncret\"\n"),
            "c.yaml:2: redis.password: found a text (not shown); allowed: a text without control "
            "characters");
  EXPECT_EQ(Refusal("", {"INVENTORY_DATABASE_DSN=root:secret\x01@tcp(x)/y"}),
            "INVENTORY_DATABASE_DSN: database.dsn: found a text (not shown); allowed: a text "
            "without control characters");
}

TEST(ConfigReader, ChecksTheDsnWithoutShowingIt) {
  EXPECT_EQ(Refusal("database:\n  dsn: \"root:secret@tcp(localhost:3306)\"\n"),
            "c.yaml:2: database.dsn: there is no '/' before the database's name; allowed: "
            "user:password@tcp(host:3306)/database or user:password@unix(/path)/database");
  EXPECT_EQ(Refusal("store: memory\n", {"INVENTORY_DATABASE_DSN=root:secret@/d?tls=secret"}),
            "INVENTORY_DATABASE_DSN: database.dsn: tls has no such kind here; allowed: false, "
            "preferred, skip-verify, true (with tls-ca=/file for an authority of your own)");
}

TEST(ConfigReader, TheMysqlStoreNeedsADsn) {
  const std::string missing =
      ": database.dsn: found nothing, and the mysql store needs it; allowed: "
      "user:password@tcp(host:3306)/database";
  EXPECT_EQ(Refusal("\nstore: mysql\n"), "c.yaml:2" + missing);
  EXPECT_EQ(Refusal("", {"INVENTORY_STORE=mysql"}), "INVENTORY_STORE" + missing);
  EXPECT_EQ(Refusal("store: mysql\ndatabase:\n  dsn: \"\"\n"), "c.yaml:3" + missing);
  EXPECT_EQ(Refusal("database:\n  max_open_conns: 5\n"), "c.yaml:2" + missing);
}

TEST(ConfigReader, RefusesWhatIsNotAConfiguration) {
  EXPECT_EQ(Refusal("server:\n  port: [1\n"), "c.yaml:3: not YAML: end of sequence flow not found");
  EXPECT_EQ(Refusal("\tserver:\n"), "c.yaml:1: not YAML: illegal map value");
  EXPECT_EQ(Refusal("just words\n"),
            "c.yaml:1: no settings here; write them as section, colon, and indented below it name: "
            "value");
  EXPECT_EQ(Refusal("store: memory\n---\nstore: embedded\n"),
            "c.yaml:2: a second YAML document begins here; keep one");
  EXPECT_EQ(Refusal("&a {b: ~}c\n"), "c.yaml:1: a second YAML document begins here; keep one");
}

TEST(ConfigReader, ReportsAllFaultsAtOnce) {
  EXPECT_EQ(Refusal("server:\n  port: x\n  prot: 1\nstore: no\n", {"INVENTORY_REDIS_DB=-1"}),
            "c.yaml:2: server.port: found \"x\"; allowed: a whole number from 0 to 65535\n"
            "c.yaml:3: there is no setting \"server.prot\" (did you mean server.port?); --help "
            "lists the settings\n"
            "c.yaml:4: store: found \"no\"; allowed: one of auto, embedded, memory, mysql, redis\n"
            "INVENTORY_REDIS_DB: redis.db: found \"-1\"; allowed: a whole number from 0 to 65535");
}

TEST(ConfigReader, TheEnvironmentOverridesTheFile) {
  const auto loaded = Load(
      "store: memory\nredis:\n  addr: file:1\n  db: 3\n",
      {"INVENTORY_REDIS_ADDR=environment:2", "PATH=/bin", "INVENTORY",
       "INVENTORY_SERVER=stock:9004", "INVENTORY_SERVER_PORT=7", "INVENTORY_REDIS_PASSWORD=a=b"});
  ASSERT_OK(loaded);
  EXPECT_EQ(loaded->config.redis_addr, "environment:2");
  EXPECT_EQ(loaded->config.redis_db, 3);
  EXPECT_EQ(loaded->config.server_port, 7);
  EXPECT_EQ(loaded->config.redis_password, "a=b");
  EXPECT_THAT(loaded->warnings, IsEmpty());
}

TEST(ConfigReader, UnknownVariablesGetAWarning) {
  const auto loaded = Load("", {"INVENTORY_REDIS_ADR=x", "INVENTORY_SERVER_READ_TIMEOUT=1"});
  ASSERT_OK(loaded);
  EXPECT_THAT(loaded->warnings,
              ElementsAre("environment: INVENTORY_REDIS_ADR is no setting and has no effect (did "
                          "you mean INVENTORY_REDIS_ADDR?)",
                          "INVENTORY_SERVER_READ_TIMEOUT: server.read_timeout has no effect: a "
                          "call's deadline is the caller's"));
}

TEST(ConfigReader, ChoosesTheStore) {
  struct Case {
    std::string yaml;
    std::vector<std::string> environment;
    std::string store;
    std::string reason;
  };
  const Case cases[] = {
      {"", {}, "embedded", "the default: neither store nor redis nor database settings are given"},
      {"store: auto\n",
       {},
       "embedded",
       "the default: neither store nor redis nor database settings are given"},
      {"redis:\n",
       {},
       "embedded",
       "the default: neither store nor redis nor database settings are given"},
      {"database:\n  dsn: /x\nredis:\n  db: 1\n",
       {},
       "redis",
       "store is not set, and there are redis settings: c.yaml:4"},
      {"database:\n  dsn: /x\n",
       {},
       "mysql",
       "store is not set, and there are database settings: c.yaml:2"},
      {"",
       {"INVENTORY_REDIS_ADDR=x:1"},
       "redis",
       "store is not set, and there are redis settings: INVENTORY_REDIS_ADDR"},
      {"redis:\n  db: 1\nstore: embedded\n", {}, "embedded", "store is set in c.yaml:3"},
      {"store: redis\n", {"INVENTORY_STORE=memory"}, "memory", "store is set in INVENTORY_STORE"},
  };
  for (const Case& test : cases) {
    const auto loaded = Load(test.yaml, test.environment);
    ASSERT_OK(loaded) << test.yaml;
    EXPECT_EQ(loaded->config.store, test.store) << test.yaml;
    EXPECT_EQ(loaded->store_reason, test.reason) << test.yaml;
  }
}

class ConfigFileTest : public ::testing::Test {
 protected:
  ConfigFileTest() {
    std::string name = (std::filesystem::temp_directory_path() / "config_test.XXXXXX").string();
    folder_ = mkdtemp(name.data());
  }
  ~ConfigFileTest() override { std::filesystem::remove_all(folder_); }

  std::string Write(const std::string& text) const {
    std::ofstream(folder_ / "c.yaml", std::ios::binary) << text;
    return folder_ / "c.yaml";
  }

  std::filesystem::path folder_;
};

TEST_F(ConfigFileTest, IsReadAsItIs) {
  const std::string text("a: 1\r\n\0x", 8);
  const auto read = ReadConfigFile(Write(text));
  ASSERT_OK(read);
  EXPECT_EQ(*read, text);
}

TEST_F(ConfigFileTest, MayBeAsLargeAsTheLimitAndNoLarger) {
  EXPECT_OK(ReadConfigFile(Write(std::string(kMaxConfigBytes, '#'))));
  EXPECT_THAT(ReadConfigFile(Write(std::string(kMaxConfigBytes + 1, '#'))),
              StatusIs(absl::StatusCode::kInvalidArgument, "larger than 1048576 bytes"));
}

TEST_F(ConfigFileTest, MustBeThere) {
  EXPECT_THAT(ReadConfigFile(folder_ / "none.yaml"),
              StatusIs(absl::StatusCode::kNotFound, "No such file or directory"));
  EXPECT_THAT(ReadConfigFile(folder_), StatusIs(absl::StatusCode::kInvalidArgument, "is a folder"));
}

}  // namespace
}  // namespace inventory
