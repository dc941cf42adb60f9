// The certificate and the key that the listeners show, from files that may be replaced.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "access/watched_files.h"
#include "base/mutex.h"

namespace inventory {

// Found to belong together.
struct TlsPair {
  std::string certificate;  // PEM: the service's own first, then those above it
  std::string key;          // PEM, without a passphrase
};

// INVALID_ARGUMENT: not such a pair; the text says which part, and shows nothing of it.
absl::Status CheckPair(const TlsPair& pair);

class TlsFiles {
 public:
  TlsFiles(std::string certificate, std::string key)
      : key_path_(key), files_({std::move(certificate), std::move(key)}) {}

  // One thread calls these two. The error names the file.
  absl::Status Load() ABSL_LOCKS_EXCLUDED(mutex_);
  // To be called about once a second: takes a new pair over, which connections that begin from then
  // on are shown. From files that are no pair nothing is taken: the old pair stays, and the log
  // says why.
  void LookAgain() ABSL_LOCKS_EXCLUDED(mutex_);

  // The pair in force; the same object until there is another. Safe for concurrent use, after Load.
  std::shared_ptr<const TlsPair> pair() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  absl::Status Take(WatchedFiles::Texts texts) ABSL_LOCKS_EXCLUDED(mutex_);

  const std::string key_path_;
  WatchedFiles files_;
  mutable Mutex mutex_;
  std::shared_ptr<const TlsPair> pair_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace inventory
