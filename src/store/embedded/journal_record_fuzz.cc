// Foreign bytes as a journal record and as stored rows: refused or read, never more. What is read
// as a record is written again and must read the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "store/embedded/journal_record.h"
#include "store/embedded/rows.h"

namespace inventory {
namespace {

constexpr RecordNumber kNumber = 1'000;

// Writes down what it is told of.
class Rewrite : public RecordVisitor {
 public:
  explicit Rewrite(RecordWriter& writer) : writer_(writer) {}
  void OnMovement(const JournaledMovement& journaled) override {
    writer_.AddMovement(journaled.movement, journaled.book_previous, journaled.line_previous);
  }
  void OnLine(LineKey key, const OrderLine& line) override { writer_.AddLine(key, line); }
  void OnReservation(OrderId order, const Reservation& reservation) override {
    writer_.AddReservation(order, reservation);
  }
  void OnRequest(BookId book, std::string_view request_id, const RequestContent& content) override {
    writer_.AddRequest(book, request_id, content);
  }

 private:
  RecordWriter& writer_;
};

// The record as this version writes it; empty if it is refused.
std::string Rewritten(std::string_view bytes) {
  // The head is not told to the visitor, so the body is written first and the head checked apart.
  RecordWriter writer;
  RecordSummary summary;
  writer.Begin(kNumber, 0, 0);
  Rewrite rewrite(writer);
  return VisitRecord(kNumber, bytes, rewrite, summary) ? writer.bytes() : std::string();
}

}  // namespace
}  // namespace inventory

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace inventory;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::string once = Rewritten(bytes);
  if (!once.empty() && Rewritten(once) != once) std::abort();

  BookRow book;
  LineRow line;
  ReservationRow reservation;
  RequestRow request;
  SparseRow sparse;
  Decode(bytes, book);
  Decode(bytes, line);
  Decode(bytes, request);
  DecodeSparse(bytes.substr(0, 16), bytes, sparse);
  if (Decode(bytes, reservation)) {
    std::string again;
    Encode(reservation, again);
    ReservationRow read;
    if (!Decode(again, read) || !(read.reservation == reservation.reservation)) std::abort();
  }
  return 0;
}
