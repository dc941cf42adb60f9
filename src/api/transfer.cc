#include "api/transfer.h"

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "api/convert.h"
#include "api/facts_convert.h"
#include "base/delimited.h"
#include "base/status_macros.h"

namespace inventory {
namespace {

constexpr std::uint32_t kFormat = 1;
constexpr int kFactsPerRead = 1'000;
constexpr std::size_t kMaxResponseBytes = 1 << 20;

void SetCounts(const FactCounts& counts, v1::ExportTrailer& trailer) {
  trailer.set_movements(counts.movements);
  trailer.set_balances(counts.balances);
  trailer.set_lines(counts.lines);
  trailer.set_reservations(counts.reservations);
  trailer.set_requests(counts.requests);
}

// A sum over facts as they stand in a file.
class FactSum {
 public:
  void Add(const v1::StockFacts& fact) {
    bytes_.clear();
    fact.AppendToString(&bytes_);
    sum_.Add(bytes_);
  }
  std::uint32_t value() const { return sum_.value(); }

 private:
  DelimitedSum sum_;
  std::string bytes_;
};

}  // namespace

// ---- export -------------------------------------------------------------------------------------

// Held by the stream and by whatever answer the store owes, so that either may go first.
class ExportStream::State : public std::enable_shared_from_this<State> {
 public:
  explicit State(StockStore& store) : store_(store) {}

  void Next(Respond<v1::ExportStockResponse> respond) {
    if (over_ || next_ < facts_.size()) return Send(std::move(respond));
    if (reader_) return Read(std::move(respond));
    store_.Export([self = shared_from_this(), respond = std::move(respond)](
                      absl::StatusOr<std::unique_ptr<FactReader>> reader) mutable {
      if (!reader.ok()) return respond(reader.status(), {});
      self->reader_ = *std::move(reader);
      self->Read(std::move(respond));
    });
  }

 private:
  void Read(Respond<v1::ExportStockResponse> respond) {
    reader_->Next(kFactsPerRead, [self = shared_from_this(), respond = std::move(respond)](
                                     absl::StatusOr<std::vector<Fact>> facts) mutable {
      if (!facts.ok()) return respond(facts.status(), {});
      self->facts_ = *std::move(facts);
      self->next_ = 0;
      self->Send(std::move(respond));
    });
  }

  void Send(Respond<v1::ExportStockResponse> respond) {
    v1::ExportStockResponse response;
    if (over_) return respond(absl::OkStatus(), response);
    if (!begun_) {
      begun_ = true;
      v1::StockFacts& header = *response.add_facts();
      header.mutable_header()->set_format(kFormat);
      sum_.Add(header);
    }
    if (facts_.empty()) {
      over_ = true;
      v1::ExportTrailer& trailer = *response.add_facts()->mutable_trailer();
      SetCounts(counts_, trailer);
      trailer.set_crc32(sum_.value());
    }
    for (std::size_t bytes = 0; next_ < facts_.size() && bytes < kMaxResponseBytes; ++next_) {
      v1::StockFacts& message = *response.add_facts();
      SetFact(facts_[next_], message);
      sum_.Add(message);
      counts_.Add(facts_[next_]);
      bytes += static_cast<std::size_t>(message.GetCachedSize());
    }
    respond(absl::OkStatus(), response);
  }

  StockStore& store_;
  std::unique_ptr<FactReader> reader_;
  std::vector<Fact> facts_;  // as read; empty: that was all
  std::size_t next_ = 0;     // to be sent
  bool begun_ = false;
  bool over_ = false;
  FactCounts counts_;
  FactSum sum_;
};

ExportStream::ExportStream(StockStore& store) : state_(std::make_shared<State>(store)) {}
ExportStream::~ExportStream() = default;

void ExportStream::Next(Respond<v1::ExportStockResponse> respond) {
  state_->Next(std::move(respond));
}

// ---- import -------------------------------------------------------------------------------------

// Held by the stream and by whatever answer the store owes. Dropping the store's writer breaks the
// import off.
class ImportStream::State : public std::enable_shared_from_this<State> {
 public:
  explicit State(StockStore& store) : store_(store) {}

  void Add(const v1::ImportStockRequest& request, Done done) {
    std::vector<Fact> facts;
    if (absl::Status taken = Take(request, facts); !taken.ok()) return Fail(taken, done);
    if (writer_) return Write(std::move(facts), std::move(done));
    store_.Import([self = shared_from_this(), facts = std::move(facts), done = std::move(done)](
                      absl::StatusOr<std::unique_ptr<FactWriter>> writer) mutable {
      if (!writer.ok()) return self->Fail(writer.status(), done);
      self->writer_ = *std::move(writer);
      self->Write(std::move(facts), std::move(done));
    });
  }

  void Finish(Respond<v1::ImportStockResponse> respond) {
    if (absl::Status complete = CheckEnd(); !complete.ok()) {
      writer_.reset();
      return respond(complete, {});
    }
    writer_->Finish([self = shared_from_this(), respond = std::move(respond)](
                        const absl::StatusOr<FactCounts>& counts) mutable {
      self->writer_.reset();
      v1::ImportStockResponse response;
      if (!counts.ok()) return respond(NothingKept(counts.status()), response);
      SetOutcome(Outcome::kOk, response);
      *response.mutable_imported() = self->trailer_;
      respond(absl::OkStatus(), response);
    });
  }

 private:
  // What was wrong with the facts; other faults say themselves what became of the import.
  static absl::Status NothingKept(const absl::Status& status) {
    if (!absl::IsInvalidArgument(status)) return status;
    return absl::InvalidArgumentError(
        absl::StrCat(status.message(), "; nothing of the import was kept"));
  }

  void Fail(const absl::Status& status, Done& done) {
    failed_ = true;
    writer_.reset();
    done(NothingKept(status));
  }

  void Write(std::vector<Fact> facts, Done done) {
    writer_->Add(std::move(facts), [self = shared_from_this(), done = std::move(done)](
                                       absl::StatusOr<FactCounts> counts) mutable {
      if (!counts.ok()) return self->Fail(counts.status(), done);
      self->counts_ = *counts;
      done(absl::OkStatus());
    });
  }

  // Header and trailer stay here, the others become facts.
  absl::Status Take(const v1::ImportStockRequest& request, std::vector<Fact>& facts) {
    if (failed_) return absl::FailedPreconditionError("the import is over: begin again");
    facts.reserve(static_cast<std::size_t>(request.facts_size()));
    for (const v1::StockFacts& message : request.facts()) {
      if (ended_) return absl::InvalidArgumentError("a fact comes after the trailer");
      if (message.has_trailer()) {
        ended_ = true;
        trailer_ = message.trailer();
        continue;
      }
      sum_.Add(message);
      if (begun_) {
        ASSIGN_OR_RETURN(Fact fact, ToFact(message));
        facts.push_back(std::move(fact));
        continue;
      }
      begun_ = true;
      if (!message.has_header()) return absl::InvalidArgumentError("the header is missing");
      if (message.header().format() != kFormat) {
        return absl::InvalidArgumentError(absl::StrCat("the export has format ",
                                                       message.header().format(),
                                                       ", this service reads format ", kFormat));
      }
    }
    return absl::OkStatus();
  }

  absl::Status CheckEnd() const {
    if (failed_ || !writer_ || !ended_) {
      return absl::InvalidArgumentError(
          "the import ended without its trailer: it was cut short; nothing of it was kept");
    }
    v1::ExportTrailer expected;
    SetCounts(counts_, expected);
    expected.set_crc32(sum_.value());
    if (expected.SerializeAsString() == trailer_.SerializeAsString()) return absl::OkStatus();
    return absl::InvalidArgumentError(absl::StrCat(
        "the trailer does not agree with what came before it: a part is missing or "
        "was changed; nothing of the import was kept (",
        trailer_.ShortDebugString(), " instead of ", expected.ShortDebugString(), ")"));
  }

  StockStore& store_;
  std::unique_ptr<FactWriter> writer_;
  bool begun_ = false;  // the header has come
  bool ended_ = false;  // the trailer has come
  bool failed_ = false;
  v1::ExportTrailer trailer_;
  FactCounts counts_;  // as the store says
  FactSum sum_;
};

ImportStream::ImportStream(StockStore& store) : state_(std::make_shared<State>(store)) {}
ImportStream::~ImportStream() = default;

void ImportStream::Add(const v1::ImportStockRequest& request, Done done) {
  state_->Add(request, std::move(done));
}

void ImportStream::Finish(Respond<v1::ImportStockResponse> respond) {
  state_->Finish(std::move(respond));
}

}  // namespace inventory
