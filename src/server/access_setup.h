// What the settings of the sections `access` and `tls` come to.
#pragma once

#include <memory>

#include "absl/status/status.h"
#include "access/access.h"
#include "access/tls_files.h"
#include "access/token_file.h"
#include "server/config.h"

namespace inventory {

// Reads the tokens that the settings name into `access`, if any. The file that is to be looked at
// from now on; null where there is none. `access` outlives it.
absl::StatusOr<std::unique_ptr<TokenFile>> OpenTokens(const Config& config, Access& access);

// Reads the certificate and the key. Null where the settings name none.
absl::StatusOr<std::unique_ptr<TlsFiles>> OpenTls(const Config& config);

}  // namespace inventory
