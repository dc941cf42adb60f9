#include "access/watched_files.h"

#include <openssl/sha.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstddef>
#include <fstream>
#include <system_error>

#include "absl/strings/str_cat.h"
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

}  // namespace

absl::StatusOr<std::string> ReadSmallFile(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::string text(kMaxFileBytes + 1, '\0');
  if (!file ||
      (!file.read(text.data(), static_cast<std::streamsize>(text.size())) && !file.eof())) {
    return absl::FailedPreconditionError(
        absl::StrCat(path, ": cannot be read: ", std::generic_category().message(errno),
                     "; name a file that the service's user may read"));
  }
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > kMaxFileBytes) {
    return absl::FailedPreconditionError(
        absl::StrCat(path, ": larger than ", kMaxFileBytes, " bytes; is it the right file?"));
  }
  return text;
}

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
    ASSIGN_OR_RETURN(std::string text, ReadSmallFile(path));
    texts.push_back(std::move(text));
  }
  return texts;
}

}  // namespace inventory
