#include "store/embedded/rows.h"

#include "store/embedded/coding.h"

namespace inventory {

std::string RecordKey(RecordNumber record) {
  std::string key;
  PutKey64(key, record);
  return key;
}

std::string BookKey(BookId book) { return RecordKey(book); }
std::string OrderKey(OrderId order) { return RecordKey(order); }

std::string LineRowKey(LineKey key) {
  std::string bytes;
  PutKey64(bytes, key.order);
  PutKey64(bytes, key.book);
  return bytes;
}

std::string RequestKey(BookId book, std::string_view request_id) {
  std::string key;
  PutKey64(key, book);
  key.append(request_id);
  return key;
}

std::string SparseKey(BookId book, std::uint64_t sequence) { return LineRowKey({book, sequence}); }

void Encode(const BookRow& row, std::string& out) {
  PutVarint(out, row.record);
  PutVarint(out, static_cast<std::uint64_t>(row.balance.available));
  PutVarint(out, static_cast<std::uint64_t>(row.balance.locked));
  PutVarint(out, row.balance.sequence);
}

void Encode(const LineRow& row, std::string& out) {
  PutVarint(out, row.record);
  PutByte(out, static_cast<std::uint8_t>(row.state));
  PutVarint(out, static_cast<std::uint64_t>(row.quantity));
  PutVarint(out, static_cast<std::uint64_t>(row.released_quantity));
}

void EncodeReservation(const Reservation& reservation, std::string& out) {
  PutByte(out, static_cast<std::uint8_t>(reservation.state));
  PutVarint(out, static_cast<std::uint64_t>(reservation.deadline));
  PutByte(out, reservation.remembered ? 1 : 0);
  PutVarint(out, reservation.lines.size());
  for (const ReservedLine& line : reservation.lines) {
    PutVarint(out, line.book);
    PutVarint(out, static_cast<std::uint64_t>(line.quantity));
  }
}

void Encode(const ReservationRow& row, std::string& out) {
  PutVarint(out, row.record);
  EncodeReservation(row.reservation, out);
}

void EncodeContent(const RequestContent& content, std::string& out) {
  PutByte(out, static_cast<std::uint8_t>(content.type));
  PutByte(out, content.set_to ? 1 : 0);
  PutVarint(out, ZigZag(content.quantity));
  PutVarint(out, content.has_expected ? 1 + ZigZag(content.expected) : 0);
}

void Encode(const RequestRow& row, std::string& out) {
  PutVarint(out, row.record);
  EncodeContent(row.content, out);
}

void EncodeSparse(const SparseRow& row, std::string& out) {
  PutVarint(out, row.record);
  PutVarint(out, static_cast<std::uint64_t>(row.time));
}

Quantity DecodeQuantity(ByteReader& reader) {
  return static_cast<Quantity>(reader.VarintTo(static_cast<std::uint64_t>(kMaxStock)));
}

namespace {

TimeMs DecodeTime(ByteReader& reader) {
  return static_cast<TimeMs>(reader.VarintTo(static_cast<std::uint64_t>(INT64_MAX)));
}

// A signed quantity as EncodeContent wrote it.
Quantity DecodeSigned(ByteReader& reader, std::uint64_t zigzag) {
  const std::int64_t value = UnZigZag(zigzag);
  if (value < -kMaxStock - 1 || value > kMaxStock) return reader.Fail();
  return static_cast<Quantity>(value);
}

bool DecodeFlag(ByteReader& reader) {
  const std::uint8_t flag = reader.Byte();
  if (flag > 1) reader.Fail();
  return flag == 1;
}

}  // namespace

LineState DecodeLineState(ByteReader& reader) {
  const std::uint8_t state = reader.Byte();
  if (state < static_cast<std::uint8_t>(LineState::kReserved) ||
      state > static_cast<std::uint8_t>(LineState::kTombstone)) {
    reader.Fail();
    return LineState::kTombstone;
  }
  return static_cast<LineState>(state);
}

Reservation DecodeReservation(ByteReader& reader) {
  Reservation reservation;
  const std::uint8_t state = reader.Byte();
  if (state < static_cast<std::uint8_t>(ReservationState::kReserved) ||
      state > static_cast<std::uint8_t>(ReservationState::kExpired)) {
    reader.Fail();
    return reservation;
  }
  reservation.state = static_cast<ReservationState>(state);
  reservation.deadline = DecodeTime(reader);
  reservation.remembered = DecodeFlag(reader);
  const std::uint64_t count = reader.Varint();
  for (std::uint64_t i = 0; i < count && reader.ok(); ++i) {
    const BookId book = reader.Id();
    reservation.lines.push_back({book, DecodeQuantity(reader)});
  }
  return reservation;
}

RequestContent DecodeContent(ByteReader& reader) {
  RequestContent content;
  const std::uint8_t type = reader.Byte();
  if (type != static_cast<std::uint8_t>(ChangeType::kRestock) &&
      type != static_cast<std::uint8_t>(ChangeType::kAdjust)) {
    reader.Fail();
    return content;
  }
  content.type = static_cast<ChangeType>(type);
  content.set_to = DecodeFlag(reader);
  content.quantity = DecodeSigned(reader, reader.Varint());
  const std::uint64_t expected = reader.Varint();
  content.has_expected = expected != 0;
  if (content.has_expected) content.expected = DecodeSigned(reader, expected - 1);
  return content;
}

bool Decode(std::string_view bytes, BookRow& row) {
  ByteReader reader(bytes);
  row.record = reader.Varint();
  row.balance.available = DecodeQuantity(reader);
  row.balance.locked = DecodeQuantity(reader);
  row.balance.sequence = reader.Varint();
  return reader.complete();
}

bool Decode(std::string_view bytes, LineRow& row) {
  ByteReader reader(bytes);
  const RecordNumber record = reader.VarintTo((std::uint64_t{1} << 56) - 1);
  OrderLine line;
  line.state = DecodeLineState(reader);
  line.quantity = DecodeQuantity(reader);
  line.released_quantity = DecodeQuantity(reader);
  row = LineRow::Make(line, record);
  return reader.complete();
}

bool Decode(std::string_view bytes, ReservationRow& row) {
  ByteReader reader(bytes);
  row.record = reader.Varint();
  row.reservation = DecodeReservation(reader);
  return reader.complete();
}

bool Decode(std::string_view bytes, RequestRow& row) {
  ByteReader reader(bytes);
  row.record = reader.Varint();
  row.content = DecodeContent(reader);
  return reader.complete();
}

bool DecodeSparse(std::string_view key, std::string_view value, SparseRow& row) {
  ByteReader key_reader(key);
  row.book = key_reader.Key64();
  row.sequence = key_reader.Key64();
  ByteReader reader(value);
  row.record = reader.Varint();
  row.time = DecodeTime(reader);
  return key_reader.complete() && reader.complete();
}

bool DecodeKey(std::string_view bytes, std::uint64_t& number) {
  ByteReader reader(bytes);
  number = reader.Key64();
  return reader.complete();
}

bool DecodeKey(std::string_view bytes, LineKey& key) {
  ByteReader reader(bytes);
  key.order = reader.Key64();
  key.book = reader.Key64();
  return reader.complete();
}

bool DecodeRequestKey(std::string_view bytes, BookId& book, std::string_view& request_id) {
  ByteReader reader(bytes);
  book = reader.Key64();
  request_id = reader.Rest();
  return reader.ok();
}

}  // namespace inventory
