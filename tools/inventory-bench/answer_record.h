// What was answered with yes, in a file, for whoever holds it against what a store then contains.
#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tools/inventory-bench/workload.h"

namespace inventory::bench {

// A line for each order that was sold: unix milliseconds, order, book, quantity. Of one thread.
class AnswerRecord {
 public:
  // An empty file, made new.
  static absl::StatusOr<AnswerRecord> Create(const std::string& path);

  void Sold(std::uint64_t order, std::uint64_t book, std::int32_t quantity);
  // Whether everything stands in the file. Call it once, at the end.
  absl::Status Close();

 private:
  struct Closer {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };

  AnswerRecord(std::string path, std::FILE* file) : path_(std::move(path)), file_(file) {}

  std::string path_;
  std::unique_ptr<std::FILE, Closer> file_;
};

// DeductStock, recorded. `record` outlives it.
class RecordedDeductWorkload : public DeductWorkload {
 public:
  RecordedDeductWorkload(BookPicker books, OrderIds orders, std::int32_t quantity, int slots,
                         AnswerRecord& record)
      : DeductWorkload(std::move(books), orders, quantity), record_(record), asked_(slots) {}
  Call Next(int slot) override;
  void Read(int slot, std::string_view response, Tally& tally) override;

 private:
  struct Asked {
    std::uint64_t order = 0;
    std::uint64_t book = 0;
  };

  AnswerRecord& record_;
  std::vector<Asked> asked_;  // by slot
};

}  // namespace inventory::bench
