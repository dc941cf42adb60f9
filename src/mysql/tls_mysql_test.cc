// What tls=… of a DSN means, against a server with TLS and one without.
#include <gmock/gmock.h>

#include "base/status_matchers.h"
#include "mysql/connection.h"
#include "tests/support/mariadb_server.h"

namespace inventory {
namespace {

constexpr char kCertificate[] = TLS_FIXTURES "/certificate.pem";
constexpr char kKey[] = TLS_FIXTURES "/key.pem";

Dsn WithTls(Dsn dsn, Dsn::Tls tls, std::string_view authority = "") {
  dsn.tls = tls;
  dsn.tls_ca = authority;
  return dsn;
}

// The cipher of the session, empty in the clear; or the fault.
absl::StatusOr<std::string> Cipher(const Dsn& dsn) {
  absl::StatusOr<std::unique_ptr<Connection>> connection = Connection::Open(dsn);
  if (!connection.ok()) return connection.status();
  absl::StatusOr<std::vector<SqlRows>> results =
      (*connection)->Run("SHOW STATUS LIKE 'Ssl_cipher'");
  if (!results.ok()) return results.status();
  if (!results->front().Next()) return absl::InternalError("no status");
  return std::string(results->front().Text(1));
}

MATCHER(IsEncrypted, "") { return arg.ok() && !arg->empty(); }
MATCHER(IsInTheClear, "") { return arg.ok() && arg->empty(); }

TEST(TlsTest, AServerThatHasNone) {
  const Dsn dsn = MariadbServer::Shared().TcpDsn();
  EXPECT_THAT(Cipher(WithTls(dsn, Dsn::Tls::kOff)), IsInTheClear());
  EXPECT_THAT(Cipher(WithTls(dsn, Dsn::Tls::kPreferred)), IsInTheClear());
  EXPECT_THAT(Cipher(WithTls(dsn, Dsn::Tls::kSkipVerify)),
              StatusIs(absl::StatusCode::kFailedPrecondition, "the server has no TLS"));
  EXPECT_THAT(Cipher(WithTls(dsn, Dsn::Tls::kVerify)),
              StatusIs(absl::StatusCode::kFailedPrecondition, "does not support it"));
}

TEST(TlsTest, AServerThatHasIt) {
  const auto server = MariadbServer::Start(
      {.tcp = true,
       .arguments = {std::string("--ssl-cert=") + kCertificate, std::string("--ssl-key=") + kKey}});
  ASSERT_OK(server);
  const Dsn dsn = (*server)->TcpDsn();
  EXPECT_THAT(Cipher(WithTls(dsn, Dsn::Tls::kOff)), IsInTheClear());
  EXPECT_THAT(Cipher(WithTls(dsn, Dsn::Tls::kPreferred)), IsEncrypted());
  EXPECT_THAT(Cipher(WithTls(dsn, Dsn::Tls::kSkipVerify)), IsEncrypted());
  EXPECT_THAT(Cipher(WithTls(dsn, Dsn::Tls::kVerify)),
              StatusIs(absl::StatusCode::kFailedPrecondition, "self-signed certificate"));
  EXPECT_THAT(Cipher(WithTls(dsn, Dsn::Tls::kVerify, kCertificate)), IsEncrypted());
  Dsn other_name = WithTls(dsn, Dsn::Tls::kVerify, kCertificate);
  other_name.host = "127.1";  // the same place, and no name of the certificate's
  EXPECT_THAT(Cipher(other_name), StatusIs(absl::StatusCode::kFailedPrecondition, "SSL"));
}

}  // namespace
}  // namespace inventory
