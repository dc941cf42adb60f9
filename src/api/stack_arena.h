// Where the messages of one call live.
#pragma once

#include "google/protobuf/arena.h"

namespace inventory {

// An arena that begins on the stack: small messages need no more, large ones grow in steps that
// suit thousands of items. For one scope of one thread.
class StackArena {
 public:
  StackArena() : arena_(OnTheStack()) {}
  StackArena(const StackArena&) = delete;

  template <typename Message>
  Message& Make() {
    return *google::protobuf::Arena::CreateMessage<Message>(&arena_);
  }

 private:
  google::protobuf::ArenaOptions OnTheStack() {
    google::protobuf::ArenaOptions options;
    options.initial_block = block_;
    options.initial_block_size = sizeof(block_);
    options.max_block_size = 64 * 1'024;
    return options;
  }

  alignas(8) char block_[1'024];
  google::protobuf::Arena arena_;
};

}  // namespace inventory
