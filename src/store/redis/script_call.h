// A run of like commands as one call of their script, and its answer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "redis/keys.h"
#include "redis/redis_connection.h"
#include "stock/command.h"
#include "store/redis/known_facts.h"
#include "store/redis/scripts.h"

namespace inventory {

// What a script still needs to decide a command.
enum class Lack {
  kNothing,
  kFacts,   // a marker, book, reservation or request id is not in Redis: ask the ledger
  kExpiry,  // the order's reservation has passed: expire it first
  kLines,   // the reservation's books must be declared
  kHeld,    // a command before it lacks something
};

// A command on its way through one or more calls.
struct PendingCommand {
  Command command;
  bool is_expiry = false;           // put in before another, because it was due: nobody's
  std::vector<ReservedLine> lines;  // confirm, cancel, expire: the reservation's, as far as known
  Lack lack = Lack::kHeld;
  bool answered = false;
  Reply reply;

  // Done, or failed for good.
  void Answer(Reply the_reply) {
    reply = std::move(the_reply);
    answered = true;
  }
  void Fail(absl::Status fault) {
    reply = Reply();
    reply.fault = std::move(fault);
    answered = true;
  }
};

// What all calls of an attempt have in common.
struct CallFrame {
  Bucket bucket = kOnlyBucket;
  std::uint64_t instance = 0;
  std::uint64_t epoch = 0;
  std::uint64_t least_entries = 0;  // that this instance knows of
  std::string time;                 // ms, in place of Redis' own; else empty
  TimeMs ttl = 0;                   // of markers
  std::uint64_t batch = 0;          // a number of its own
  // Movements there may have been before: for what takes or adds stock, and for what gives back.
  std::uint64_t most_movements = 0;
  std::uint64_t most_movements_giving_back = 0;
  OrderId watermark = 0;  // an order above it is new,
  TimeMs new_until = 0;   // until then
};

// The commands of one call, in order: of a kind, and none of them answered.
struct ScriptCall {
  StoreScript script;
  std::vector<PendingCommand*> commands;
  RedisConnection::Command text;  // EVALSHA …
};

// Lines of orders in one call, at most, unless one command has more.
inline constexpr std::size_t kLinesACall = 256;

// Cuts what is not answered into calls, in order. `facts` is what is known beside.
std::vector<ScriptCall> MakeCalls(const std::vector<PendingCommand*>& commands,
                                  const CallFrame& frame, const KnownFacts& facts);

// What the script of a call answers before its results (scripts/common.lua).
struct CallAnswer {
  enum class Status {
    kDecided = 0,
    kOtherEpoch = 1,
    kForgot = 2,
    kOutboxLost = 3,
    kFull = 4,
  };
  Status status = Status::kDecided;
  TimeMs now = 0;
  std::uint64_t entries = 0;  // there have been, this one's included
  std::string changes;        // appended, or empty; or what the epoch is
  std::string repaired;       // books that were made again
};

// Reads the answer, and where it was decided answers the call's commands, or says what they lack.
absl::StatusOr<CallAnswer> ReadAnswer(const RedisReply& reply, ScriptCall& call);

}  // namespace inventory
