// Any bytes as what a caller sends: through the parser with its limits, the routes, the api, the
// service and the memory store. Each request that parses is answered once, with JSON or a stream.
#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <cstdint>
#include <cstdlib>
#include <future>
#include <memory>
#include <string>

#include "access/access.h"
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
  Shop() { guard.SetTokens(*TokenList::Parse("till seller seller-token-0123456789", ';', "")); }

  SteadyClock clock;
  std::unique_ptr<StockStore> store = MakeMemoryStore(clock);
  std::unique_ptr<InventoryService> service = InventoryService::Make(*store, ServiceSettings{});
  InventoryApi api{*service, {}};
  Access open;
  HttpRouter router{api, open, std::chrono::hours(1), [] { return "up 1\n"; }};
  Access guard;  // its token is in the kept inputs
  HttpRouter guarded{api, guard, std::chrono::hours(1), [] { return "up 1\n"; }};
};

void CheckAnswer(const HttpAnswer& answer) {
  if (answer.body.empty() != (answer.status == 304)) std::abort();
  const bool is_json =
      std::none_of(answer.fields.begin(), answer.fields.end(),
                   [](const auto& field) { return field.first == "Content-Type"; });
  if (is_json && answer.status != 304 && answer.body.front() != '{') std::abort();
  if (!IsUtf8(answer.body) || answer.status < 200 || answer.status > 504) std::abort();
  // What goes into the header must not end its line.
  for (const auto& [name, value] : answer.fields) {
    if (value.find_first_of("\r\n") != value.npos) std::abort();
  }
}

// A second answer would be an exception, and none a time-out. Streams begin on another thread.
HttpAnswer AnswerOf(const HttpRouter& router, const HttpRequest& request) {
  const auto answered = std::make_shared<std::promise<HttpAnswer>>();
  std::future<HttpAnswer> answer = answered->get_future();
  router.Answer(request,
                [answered](const DeferredHttpAnswer& make) { answered->set_value(make()); });
  return answer.get();
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
  const HttpRequest request = ToHttpRequest(parser);
  CheckAnswer(AnswerOf(shop->router, request));
  const HttpAnswer guarded = AnswerOf(shop->guarded, request);
  CheckAnswer(guarded);
  // The token sells, and so may not restock.
  if (request.target == "/restock" && guarded.status == 200) std::abort();
}

}  // namespace
}  // namespace inventory

extern "C" int LLVMFuzzerInitialize(int*, char***) { return inventory::BeQuiet(); }

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 0) inventory::RunOne(data, size);
  return 0;
}
