// The TLS side of the gateway: a context made of the pair that is in force.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <memory>

#include "access/tls_files.h"

namespace inventory {

// One thread at a time.
class TlsContext {
 public:
  // `files`: null: without TLS; else it outlives the object.
  explicit TlsContext(const TlsFiles* files) : files_(files) {}

  // For a connection that begins now: made anew where the pair has changed. Null: without TLS.
  std::shared_ptr<boost::asio::ssl::context> Current();

 private:
  const TlsFiles* const files_;
  std::shared_ptr<const TlsPair> pair_;
  std::shared_ptr<boost::asio::ssl::context> context_;
};

}  // namespace inventory
