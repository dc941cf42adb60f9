#include "store/embedded/journal_record.h"

#include <cassert>

#include "store/embedded/coding.h"

namespace inventory {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::uint8_t kMovement = 1;
constexpr std::uint8_t kLine = 2;
constexpr std::uint8_t kReservation = 3;
constexpr std::uint8_t kRequest = 4;
constexpr std::uint8_t kHasOrder = 0x10;
constexpr std::uint8_t kHasTexts = 0x20;
constexpr std::uint8_t kSetsLine = 0x40;
constexpr std::uint8_t kHasTime = 0x80;

bool IsReleased(LineState state) {
  return state == LineState::kReturned || state == LineState::kExpired;
}

// The line a movement of `quantity` leaves in `state` in the folded form.
OrderLine FoldedLine(LineState state, Quantity quantity) {
  return {state, quantity, IsReleased(state) ? quantity : 0};
}

std::uint64_t Back(RecordNumber number, RecordNumber previous) {
  return previous == 0 ? 0 : number - previous + 1;
}

RecordNumber Previous(RecordNumber number, std::uint64_t back, ByteReader& reader) {
  if (back == 0) return 0;
  if (back > number) {
    reader.Fail();
    return 0;
  }
  return number - back + 1;
}

// Unsigned, because the difference of foreign times may not fit.
std::uint64_t Later(TimeMs time, TimeMs than) {
  const auto difference = static_cast<std::uint64_t>(time) - static_cast<std::uint64_t>(than);
  return ZigZag(static_cast<std::int64_t>(difference));
}

TimeMs DecodeLater(TimeMs than, ByteReader& reader) {
  const auto difference = static_cast<std::uint64_t>(UnZigZag(reader.Varint()));
  const auto time = static_cast<TimeMs>(static_cast<std::uint64_t>(than) + difference);
  return time >= 0 ? time : reader.Fail();
}

std::uint64_t U64(Quantity quantity) { return static_cast<std::uint64_t>(quantity); }

}  // namespace

void RecordWriter::Begin(RecordNumber number, TimeMs time, std::uint64_t first_id) {
  number_ = number;
  time_ = time;
  bytes_.clear();
  entries_ = 0;
  movements_ = 0;
  last_tag_ = 0;
  PutByte(bytes_, kVersion);
  PutVarint(bytes_, static_cast<std::uint64_t>(time));
  PutVarint(bytes_, first_id);
}

void RecordWriter::AddMovement(const Movement& movement, RecordNumber book_previous,
                               RecordNumber line_previous) {
  const bool has_texts =
      !movement.request_id.empty() || !movement.remark.empty() || !movement.actor.empty();
  std::uint8_t tag = kMovement;
  if (movement.order != 0) tag |= kHasOrder;
  if (has_texts) tag |= kHasTexts;
  if (movement.time != time_) tag |= kHasTime;
  last_tag_ = bytes_.size();
  last_key_ = {movement.order, movement.book};
  last_quantity_ = movement.quantity;
  PutByte(bytes_, tag);
  PutByte(bytes_, static_cast<std::uint8_t>(movement.type));
  PutVarint(bytes_, movement.book);
  PutVarint(bytes_, movement.sequence);
  PutVarint(bytes_, U64(movement.quantity));
  PutVarint(bytes_, U64(movement.before));
  PutVarint(bytes_, U64(movement.after));
  PutVarint(bytes_, U64(movement.locked_after));
  PutVarint(bytes_, Back(number_, book_previous));
  if (movement.order != 0) {
    PutVarint(bytes_, movement.order);
    PutVarint(bytes_, Back(number_, line_previous));
  }
  if (has_texts) {
    PutText(bytes_, movement.request_id);
    PutText(bytes_, movement.remark);
    PutText(bytes_, movement.actor);
  }
  if (movement.time != time_) PutVarint(bytes_, Later(movement.time, time_));
  ++entries_;
  ++movements_;
}

void RecordWriter::AddLine(LineKey key, const OrderLine& line) {
  ++entries_;
  if (last_tag_ != 0 && key == last_key_ && line == FoldedLine(line.state, last_quantity_)) {
    bytes_[last_tag_] = static_cast<char>(bytes_[last_tag_] | kSetsLine);
    PutByte(bytes_, static_cast<std::uint8_t>(line.state));
    last_tag_ = 0;
    return;
  }
  last_tag_ = 0;
  PutByte(bytes_, kLine);
  PutVarint(bytes_, key.order);
  PutVarint(bytes_, key.book);
  PutByte(bytes_, static_cast<std::uint8_t>(line.state));
  PutVarint(bytes_, U64(line.quantity));
  PutVarint(bytes_, U64(line.released_quantity));
}

void RecordWriter::AddReservation(OrderId order, const Reservation& reservation) {
  last_tag_ = 0;
  PutByte(bytes_, kReservation);
  PutVarint(bytes_, order);
  EncodeReservation(reservation, bytes_);
  ++entries_;
}

void RecordWriter::AddRequest(BookId book, std::string_view request_id,
                              const RequestContent& content) {
  last_tag_ = 0;
  PutByte(bytes_, kRequest);
  PutVarint(bytes_, book);
  PutText(bytes_, request_id);
  EncodeContent(content, bytes_);
  ++entries_;
}

namespace {

void VisitMovement(std::uint8_t tag, RecordNumber number, TimeMs time, std::uint64_t id,
                   ByteReader& reader, RecordVisitor& visitor) {
  JournaledMovement journaled;
  Movement& movement = journaled.movement;
  const bool sets_line_of_no_order = (tag & kSetsLine) && !(tag & kHasOrder);
  const std::uint8_t type = reader.Byte();
  if (sets_line_of_no_order || type < static_cast<std::uint8_t>(ChangeType::kDeduct) ||
      type > static_cast<std::uint8_t>(ChangeType::kAdjust)) {
    reader.Fail();
    return;
  }
  movement.type = static_cast<ChangeType>(type);
  movement.id = id;
  movement.time = time;
  movement.book = reader.Id();
  movement.sequence = reader.Varint();
  movement.quantity = DecodeQuantity(reader);
  movement.before = DecodeQuantity(reader);
  movement.after = DecodeQuantity(reader);
  movement.locked_after = DecodeQuantity(reader);
  journaled.book_previous = Previous(number, reader.Varint(), reader);
  if (tag & kHasOrder) {
    movement.order = reader.Id();
    journaled.line_previous = Previous(number, reader.Varint(), reader);
  }
  if (tag & kHasTexts) {
    movement.request_id = reader.Text();
    movement.remark = reader.Text();
    movement.actor = reader.Text();
  }
  if (tag & kHasTime) movement.time = DecodeLater(time, reader);
  OrderLine line;
  if (tag & kSetsLine) line = FoldedLine(DecodeLineState(reader), movement.quantity);
  if (!reader.ok()) return;
  visitor.OnMovement(journaled);
  if (tag & kSetsLine) visitor.OnLine({movement.order, movement.book}, line);
}

void VisitLine(ByteReader& reader, RecordVisitor& visitor) {
  LineKey key;
  key.order = reader.Id();
  key.book = reader.Id();
  OrderLine line;
  line.state = DecodeLineState(reader);
  line.quantity = DecodeQuantity(reader);
  line.released_quantity = DecodeQuantity(reader);
  if (reader.ok()) visitor.OnLine(key, line);
}

void VisitReservation(ByteReader& reader, RecordVisitor& visitor) {
  const OrderId order = reader.Id();
  const Reservation reservation = DecodeReservation(reader);
  if (reader.ok()) visitor.OnReservation(order, reservation);
}

void VisitRequest(ByteReader& reader, RecordVisitor& visitor) {
  const BookId book = reader.Id();
  const std::string_view request_id = reader.Text();
  const RequestContent content = DecodeContent(reader);
  if (reader.ok()) visitor.OnRequest(book, request_id, content);
}

}  // namespace

bool VisitRecord(RecordNumber number, std::string_view bytes, RecordVisitor& visitor,
                 RecordSummary& summary) {
  ByteReader reader(bytes);
  if (reader.Byte() != kVersion) return false;
  summary.time = static_cast<TimeMs>(reader.VarintTo(static_cast<std::uint64_t>(INT64_MAX)));
  summary.next_id = reader.Varint();
  while (reader.ok() && !reader.done()) {
    const std::uint8_t tag = reader.Byte();
    constexpr std::uint8_t kFlags = kHasOrder | kHasTexts | kSetsLine | kHasTime;
    if ((tag & ~kFlags) == kMovement) {
      VisitMovement(tag, number, summary.time, summary.next_id++, reader, visitor);
    } else if (tag == kLine) {
      VisitLine(reader, visitor);
    } else if (tag == kReservation) {
      VisitReservation(reader, visitor);
    } else if (tag == kRequest) {
      VisitRequest(reader, visitor);
    } else {
      return false;
    }
  }
  return reader.ok();
}

}  // namespace inventory
