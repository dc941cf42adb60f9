// A file of tokens that is read again when it changes.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "access/access.h"
#include "access/watched_files.h"

namespace inventory {

// One thread at a time.
class TokenFile {
 public:
  // `access` outlives it.
  TokenFile(std::string path, Access& access)
      : path_(std::move(path)), access_(access), files_({path_}) {}

  // Gives the file's tokens to `access`. The error names the line.
  absl::Status Load();

  // To be called about once a second: takes a change over. From a file that is not good nothing is
  // taken: the tokens stay as they are, and the log says why.
  void LookAgain();

 private:
  absl::Status Take(const std::string& text);

  const std::string path_;
  Access& access_;
  WatchedFiles files_;
};

}  // namespace inventory
