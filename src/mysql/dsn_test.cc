#include "mysql/dsn.h"

#include <gmock/gmock.h>

#include "base/status_matchers.h"

namespace inventory {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Dsn Parsed(std::string_view text) {
  absl::StatusOr<Dsn> dsn = ParseDsn(text);
  EXPECT_OK(dsn) << text;
  return dsn.ok() ? *dsn : Dsn();
}

// The refusal, or "accepted".
std::string Refusal(std::string_view text) {
  const absl::StatusOr<Dsn> dsn = ParseDsn(text);
  if (dsn.ok()) return "accepted";
  EXPECT_EQ(dsn.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(dsn.status().message());
}

TEST(DsnTest, TakesTheDsnOfTheGoServiceAsItIs) {
  const Dsn dsn = Parsed(
      "root:root123@tcp(localhost:3306)/inventory_db?charset=utf8mb4&parseTime=True&loc=Local");
  EXPECT_EQ(dsn.user, "root");
  EXPECT_EQ(dsn.password, "root123");
  EXPECT_EQ(dsn.socket, "");
  EXPECT_EQ(dsn.host, "localhost");
  EXPECT_EQ(dsn.port, 3306);
  EXPECT_EQ(dsn.database, "inventory_db");
  EXPECT_EQ(dsn.tls, Dsn::Tls::kOff);
  EXPECT_EQ(dsn.connect_timeout_seconds, 5);
  EXPECT_EQ(dsn.Location(), "tcp(localhost:3306)/inventory_db");
}

TEST(DsnTest, TakesTheAddressInEveryForm) {
  struct Case {
    std::string text;
    std::string location;
  };
  const Case cases[] = {
      {"/d", "tcp(127.0.0.1:3306)/d"},
      {"@/d", "tcp(127.0.0.1:3306)/d"},
      {"u@/d", "tcp(127.0.0.1:3306)/d"},
      {"u:p@tcp/d", "tcp(127.0.0.1:3306)/d"},
      {"tcp()/d", "tcp(127.0.0.1:3306)/d"},
      {"(db.shop:3307)/d", "tcp(db.shop:3307)/d"},
      {"tcp(db.shop)/d", "tcp(db.shop:3306)/d"},
      {"tcp(:3307)/d", "tcp(127.0.0.1:3307)/d"},
      {"tcp([::1]:3307)/d", "tcp([::1]:3307)/d"},
      {"tcp([fe80::1%eth0])/d", "tcp([fe80::1%eth0]:3306)/d"},
      {"tcp(de:ad:be:ef::ca:fe)/d", "tcp([de:ad:be:ef::ca:fe]:3306)/d"},
      {"unix/d", "unix(/tmp/mysql.sock)/d"},
      {"u@unix(/run/mysqld/mysqld.sock)/d", "unix(/run/mysqld/mysqld.sock)/d"},
      {"unix(/a (b)/c.sock)/d", "unix(/a (b)/c.sock)/d"},
  };
  for (const Case& test : cases) EXPECT_EQ(Parsed(test.text).Location(), test.location);
}

TEST(DsnTest, TakesAnyPassword) {
  for (const std::string password :
       {"", "p@ss", "a/b", "a:b:c", "p@tcp(elsewhere:1)/x?y=z", "密码", "%41", ")(", "a b"}) {
    const Dsn dsn = Parsed("user:" + password + "@tcp(h:1)/d");
    EXPECT_EQ(dsn.user, "user");
    EXPECT_EQ(dsn.password, password);
    EXPECT_EQ(dsn.Location(), "tcp(h:1)/d");
  }
}

TEST(DsnTest, TakesAnyDatabase) {
  EXPECT_EQ(Parsed("/a%2Fb%3f%25%40c").database, "a/b?%@c");
  EXPECT_EQ(Parsed("/a%2Fb%3f%25%40c").Location(), "tcp(127.0.0.1:3306)/a%2Fb%3F%25%40c");
  EXPECT_EQ(Parsed("/库存").Location(), "tcp(127.0.0.1:3306)/库存");
}

TEST(DsnTest, TakesDurationsAsGoWritesThem) {
  struct Case {
    const char* text;
    int seconds;
  };
  const Case cases[] = {{"1s", 1},     {"5s", 5},    {"500ms", 1}, {"1500ms", 2},
                        {"1m30s", 90}, {"1.5m", 90}, {"1h", 3600}, {"2000000us", 2},
                        {"999µs", 1},  {"1ns", 1},   {".5s", 1},   {"59m60s", 3600}};
  for (const Case& test : cases) {
    const Dsn dsn = Parsed(std::string("/d?timeout=") + test.text);
    EXPECT_EQ(dsn.connect_timeout_seconds, test.seconds) << test.text;
  }
  const Dsn dsn = Parsed("/d?timeout=7s&readTimeout=8s&writeTimeout=9s");
  EXPECT_EQ(dsn.connect_timeout_seconds, 7);
  EXPECT_EQ(dsn.read_timeout_seconds, 8);
  EXPECT_EQ(dsn.write_timeout_seconds, 9);
}

TEST(DsnTest, RefusesOtherDurations) {
  for (const char* text : {"", "5", "0", "0s", "-5s", "+5s", "s", "5 s", "5d", "1e3s", "infs",
                           "nans", "0x5s", "1h1ns", "9999999999999999999999h", "5s,", "1..5s"}) {
    EXPECT_EQ(Refusal(std::string("/d?timeout=") + text),
              "timeout is none that this client can keep; allowed: a duration from 1s to 1h, as "
              "5s, 500ms or 1m30s")
        << text;
  }
  EXPECT_THAT(Refusal("/d?readTimeout=4s"), HasSubstr("a duration from 5s to 1h"))
      << "shorter than a wait for a lock";
}

TEST(DsnTest, TakesTls) {
  EXPECT_EQ(Parsed("/d?tls=false").tls, Dsn::Tls::kOff);
  EXPECT_EQ(Parsed("/d?tls=preferred").tls, Dsn::Tls::kPreferred);
  EXPECT_EQ(Parsed("/d?tls=skip-verify").tls, Dsn::Tls::kSkipVerify);
  EXPECT_EQ(Parsed("/d?tls=TRUE").tls, Dsn::Tls::kVerify);
  const Dsn own = Parsed("/d?tls-ca=%2Fetc%2Fca.pem&tls=true");
  EXPECT_EQ(own.tls, Dsn::Tls::kVerify);
  EXPECT_EQ(own.tls_ca, "/etc/ca.pem");
  EXPECT_EQ(Refusal("/d?tls=custom"),
            "tls has no such kind here; allowed: false, preferred, skip-verify, true (with "
            "tls-ca=/file for an authority of your own)");
  EXPECT_EQ(Refusal("/d?tls-ca=%2Fca.pem"),
            "tls-ca without tls=true would not be looked at; allowed: tls=true&tls-ca=/file");
}

TEST(DsnTest, TakesAndIgnoresWhatConcernsGoProgramsOnly) {
  Parsed("/d?");
  Parsed("/d?&&timeout=1s&");
  Parsed(
      "/d?allowAllFiles=true&charset=utf8mb4,utf8&collation=utf8mb4_general_ci&parseTime=true&"
      "loc=Asia%2FShanghai&interpolateParams=true&maxAllowedPacket=0&multiStatements=true&"
      "rejectReadOnly=true&clientFoundRows=true&columnsWithAlias=true&checkConnLiveness=false&"
      "allowNativePasswords=true&allowCleartextPasswords=false&compress=0");
}

TEST(DsnTest, RefusesWhatItWouldNotDo) {
  EXPECT_EQ(Refusal("/d?compress=true"), "compress cannot be changed here; allowed: false");
  EXPECT_EQ(Refusal("/d?allowCleartextPasswords=true"),
            "allowCleartextPasswords cannot be changed here; allowed: false");
  EXPECT_EQ(Refusal("/d?allowNativePasswords=false"),
            "allowNativePasswords cannot be changed here; allowed: true");
  EXPECT_THAT(Refusal("/d?sql_mode=ANSI"), HasSubstr("there is no parameter \"sql_mode\""));
  EXPECT_THAT(Refusal("/d?Timeout=5s"), HasSubstr("there is no parameter \"Timeout\""));
  EXPECT_THAT(Refusal("/d?se%20cret=5s"), HasSubstr("there is no parameter (not shown)"));
  EXPECT_THAT(Refusal("/d?parseTime"), HasSubstr("the parameter \"parseTime\" has no value"));
  EXPECT_THAT(Refusal("/d?tls=%4"), HasSubstr("the value of the parameter \"tls\" is cut short"));
  EXPECT_THAT(Refusal("/d?tls-ca=a%00b&tls=true"), HasSubstr("is cut short"));
}

TEST(DsnTest, SaysWhatIsWrongWithTheForm) {
  EXPECT_EQ(Refusal(""),
            "there is no '/' before the database's name; allowed: "
            "user:password@tcp(host:3306)/database or user:password@unix(/path)/database");
  EXPECT_THAT(Refusal("u:p@tcp(h:1)"), HasSubstr("no '/' before the database's name"));
  EXPECT_THAT(Refusal("u:p@tcp(h:1)/"), HasSubstr("no database is named after the last '/'"));
  EXPECT_THAT(Refusal("u:p@tcp(h:1)/?loc=UTC"), HasSubstr("no database is named"));
  EXPECT_THAT(Refusal("u:p@tcp(h:1/d"), HasSubstr("the '(' of the address has no ')'"));
  EXPECT_THAT(Refusal("u:p@tcp(h:1)/d?loc=Asia/Shanghai"), HasSubstr("is written %2F"));
  EXPECT_THAT(Refusal("u:p@h:1/d"), HasSubstr("neither tcp(…) nor unix(…)"));
  EXPECT_THAT(Refusal("u:p@TCP(h:1)/d"), HasSubstr("neither tcp(…) nor unix(…)"));
  EXPECT_THAT(Refusal("tcp(h:1)/d%"), HasSubstr("%25 for '%'"));
  EXPECT_THAT(Refusal("tcp(h:1)/d%FF"), HasSubstr("no UTF-8"));
  EXPECT_THAT(Refusal("tcp(h:1)/d%00"), HasSubstr("cut short"));
  EXPECT_THAT(Refusal(std::string_view("a\0b@/d", 6)), HasSubstr("a zero byte"));
  for (const char* port : {"", "0", "65536", "mysql", "-1", "1x"}) {
    EXPECT_THAT(Refusal(std::string("tcp(h:") + port + ")/d"), HasSubstr("from 1 to 65535"));
    EXPECT_THAT(Refusal(std::string("tcp([::1]:") + port + ")/d"), HasSubstr("from 1 to 65535"));
  }
  EXPECT_THAT(Refusal("tcp([::1)/d"), HasSubstr("has no ']'"));
  EXPECT_THAT(Refusal("tcp([::1]3306)/d"), HasSubstr("something other than a port"));
  EXPECT_THAT(Refusal("tcp(a b)/d"), HasSubstr("neither a name nor an IP address"));
  EXPECT_THAT(Refusal("unix(mysqld.sock)/d"), HasSubstr("unix(/path), at most 107 bytes"));
  EXPECT_THAT(Refusal("unix(/" + std::string(107, 'x') + ")/d"), HasSubstr("at most 107 bytes"));
}

// A '/' or an '@' that the writer forgot moves the borders; the password is never shown for it.
TEST(DsnTest, NeverShowsAPassword) {
  for (const char* text :
       {"root:secret", "root:secret@tcp(h:1)", "root:se/secret@tcp(h:1)", "root:secret/d",
        "root:secret(h:1)/d", "root:x/d?secret=1@tcp(h:1)", "root:secret@tcp(h:1/d",
        "root:@secret(h:1)/d", "root:/secret?secret=secret@", "root:secret@unix(secret)/d",
        "root:x@tcp(secret secret)/d", "root:secret@tcp(h:secret)/d", "u@/d?secret secret=secret",
        "u@/d?tls=secret", "root:@/secret@tcp(h:1)", "u@/d?timeout=secret",
        "u@/d?compress=secret"}) {
    EXPECT_THAT(Refusal(text), Not(HasSubstr("secret"))) << text;
    EXPECT_NE(Refusal(text), "accepted") << text;
  }
}

}  // namespace
}  // namespace inventory
