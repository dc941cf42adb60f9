// A pipelined connection to Redis that comes back by itself.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "redis/event_loop.h"
#include "redis/reply.h"
#include "stock/stock_store.h"

namespace inventory {

// Where a Redis server is, and how long to wait for it.
struct RedisEndpoint {
  std::string host = "localhost";  // name or address
  int port = 6379;
  std::string socket;  // path of a Unix socket; when not empty it is used instead
  std::string password;
  int db = 0;
  std::chrono::milliseconds connect_timeout{2'000};  // for all until the connection can be used
  std::chrono::milliseconds command_timeout{3'000};  // from Send to the answer

  std::string Location() const;  // "localhost:6379, db 1", for people
};

// "host:port", "[::1]:6379", "host", ":6379", "/path" or "unix:/path".
absl::StatusOr<RedisEndpoint> ParseRedisAddress(std::string_view text);

// What a fault of the connection means for a command.
enum class RedisFault {
  kNone,
  kNotSent,  // no byte of it has left: nothing was done
  kGone,     // the connection broke, or no answer came in time: it may have been done
};
RedisFault RedisFaultOf(const absl::Status& status);

// Safe for concurrent use. It connects in the background from its making on: resolves the name on a
// thread of its own, AUTH, SELECT; and again with a growing pause whenever that fails or the
// connection breaks. A server that is loading its data counts as not there.
//
// Nothing waits for a connection: where there is none, a command is answered with kNotSent at once.
// What waits for an answer has no bound here; whoever sends keeps one. Not for SUBSCRIBE or
// MONITOR.
class RedisConnection {
 public:
  using Command = std::vector<std::string>;  // the name, then the arguments: any bytes
  using Generation = std::uint64_t;          // counts connections made; 0: never one yet

  // Told on the loop's thread; must not block, and may Send.
  struct Events {
    std::function<void(Generation)> connected;        // it can be used
    std::function<void(const absl::Status&)> broken;  // or not made; why, and what to do
  };

  // The loop outlives the connection.
  RedisConnection(EventLoop& loop, RedisEndpoint endpoint, Events events = {});
  // Answers what is pending with kGone, or kNotSent where no byte has left; afterwards nobody is
  // told of anything. Waits for a callback that runs, unless called in it, and for a name server
  // that is being asked.
  ~RedisConnection();
  RedisConnection(const RedisConnection&) = delete;

  // Commands leave, and are answered, in the order of the calls. `done` is called exactly once, on
  // the loop's thread, or on the caller's if nothing was sent. `generation` not 0: only on that
  // connection, else kNotSent, so that nothing is sent to a server that was not looked at.
  void Send(Command command, Done<RedisReply> done, Generation generation = 0);
  // Several, one after the other, with nothing of others between them.
  void SendAll(std::vector<Command> commands, std::vector<Done<RedisReply>> done,
               Generation generation = 0);

  // The same, waiting; never from the loop's thread.
  absl::StatusOr<RedisReply> Call(Command command, Generation generation = 0);

  // 0: there is no connection now.
  Generation generation() const;
  // Breaks the connection, and makes a new one.
  void Reconnect();

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace inventory
