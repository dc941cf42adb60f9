// Any bytes as the request of any unary method: the first byte chooses the method, the others go
// through the parser, the api, the service and the memory store. Each call is answered once, and
// the figures stay what stock can be.
#include <cstdint>
#include <cstdlib>
#include <memory>

#include "api/quiet_testing.h"
#include "base/clock.h"
#include "rpc/message.h"
#include "rpc/served_methods.h"
#include "store/memory/memory_store.h"

namespace inventory {
namespace {

class CountedReply : public UnaryReply {
 public:
  void Send(const grpc::Status&, const grpc::ByteBuffer&) override { ++count; }
  int count = 0;
};

// A service that forgets everything now and then, so that memory stays bounded.
struct Shop {
  Shop() {
    v1::RestockInventoryRequest request;
    request.set_book_id(1);
    request.set_quantity(1'000);
    api.RestockInventory(request, {}, [](const absl::Status&, const auto&) {});
  }

  SteadyClock clock;
  std::unique_ptr<StockStore> store = MakeMemoryStore(clock);
  std::unique_ptr<InventoryService> service = InventoryService::Make(*store, ServiceSettings{});
  InventoryApi api{*service, {}};
  ServedMethods methods = MakeServedMethods(api);
};

void CheckFigures(StockStore& store) {
  store.ListStock({}, [](const absl::StatusOr<StockPage>& page) {
    for (const BookStock& stock : page->books) {
      const Balance& balance = stock.balance;
      if (balance.available < 0 || balance.locked < 0 || balance.total() > kMaxStock) std::abort();
    }
  });
}

void RunOne(const std::uint8_t* data, std::size_t size) {
  constexpr int kInputsAShop = 10'000;
  static std::unique_ptr<Shop> shop;
  static int inputs = 0;
  if (inputs++ % kInputsAShop == 0) shop = std::make_unique<Shop>();

  auto method = shop->methods.unary.begin();
  std::advance(method, data[0] % shop->methods.unary.size());
  const grpc::Slice slice(data + 1, size - 1);
  CountedReply reply;
  method->second(grpc::ByteBuffer(&slice, 1), {}, reply);
  if (reply.count != 1) std::abort();  // the memory store answers at once
  CheckFigures(*shop->store);
}

}  // namespace
}  // namespace inventory

extern "C" int LLVMFuzzerInitialize(int*, char***) { return inventory::BeQuiet(); }

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 0) inventory::RunOne(data, size);
  return 0;
}
