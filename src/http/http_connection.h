// One caller's connection: reads a request, has it answered, writes the answer, and again.
#pragma once

#include <memory>

#include "access/access.h"
#include "http/caller_stream.h"
#include "http/http_limits.h"
#include "http/http_router.h"
#include "http/loop_gate.h"

namespace inventory {

// Everything here is called on the loop's thread.
class HttpConnection {
 public:
  // Who keeps it alive and wants to know when it is over.
  class Owner {
   public:
    virtual bool draining() const = 0;
    virtual void Ended(HttpConnection& connection) = 0;  // may delete it
    // The connection has ended, and its socket lives on in `stream`, which is to be started.
    virtual void Became(HttpConnection& connection, std::shared_ptr<HttpConnection> stream) = 0;

   protected:
    ~Owner() = default;
  };

  virtual ~HttpConnection() = default;

  virtual void Start() = 0;
  // Ends when the request that is under way has been answered, or at once.
  virtual void Drain() = 0;
  virtual void Abort() = 0;
};

// What connections share; outlives them.
struct HttpShared {
  const HttpRouter& router;
  const Access& access;
  const HttpLimits& limits;
  const std::shared_ptr<LoopGate> gate;
  HttpConnection::Owner& owner;
};

// `is_refused`: it only tells the caller that there are too many connections.
std::shared_ptr<HttpConnection> MakeHttpConnection(CallerStream caller, const HttpShared& shared,
                                                   bool is_refused);

}  // namespace inventory
