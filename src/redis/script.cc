#include "redis/script.h"

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

namespace inventory {
namespace {

// Shared by the answers. They come one after the other, so it needs no lock.
struct Loading {
  std::size_t left = 0;
  absl::Status status;  // the first that is not OK
  absl::AnyInvocable<void(const absl::Status&)> done;
};

absl::Status Check(const RedisScript& script, const absl::StatusOr<RedisReply>& reply) {
  if (!reply.ok()) return reply.status();
  const std::string name(script.name);
  if (!reply->is(RedisReply::Kind::kText)) {
    return absl::FailedPreconditionError(
        absl::StrCat("the server did not take the script ", name, ": ", reply->text,
                     "; may this user SCRIPT LOAD, and is the server Redis 6.2 or newer?"));
  }
  if (reply->text == script.sha1) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("the server calls the script ", name, " ", reply->text, ", and we ",
                   std::string(script.sha1), ": the program was built wrong; build it anew"));
}

}  // namespace

void LoadScripts(RedisConnection& connection, const std::vector<RedisScript>& scripts,
                 absl::AnyInvocable<void(const absl::Status&)> done,
                 RedisConnection::Generation generation) {
  if (scripts.empty()) return done(absl::OkStatus());
  const auto loading = std::make_shared<Loading>();
  loading->left = scripts.size();
  loading->done = std::move(done);
  std::vector<RedisConnection::Command> commands;
  std::vector<Done<RedisReply>> answers;
  commands.reserve(scripts.size());
  answers.reserve(scripts.size());
  for (const RedisScript& script : scripts) {
    commands.push_back({"SCRIPT", "LOAD", std::string(script.text)});
    answers.emplace_back([loading, script](const absl::StatusOr<RedisReply>& reply) {
      loading->status.Update(Check(script, reply));
      if (--loading->left == 0) loading->done(loading->status);
    });
  }
  connection.SendAll(std::move(commands), std::move(answers), generation);
}

}  // namespace inventory
