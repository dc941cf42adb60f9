// The stored facts: what stands behind the journal, so that it need not be replayed from its start.
//
// Column families, their keys and values (coding.h has the parts; every value begins with the
// number of the journal record that made it, and replay only ever moves a row forward):
//
//   default       "format"              varint 1
//                 "checkpoint"          varint record: all rows reach at least to it
//                 "import"              varint 0: an import has begun; 1 + record: the records up
//                 to
//                                       this one were imported. Absent: none ever was
//   journal       record                a journal record (journal_record.h)
//   books         book                  record, available, locked, sequence         (varints)
//   lines         order book            record, state byte, quantity, released      (varints)
//   reservations  order                 record, state byte, deadline, remembered byte, count,
//                                       then count of: book, quantity               (varints)
//   open          order                 empty: its reservation was open at the checkpoint
//   requests      book request_id       record, type byte, set_to byte, zigzag quantity,
//                                       expected: 0 none, else 1 + zigzag
//   sparse        book sequence         record, time: every 128th movement of a book
//
// Keys are key64 numbers one after the other; a request id stands as it is at the end.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "stock/types.h"

namespace inventory {

// A journal record's number. The first is 1; 0 is none.
using RecordNumber = std::uint64_t;

// With a new number, keep a folder of it: tests/fixtures/main.cc writes one.
inline constexpr std::uint64_t kStoredFormat = 1;
inline constexpr std::uint64_t kSparseEvery = 128;

struct BookRow {
  Balance balance;
  RecordNumber record = 0;  // of the book's last movement: the head of its chain
};

// 16 bytes: millions of them stand in memory.
struct LineRow {
  RecordNumber record : 56;
  std::uint64_t state : 8;  // LineState
  Quantity quantity;
  Quantity released_quantity;

  static LineRow Make(const OrderLine& line, RecordNumber record) {
    return {record, static_cast<std::uint64_t>(line.state), line.quantity, line.released_quantity};
  }
  OrderLine line() const { return {static_cast<LineState>(state), quantity, released_quantity}; }
};
static_assert(sizeof(LineRow) == 16);

struct ReservationRow {
  Reservation reservation;
  RecordNumber record = 0;
};

struct RequestRow {
  RequestContent content;
  RecordNumber record = 0;
};

struct SparseRow {
  BookId book = 0;
  std::uint64_t sequence = 0;
  RecordNumber record = 0;
  TimeMs time = 0;
};

std::string RecordKey(RecordNumber record);
std::string BookKey(BookId book);
std::string LineRowKey(LineKey key);
std::string OrderKey(OrderId order);
std::string RequestKey(BookId book, std::string_view request_id);
std::string SparseKey(BookId book, std::uint64_t sequence);

void Encode(const BookRow& row, std::string& out);
void Encode(const LineRow& row, std::string& out);
void Encode(const ReservationRow& row, std::string& out);
void Encode(const RequestRow& row, std::string& out);
void EncodeSparse(const SparseRow& row, std::string& out);  // the value; the key has the rest

// False: these are not the bytes of such a row. Safe on any bytes.
bool Decode(std::string_view bytes, BookRow& row);
bool Decode(std::string_view bytes, LineRow& row);
bool Decode(std::string_view bytes, ReservationRow& row);
bool Decode(std::string_view bytes, RequestRow& row);
bool DecodeSparse(std::string_view key, std::string_view value, SparseRow& row);
// Keys of one number and of two.
bool DecodeKey(std::string_view bytes, std::uint64_t& number);
bool DecodeKey(std::string_view bytes, LineKey& key);
bool DecodeRequestKey(std::string_view bytes, BookId& book, std::string_view& request_id);

// The parts a journal record shares with the rows.
void EncodeReservation(const Reservation& reservation, std::string& out);
void EncodeContent(const RequestContent& content, std::string& out);
class ByteReader;
Reservation DecodeReservation(ByteReader& reader);
RequestContent DecodeContent(ByteReader& reader);
LineState DecodeLineState(ByteReader& reader);
Quantity DecodeQuantity(ByteReader& reader);

}  // namespace inventory
