#include "http/tls_context.h"

#include <boost/asio/buffer.hpp>
#include <boost/system/system_error.hpp>

#include "telemetry/log.h"

namespace inventory {
namespace {

namespace ssl = boost::asio::ssl;

std::shared_ptr<ssl::context> MakeContext(const TlsPair& pair) {
  auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
  context->set_options(ssl::context::default_workarounds | ssl::context::no_sslv3 |
                       ssl::context::no_tlsv1 | ssl::context::no_tlsv1_1);
  context->use_certificate_chain(boost::asio::buffer(pair.certificate));
  context->use_private_key(boost::asio::buffer(pair.key), ssl::context::pem);
  return context;
}

}  // namespace

std::shared_ptr<ssl::context> TlsContext::Current() {
  if (files_ == nullptr) return nullptr;
  if (std::shared_ptr<const TlsPair> pair = files_->pair(); pair != pair_) {
    pair_ = std::move(pair);
    try {
      context_ = MakeContext(*pair_);
    } catch (const boost::system::system_error& error) {  // the one before stays, if any
      LogError("the certificate cannot be shown over HTTP", {{"reason", error.what()}});
    }
  }
  return context_;
}

}  // namespace inventory
