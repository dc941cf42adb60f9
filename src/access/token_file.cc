#include "access/token_file.h"

#include "base/status_macros.h"
#include "telemetry/log.h"

namespace inventory {

absl::Status TokenFile::Load() {
  ASSIGN_OR_RETURN(const WatchedFiles::Texts texts, files_.Read());
  return Take(texts.front());
}

void TokenFile::LookAgain() {
  const auto changed = files_.Changed();
  if (!changed) return;
  const absl::Status taken = changed->ok() ? Take((*changed)->front()) : changed->status();
  if (taken.ok()) return;
  LogError("the tokens stay as they were: the changed file is not good",
           {{"reason", std::string(taken.message())}});
}

absl::Status TokenFile::Take(const std::string& text) {
  ASSIGN_OR_RETURN(TokenList tokens, TokenList::Parse(text, '\n', path_));
  if (OthersMayRead(path_)) {
    LogWarn("every user of this machine may read the tokens; chmod o-r the file",
            {{"file", path_}});
  }
  LogInfo("tokens are in force", {{"file", path_}, {"tokens", tokens.size()}});
  access_.SetTokens(std::move(tokens));
  return absl::OkStatus();
}

}  // namespace inventory
