// An answer of Redis, as a value.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace inventory {

// An error of the server is an answer too: what it means is for whoever asked to say.
struct RedisReply {
  enum class Kind { kNil, kInteger, kText, kStatus, kError, kArray };

  Kind kind = Kind::kNil;
  std::int64_t integer = 0;
  std::string text;  // of a text, status or error
  std::vector<RedisReply> elements;

  bool is(Kind which) const { return kind == which; }
  // Whether it is an error that begins with this word: "NOSCRIPT", "LOADING", "OOM", …
  bool IsError(const char* word) const { return kind == Kind::kError && text.rfind(word, 0) == 0; }
};

}  // namespace inventory
