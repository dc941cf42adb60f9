#include "client/load_batch_codec.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <utility>

#include "inventory/v1/inventory.pb.h"

namespace inventory {
namespace {

using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;
using google::protobuf::io::CodedOutputStream;
using Item = v1::DeductStockRequest;
using Result = v1::DeductStockResponse;
using Request = v1::BatchDeductStockRequest;
using Response = v1::BatchDeductStockResponse;

constexpr std::uint32_t Tag(int field, WireFormatLite::WireType type) {
  return WireFormatLite::MakeTag(field, type);
}
constexpr auto kVarint = WireFormatLite::WIRETYPE_VARINT;
constexpr auto kBytes = WireFormatLite::WIRETYPE_LENGTH_DELIMITED;

// An item's tag and length, and three fields of one tag byte and a varint each.
constexpr std::size_t kMaxItemBytes = 2 + (1 + 10) + (1 + 5) + (1 + 10);

std::uint8_t* WriteField(int field, std::uint64_t value, std::uint8_t* out) {
  out = CodedOutputStream::WriteTagToArray(Tag(field, kVarint), out);
  return CodedOutputStream::WriteVarint64ToArray(value, out);
}

// Reads one result, length included.
bool DecodeResult(CodedInputStream& in, std::uint32_t& code) {
  code = 0;  // proto3 leaves zeros out
  std::uint32_t length = 0;
  if (!in.ReadVarint32(&length)) return false;
  if (std::cmp_greater(length, in.BytesUntilLimit())) return false;
  const auto limit = in.PushLimit(static_cast<int>(length));
  while (const std::uint32_t tag = in.ReadTag()) {
    if (tag == Tag(Result::kCodeFieldNumber, kVarint)) {
      if (!in.ReadVarint32(&code)) return false;
    } else if (!WireFormatLite::SkipField(&in, tag)) {
      return false;
    }
  }
  if (!in.ConsumedEntireMessage()) return false;
  in.PopLimit(limit);
  return true;
}

}  // namespace

std::string_view EncodeBatchDeduct(std::span<const DeductItem> items, std::string& buffer) {
  if (buffer.size() < items.size() * kMaxItemBytes) buffer.resize(items.size() * kMaxItemBytes);
  auto* const begin = reinterpret_cast<std::uint8_t*>(buffer.data());
  std::uint8_t* out = begin;
  for (const DeductItem& item : items) {
    out = CodedOutputStream::WriteTagToArray(Tag(Request::kItemsFieldNumber, kBytes), out);
    std::uint8_t* const length = out++;  // an item is shorter than 128 bytes: one byte of length
    out = WriteField(Item::kBookIdFieldNumber, item.book, out);
    out = WriteField(Item::kQuantityFieldNumber, static_cast<std::uint32_t>(item.quantity), out);
    out = WriteField(Item::kOrderIdFieldNumber, item.order, out);
    *length = static_cast<std::uint8_t>(out - length - 1);
  }
  return {buffer.data(), static_cast<std::size_t>(out - begin)};
}

bool DecodeBatchDeduct(std::string_view bytes, absl::FunctionRef<void(std::uint32_t code)> result,
                       BatchAnswer& answer) {
  answer = {};
  CodedInputStream in(reinterpret_cast<const std::uint8_t*>(bytes.data()),
                      static_cast<int>(bytes.size()));
  while (const std::uint32_t tag = in.ReadTag()) {
    if (tag == Tag(Response::kResultsFieldNumber, kBytes)) {
      std::uint32_t code = 0;
      if (!DecodeResult(in, code)) return false;
      ++answer.results;
      result(code);
    } else if (tag == Tag(Response::kCodeFieldNumber, kVarint)) {
      if (!in.ReadVarint32(&answer.code)) return false;
    } else if (!WireFormatLite::SkipField(&in, tag)) {
      return false;
    }
  }
  return in.ConsumedEntireMessage();
}

}  // namespace inventory
