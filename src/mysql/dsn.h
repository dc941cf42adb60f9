// Where the database is, in the form of Go's MySQL driver:
//
//   [user[:password]@][protocol[(address)]]/database[?name=value[&name=value]…]
//
//   root:root123@tcp(localhost:3306)/inventory_db?charset=utf8mb4&parseTime=True&loc=Local
//   inventory@unix(/run/mysqld/mysqld.sock)/inventory_db?tls=false
//
// https://github.com/go-sql-driver/mysql#dsn-data-source-name. The last '/' ends the address; the
// last '@' before it ends the password, which may hold any byte and is not decoded. A '/' or '@'
// behind it, in the database's name or a parameter, is written %2F or %40.
// `tcp(localhost)` means TCP; the C library would take "localhost" for the Unix socket.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace inventory {

// Plain data.
struct Dsn {
  enum class Tls {
    kOff,         // tls=false, the default
    kPreferred,   // tls=preferred: if the server offers it, its certificate unchecked
    kSkipVerify,  // tls=skip-verify: required, its certificate unchecked
    kVerify,      // tls=true: required, certificate and host name checked
  };

  std::string user;
  std::string password;
  std::string socket;  // a path; empty: TCP
  std::string host = "127.0.0.1";
  int port = 3306;
  std::string database;
  Tls tls = Tls::kOff;
  std::string tls_ca;  // tls-ca=…, a file; ours, the Go driver registers certificates in code
  // Whole seconds, rounded up; from 1 (reading: from 5) to 3,600.
  int connect_timeout_seconds = 5;  // timeout
  int read_timeout_seconds = 15;    // readTimeout; longer than any wait for a lock
  int write_timeout_seconds = 15;   // writeTimeout

  // For logs and status pages: without user and password. "tcp(localhost:3306)/inventory_db"; reads
  // back as the same place.
  std::string Location() const;
};

// Parameters that change nothing here (charset, collation, parseTime, loc, …) are taken and
// ignored; one that is unknown, or that asks for what this client does not do, is an
// InvalidArgument whose text says what is allowed and never holds the password.
absl::StatusOr<Dsn> ParseDsn(std::string_view text);

}  // namespace inventory
