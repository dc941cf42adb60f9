#include "server/access_setup.h"

#include <utility>

#include "base/status_macros.h"

namespace inventory {

absl::StatusOr<std::unique_ptr<TokenFile>> OpenTokens(const Config& config, Access& access) {
  if (!config.access_tokens.empty()) {
    if (!config.access_tokens_file.empty()) {
      return absl::InvalidArgumentError(
          "access.tokens and access.tokens_file are both given; keep one of them");
    }
    ASSIGN_OR_RETURN(TokenList tokens,
                     TokenList::Parse(config.access_tokens, ';', "access.tokens"));
    access.SetTokens(std::move(tokens));
    return nullptr;
  }
  if (config.access_tokens_file.empty()) return nullptr;
  auto file = std::make_unique<TokenFile>(config.access_tokens_file, access);
  RETURN_IF_ERROR(file->Load());
  return file;
}

absl::StatusOr<std::unique_ptr<TlsFiles>> OpenTls(const Config& config) {
  if (config.tls_certificate.empty() != config.tls_key.empty()) {
    return absl::InvalidArgumentError(
        "of tls.certificate and tls.key one is given: give the other, too, or neither");
  }
  if (config.tls_certificate.empty()) return nullptr;
  auto files = std::make_unique<TlsFiles>(config.tls_certificate, config.tls_key);
  RETURN_IF_ERROR(files->Load());
  return files;
}

}  // namespace inventory
