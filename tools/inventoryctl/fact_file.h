// Export files.
//
// StockFacts one after the other as in an ExportStock stream, each behind its length (a varint): a
// header, the facts, a trailer that counts them and has the CRC-32 of every byte before it. The
// same stock makes the same file.
#pragma once

#include <cstdint>
#include <istream>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/delimited.h"
#include "inventory/v1/inventory.pb.h"

namespace inventory {

// Follows an export and says what its trailer must be.
class FactTally {
 public:
  // `bytes` are the fact's, without their length.
  void Add(const v1::StockFacts& fact, std::string_view bytes);
  // INVALID_ARGUMENT: a part of what came before the trailer is missing or was changed.
  absl::Status Check(const v1::ExportTrailer& trailer, std::string_view bytes) const;
  std::uint64_t facts() const { return facts_; }

 private:
  v1::ExportTrailer counts_;
  DelimitedSum sum_;
  std::uint64_t facts_ = 0;
};

// Reads an export file and holds it against its trailer.
class FactFileReader {
 public:
  // `in` outlives the reader.
  explicit FactFileReader(std::istream& in) : in_(in) {}

  // True: the next fact, header and trailer included. False: that was all, and it was whole.
  // INVALID_ARGUMENT: what is wrong, and where.
  absl::StatusOr<bool> Next(v1::StockFacts& fact);

  std::uint64_t bytes() const { return bytes_; }  // read so far
  std::uint64_t facts() const { return tally_.facts(); }

 private:
  absl::Status Damaged(const std::string& what) const;
  absl::StatusOr<bool> ReadBytes();

  std::istream& in_;
  FactTally tally_;
  std::string message_;
  std::uint64_t bytes_ = 0;
  bool ended_ = false;  // the trailer has been read
};

// Writes an export file: under FILE.part, and under its name only once it is whole and on disk.
class FactFileWriter {
 public:
  // ALREADY_EXISTS: the file or its .part is there; with `replace` they go.
  static absl::StatusOr<std::unique_ptr<FactFileWriter>> Create(const std::string& path,
                                                                bool replace);
  // Removes what was not committed.
  ~FactFileWriter();
  FactFileWriter(const FactFileWriter&) = delete;
  FactFileWriter& operator=(const FactFileWriter&) = delete;

  absl::Status Write(std::string_view bytes);
  absl::Status Commit();

 private:
  FactFileWriter(std::string path, int fd);
  absl::Status Flush();
  absl::Status Failed(const std::string& doing) const;

  const std::string path_;
  const std::string part_;
  int fd_;
  std::string buffer_;
  bool committed_ = false;
};

}  // namespace inventory
