// Any bytes as what a caller sends: through the parser with its limits, the routes, the api, the
// service and the memory store. Each request that parses is answered once, with JSON or a stream.
#include <boost/asio/buffer.hpp>
#include <cstdint>
#include <cstdlib>
#include <future>
#include <memory>
#include <string>

#include "api/quiet_testing.h"
#include "base/clock.h"
#include "base/utf8.h"
#include "http/http_router.h"
#include "http/parsed_request.h"
#include "store/memory/memory_store.h"

namespace inventory {
namespace {

// A service that forgets everything now and then, so that memory stays bounded.
struct Shop {
  SteadyClock clock;
  std::unique_ptr<StockStore> store = MakeMemoryStore(clock);
  std::unique_ptr<InventoryService> service = InventoryService::Make(*store, ServiceSettings{});
  InventoryApi api{*service, {}};
  Access access;
  HttpRouter router{api, access, std::chrono::hours(1), nullptr};
};

void CheckAnswer(const HttpAnswer& answer) {
  const bool has_body = !answer.body.empty() && answer.body.front() == '{';
  if (has_body == (answer.status == 304)) std::abort();
  if (!IsUtf8(answer.body) || answer.status < 200 || answer.status > 504) std::abort();
  // What goes into the header must not end its line.
  for (const auto& [name, value] : answer.fields) {
    if (value.find_first_of("\r\n") != value.npos) std::abort();
  }
}

void RunOne(const std::uint8_t* data, std::size_t size) {
  constexpr int kInputsAShop = 10'000;
  static std::unique_ptr<Shop> shop;
  static int inputs = 0;
  if (inputs++ % kInputsAShop == 0) shop = std::make_unique<Shop>();

  const HttpLimits limits;
  HttpRequestParser parser;
  SetLimits(limits, parser);
  parser.eager(true);
  boost::system::error_code error;
  parser.put(boost::asio::buffer(data, size), error);
  if (error) return CheckAnswer(ParseErrorAnswer(error, limits));
  if (!parser.is_done()) return;
  // A second answer would be an exception, and none a time-out. Streams begin on another thread.
  const auto answered = std::make_shared<std::promise<HttpAnswer>>();
  std::future<HttpAnswer> answer = answered->get_future();
  shop->router.Answer(ToHttpRequest(parser),
                      [answered](const DeferredHttpAnswer& make) { answered->set_value(make()); });
  CheckAnswer(answer.get());
}

}  // namespace
}  // namespace inventory

extern "C" int LLVMFuzzerInitialize(int*, char***) { return inventory::BeQuiet(); }

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 0) inventory::RunOne(data, size);
  return 0;
}
