// A journal record: what one or more commands of a batch came to, as results.
//
// The journal is the log; it is never truncated. Records are numbered from 1 without a gap. A
// command's results are in one record, so a record applies whole or not at all.
//
//   record      := version:byte(1) time:varint first_id:varint entry*
//   entry       := movement | line | reservation | request
//   movement    := tag:byte type:byte book:varint sequence:varint quantity:varint before:varint
//                  after:varint locked_after:varint book_back:varint
//                  [order:varint line_back:varint]                          if tag has kHasOrder
//                  [request_id:text remark:text actor:text]                 if tag has kHasTexts
//                  [time:zigzag, less the record's]                         if tag has kHasTime
//                  [state:byte]                                             if tag has kSetsLine
//   line        := 2:byte order:varint book:varint state:byte quantity:varint released:varint
//   reservation := 3:byte order:varint (as in rows.h, without the record)
//   request     := 4:byte book:varint request_id:text (as in rows.h, without the record)
//
//   tag         := 1, with kHasOrder 0x10, kHasTexts 0x20, kSetsLine 0x40, kHasTime 0x80
//   kSetsLine   the line (order, book) is now in `state` with the movement's quantity, all of it
//               released if the state is a released one: the common case, folded to save bytes
//   book_back   how to follow a book's log newest first: 0: this is its first movement; else the
//               movement before it is in record (this record - book_back + 1)
//   line_back   the same for the movements of the line (order, book)
//
// No book and no order in an entry is 0; a movement of no order does without one.
//
// The i-th movement of a record has the id first_id + i and the record's time, but for imported
// ones, which come by book and have each their own.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "store/embedded/rows.h"

namespace inventory {

// Builds a record's bytes while commands are being decided. Used by one thread.
class RecordWriter {
 public:
  // Begins the record `number`.
  void Begin(RecordNumber number, TimeMs time, std::uint64_t first_id);

  // `book_previous` and `line_previous`: the records with the movement before, 0 if none.
  void AddMovement(const Movement& movement, RecordNumber book_previous,
                   RecordNumber line_previous);
  void AddLine(LineKey key, const OrderLine& line);
  void AddReservation(OrderId order, const Reservation& reservation);
  void AddRequest(BookId book, std::string_view request_id, const RequestContent& content);

  RecordNumber number() const { return number_; }
  bool empty() const { return entries_ == 0; }
  std::size_t movements() const { return movements_; }
  const std::string& bytes() const { return bytes_; }

 private:
  RecordNumber number_ = 0;
  TimeMs time_ = 0;
  std::string bytes_;
  std::size_t entries_ = 0;
  std::size_t movements_ = 0;
  // The movement just added, if its line may still be folded into it.
  std::size_t last_tag_ = 0;  // its place in bytes_; 0: none
  LineKey last_key_;
  Quantity last_quantity_ = 0;
};

// A movement as it stands in a record, with the way back.
struct JournaledMovement {
  Movement movement;
  RecordNumber book_previous = 0;
  RecordNumber line_previous = 0;
};

// Told of a record's entries in order.
class RecordVisitor {
 public:
  virtual ~RecordVisitor() = default;
  virtual void OnMovement(const JournaledMovement& movement) = 0;
  virtual void OnLine(LineKey, const OrderLine&) {}
  virtual void OnReservation(OrderId, const Reservation&) {}
  virtual void OnRequest(BookId, std::string_view, const RequestContent&) {}
};

struct RecordSummary {
  TimeMs time = 0;
  std::uint64_t next_id = 0;  // of the first movement of the next record
};

// Reads a record's bytes. False: these are not the bytes of record `number`; the visitor may have
// been told of entries before the bad one. Safe on any bytes.
bool VisitRecord(RecordNumber number, std::string_view bytes, RecordVisitor& visitor,
                 RecordSummary& summary);

}  // namespace inventory
