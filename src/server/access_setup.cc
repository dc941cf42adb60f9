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

}  // namespace inventory
