#include "client/channel_access.h"

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <system_error>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace inventory {
namespace {

std::string Variable(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody sets any
  return value == nullptr ? "" : value;
}

absl::StatusOr<std::string> ReadFile(const char* what, const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  if (!file || text.str().empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        what, ": ", path, " cannot be read or is empty: ", std::generic_category().message(errno)));
  }
  return text.str();
}

}  // namespace

absl::StatusOr<ChannelAccess> ReadChannelAccess(std::string tls_ca) {
  ChannelAccess access;
  access.token = Variable("INVENTORY_TOKEN");
  if (const std::string path = Variable("INVENTORY_TOKEN_FILE");
      access.token.empty() && !path.empty()) {
    ASSIGN_OR_RETURN(access.token, ReadFile("INVENTORY_TOKEN_FILE", path));
    absl::StripAsciiWhitespace(&access.token);
  }
  if (tls_ca.empty()) tls_ca = Variable("INVENTORY_TLS_CA");
  if (!tls_ca.empty()) {
    ASSIGN_OR_RETURN(access.tls_ca, ReadFile("the certificates of TLS", tls_ca));
  }
  return access;
}

}  // namespace inventory
