// Any text as a DSN: refused without showing its password, or taken, and then its location names
// the same place.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/utf8.h"
#include "mysql/dsn.h"

namespace inventory {
namespace {

constexpr std::string_view kPassword = "hunter2";

void Check(bool holds) {
  if (!holds) std::abort();
}

void CheckParsed(const Dsn& dsn) {
  Check(!dsn.database.empty() && IsUtf8(dsn.database));
  Check(dsn.port >= 1 && dsn.port <= 65535);
  Check(!dsn.host.empty());
  for (const int seconds :
       {dsn.connect_timeout_seconds, dsn.read_timeout_seconds, dsn.write_timeout_seconds}) {
    Check(seconds >= 1 && seconds <= 3'600);
  }
  const absl::StatusOr<Dsn> again = ParseDsn(dsn.Location());
  Check(again.ok());
  Check(again->socket == dsn.socket && again->host == dsn.host && again->port == dsn.port);
  Check(again->database == dsn.database && again->user.empty() && again->password.empty());
}

}  // namespace
}  // namespace inventory

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace inventory;  // NOLINT(google-build-using-namespace)
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (const absl::StatusOr<Dsn> dsn = ParseDsn(text); dsn.ok()) CheckParsed(*dsn);

  const absl::StatusOr<Dsn> dsn = ParseDsn("root:" + std::string(kPassword) + text);
  if (text.find(kPassword) == text.npos) {
    const std::string shown = dsn.ok() ? dsn->Location() : std::string(dsn.status().message());
    Check(shown.find(kPassword) == shown.npos);
  }
  return 0;
}
