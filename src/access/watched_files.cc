#include "access/watched_files.h"

#include <openssl/sha.h>
#include <sys/stat.h>

#include <cstddef>

#include "absl/strings/str_cat.h"
#include "base/small_file.h"
#include "base/status_macros.h"

namespace inventory {
namespace {

constexpr std::size_t kMaxFileBytes = 1 << 20;

// Of the texts, or of the error.
std::string DigestOf(const absl::StatusOr<WatchedFiles::Texts>& texts) {
  std::string all = texts.ok() ? "" : texts.status().ToString();
  if (texts.ok()) {
    for (const std::string& text : *texts) absl::StrAppend(&all, text.size(), ":", text);
  }
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  SHA256(reinterpret_cast<const unsigned char*>(all.data()), all.size(),
         reinterpret_cast<unsigned char*>(digest.data()));
  return digest;
}

// The error names the file and says what to do.
absl::StatusOr<std::string> ReadOne(const std::string& path) {
  absl::StatusOr<std::string> text = ReadSmallFile(path, kMaxFileBytes);
  if (text.ok()) return text;
  return absl::FailedPreconditionError(absl::StrCat(
      path, ": ", text.status().message(),
      absl::IsOutOfRange(text.status()) ? "; is it the right file?"
                                        : "; name a file that the service's user may read"));
}

}  // namespace

bool OthersMayRead(const std::string& path) {
  struct stat facts {};
  return stat(path.c_str(), &facts) == 0 && (facts.st_mode & S_IROTH) != 0;
}

absl::StatusOr<WatchedFiles::Texts> WatchedFiles::Read() {
  absl::StatusOr<Texts> texts = ReadAll();
  given_ = seen_ = DigestOf(texts);
  return texts;
}

std::optional<absl::StatusOr<WatchedFiles::Texts>> WatchedFiles::Changed() {
  absl::StatusOr<Texts> texts = ReadAll();
  std::string digest = DigestOf(texts);
  const bool is_settled = digest == seen_;
  seen_ = std::move(digest);
  if (!is_settled || seen_ == given_) return std::nullopt;
  given_ = seen_;
  return texts;
}

absl::StatusOr<WatchedFiles::Texts> WatchedFiles::ReadAll() const {
  Texts texts;
  for (const std::string& path : paths_) {
    ASSIGN_OR_RETURN(std::string text, ReadOne(path));
    texts.push_back(std::move(text));
  }
  return texts;
}

}  // namespace inventory
