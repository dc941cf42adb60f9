#include "tools/inventoryctl/fact_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "google/protobuf/stubs/logging.h"

namespace inventory {
namespace {

constexpr std::uint32_t kFormat = 1;
// A reservation of 10,000 lines is less than a fifth of it.
constexpr std::uint64_t kMaxFactBytes = 1 << 20;
constexpr std::uint64_t kMaxHeaderBytes = 16;
constexpr std::size_t kBufferBytes = 1 << 20;

}  // namespace

// ---- tally --------------------------------------------------------------------------------------

void FactTally::Add(const v1::StockFacts& fact, std::string_view bytes) {
  ++facts_;
  sum_.Add(bytes);
  counts_.set_crc32(sum_.value());
  switch (fact.fact_case()) {
    case v1::StockFacts::kMovement: counts_.set_movements(counts_.movements() + 1); break;
    case v1::StockFacts::kBalance: counts_.set_balances(counts_.balances() + 1); break;
    case v1::StockFacts::kLine: counts_.set_lines(counts_.lines() + 1); break;
    case v1::StockFacts::kReservation: counts_.set_reservations(counts_.reservations() + 1); break;
    case v1::StockFacts::kRequest: counts_.set_requests(counts_.requests() + 1); break;
    default: break;
  }
}

// Byte by byte, so that nothing in the trailer itself can have changed either.
absl::Status FactTally::Check(const v1::ExportTrailer& trailer, std::string_view bytes) const {
  v1::StockFacts expected;
  *expected.mutable_trailer() = counts_;
  if (expected.SerializeAsString() == bytes) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("the trailer does not agree with what came before it: a part is missing or was "
                   "changed (",
                   trailer.ShortDebugString(), " instead of ", counts_.ShortDebugString(), ")"));
}

// ---- reading ------------------------------------------------------------------------------------

absl::Status FactFileReader::Damaged(const std::string& what) const {
  return absl::InvalidArgumentError(
      absl::StrCat("fact ", tally_.facts() + 1, ", at byte ", bytes_, ": ", what));
}

// A message's bytes into message_. False: the file ends where one could begin.
absl::StatusOr<bool> FactFileReader::ReadBytes() {
  std::uint64_t size = 0;
  std::uint64_t read = 0;
  for (int shift = 0;; shift += 7) {
    const int byte = in_.get();
    if (byte == std::istream::traits_type::eof()) {
      if (in_.bad()) return absl::UnavailableError("reading failed before the end");
      if (read == 0) return false;
      return Damaged("the file ends inside a fact: it was cut short");
    }
    ++read;
    size |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if (size > kMaxFactBytes || shift > 21) {
      return Damaged("it is longer than any fact: the file is damaged, or no export");
    }
    if (byte < 0x80) break;
  }
  if (tally_.facts() == 0 && size > kMaxHeaderBytes) {
    return Damaged("it does not begin as an export does: the file is damaged, or no export");
  }
  message_.resize(size);
  in_.read(message_.data(), static_cast<std::streamsize>(size));
  if (in_.bad()) return absl::UnavailableError("reading failed before the end");
  if (static_cast<std::uint64_t>(in_.gcount()) != size) {
    return Damaged("the file ends inside a fact: it was cut short");
  }
  bytes_ += read + size;
  return true;
}

absl::StatusOr<bool> FactFileReader::Next(v1::StockFacts& fact) {
  ASSIGN_OR_RETURN(const bool found, ReadBytes());
  if (!found) {
    if (ended_) return false;
    return Damaged("the file ends without a trailer: it was cut short");
  }
  if (ended_) return Damaged("there is more after the trailer");
  const google::protobuf::LogSilencer silence;  // what is wrong is said once, below
  if (!fact.ParseFromString(message_)) {
    return Damaged("these bytes are no fact: the file is damaged, or no export");
  }
  if ((tally_.facts() == 0) != fact.has_header()) {
    return Damaged("a header is the first of an export, and only that");
  }
  if (fact.has_header() && fact.header().format() != kFormat) {
    return Damaged(absl::StrCat("the file has format ", fact.header().format(),
                                ", this program reads format ", kFormat));
  }
  if (fact.has_trailer()) {
    ended_ = true;
    const absl::Status agrees = tally_.Check(fact.trailer(), message_);
    if (!agrees.ok()) return Damaged(std::string(agrees.message()));
    return true;
  }
  tally_.Add(fact, message_);
  return true;
}

// ---- writing ------------------------------------------------------------------------------------

absl::StatusOr<std::unique_ptr<FactFileWriter>> FactFileWriter::Create(const std::string& path,
                                                                       bool replace) {
  std::error_code ignored;
  if (!replace && std::filesystem::exists(path, ignored)) {
    return absl::AlreadyExistsError(absl::StrCat(path, ": is there already; --force replaces it"));
  }
  const std::string part = path + ".part";
  const int fd =
      ::open(part.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | (replace ? O_TRUNC : O_EXCL), 0644);
  if (fd < 0 && errno == EEXIST) {
    return absl::AlreadyExistsError(
        absl::StrCat(part,
                     ": is there already: another export writes it, or one was cut off; "
                     "--force replaces it"));
  }
  if (fd < 0) {
    return absl::PermissionDeniedError(
        absl::StrCat(part, ": cannot make it: ", std::generic_category().message(errno)));
  }
  return std::unique_ptr<FactFileWriter>(new FactFileWriter(path, fd));
}

FactFileWriter::FactFileWriter(std::string path, int fd)
    : path_(std::move(path)), part_(path_ + ".part"), fd_(fd) {}

FactFileWriter::~FactFileWriter() {
  if (fd_ >= 0) ::close(fd_);
  if (!committed_) ::unlink(part_.c_str());
}

absl::Status FactFileWriter::Failed(const std::string& doing) const {
  return absl::UnavailableError(
      absl::StrCat(part_, ": ", doing, ": ", std::generic_category().message(errno)));
}

absl::Status FactFileWriter::Write(std::string_view bytes) {
  buffer_.append(bytes);
  return buffer_.size() < kBufferBytes ? absl::OkStatus() : Flush();
}

absl::Status FactFileWriter::Flush() {
  for (std::size_t written = 0; written < buffer_.size();) {
    const ssize_t more = ::write(fd_, buffer_.data() + written, buffer_.size() - written);
    if (more < 0 && errno == EINTR) continue;
    if (more < 0) return Failed("cannot write it");
    written += static_cast<std::size_t>(more);
  }
  buffer_.clear();
  return absl::OkStatus();
}

absl::Status FactFileWriter::Commit() {
  RETURN_IF_ERROR(Flush());
  if (::fsync(fd_) != 0) return Failed("cannot write it to disk");
  if (::close(std::exchange(fd_, -1)) != 0) return Failed("cannot close it");
  if (std::rename(part_.c_str(), path_.c_str()) != 0) return Failed("cannot rename it");
  committed_ = true;
  // The new name is on disk when its folder is; where a folder cannot be synced, it was renamed.
  const std::string folder = std::filesystem::absolute(path_).parent_path().string();
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd >= 0) {
    ::fsync(fd);
    ::close(fd);
  }
  return absl::OkStatus();
}

}  // namespace inventory
