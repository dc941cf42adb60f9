#include "client/load_batch_codec.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "inventory/v1/inventory.pb.h"

namespace inventory {
namespace {

TEST(LoadBatchCodecTest, EncodesWhatTheGeneratedClassReads) {
  const std::vector<DeductItem> items = {
      {1, 1, 1},
      {0, 0, 0},
      {std::numeric_limits<std::uint64_t>::max(), std::numeric_limits<std::int32_t>::max(),
       std::numeric_limits<std::uint64_t>::max()}};
  std::string buffer;
  const std::string_view bytes = EncodeBatchDeduct(items, buffer);
  v1::BatchDeductStockRequest request;
  ASSERT_TRUE(request.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
  ASSERT_EQ(request.items_size(), 3);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(request.items(i).book_id(), items[i].book);
    EXPECT_EQ(request.items(i).quantity(), items[i].quantity);
    EXPECT_EQ(request.items(i).order_id(), items[i].order);
  }
}

TEST(LoadBatchCodecTest, AShorterBatchLeavesNothingOfALongerOne) {
  std::string buffer;
  EncodeBatchDeduct(std::vector<DeductItem>(100, DeductItem{7, 7, 7}), buffer);
  const std::string_view bytes = EncodeBatchDeduct(std::vector<DeductItem>{{1, 2, 3}}, buffer);
  v1::BatchDeductStockRequest request;
  ASSERT_TRUE(request.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
  EXPECT_EQ(request.items_size(), 1);
}

std::string ResponseBytes() {
  v1::BatchDeductStockResponse response;
  response.add_results()->set_remaining_stock(5);
  auto* refused = response.add_results();
  refused->set_code(40100);
  refused->set_message("库存不足");
  response.add_results();
  response.set_message("success");
  return response.SerializeAsString();
}

TEST(LoadBatchCodecTest, ReadsEveryItemsCode) {
  std::vector<std::uint32_t> codes;
  BatchAnswer answer;
  ASSERT_TRUE(DecodeBatchDeduct(
      ResponseBytes(), [&](std::uint32_t code) { codes.push_back(code); }, answer));
  EXPECT_EQ(codes, (std::vector<std::uint32_t>{0, 40100, 0}));
  EXPECT_EQ(answer.results, 3u);
  EXPECT_EQ(answer.code, 0u);
}

TEST(LoadBatchCodecTest, ReadsTheCodeOfTheWholeCall) {
  v1::BatchDeductStockResponse response;
  response.set_code(40002);
  BatchAnswer answer;
  ASSERT_TRUE(DecodeBatchDeduct(
      response.SerializeAsString(), [](std::uint32_t) {}, answer));
  EXPECT_EQ(answer.code, 40002u);
}

// A cut may fall between two fields, and is then a shorter message: it must not pass for the whole.
TEST(LoadBatchCodecTest, RefusesACutMessageOrCountsFewerItems) {
  const std::string whole = ResponseBytes();
  for (std::size_t length = 0; length < whole.size(); ++length) {
    BatchAnswer answer;
    const bool read = DecodeBatchDeduct(
        std::string_view(whole).substr(0, length), [](std::uint32_t) {}, answer);
    v1::BatchDeductStockResponse generated;
    const bool parsed = generated.ParseFromArray(whole.data(), static_cast<int>(length));
    EXPECT_EQ(read, parsed) << length;
    if (read) {
      EXPECT_EQ(answer.results, static_cast<std::size_t>(generated.results_size()));
    }
  }
}

TEST(LoadBatchCodecTest, RefusesAZeroTagInsideAResult) {
  BatchAnswer answer;
  EXPECT_FALSE(DecodeBatchDeduct(
      std::string_view("\x0a\x03\x00\x08\x01", 5), [](std::uint32_t) {}, answer));
}

}  // namespace
}  // namespace inventory
