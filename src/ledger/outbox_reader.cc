#include "ledger/outbox_reader.h"

#include <memory>
#include <string_view>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/mutex.h"
#include "base/status_macros.h"
#include "redis/keys.h"

namespace inventory {
namespace {

std::string Key() { return OutboxKey(kOnlyBucket); }

absl::Status ErrorOf(const RedisReply& reply) {
  if (reply.IsError("WRONGTYPE")) {
    return absl::FailedPreconditionError(
        absl::StrCat("the key ", Key(),
                     " in Redis is no stream: another program uses this database of Redis; give "
                     "the service one of its own (redis.db)"));
  }
  return absl::UnavailableError(absl::StrCat("Redis refuses: ", reply.text));
}

absl::Status Strange(std::string_view what) {
  return absl::DataLossError(
      absl::StrCat("Redis answered ", std::string(what), " with what is no answer to it"));
}

// [seconds, microseconds]
absl::StatusOr<TimeMs> ReadTime(const RedisReply& reply) {
  if (reply.is(RedisReply::Kind::kError)) return ErrorOf(reply);
  TimeMs seconds = 0;
  TimeMs micros = 0;
  if (reply.elements.size() != 2 || !absl::SimpleAtoi(reply.elements[0].text, &seconds) ||
      !absl::SimpleAtoi(reply.elements[1].text, &micros)) {
    return Strange("TIME");
  }
  return seconds * 1'000 + micros / 1'000;
}

// [id, [field, value, …]]. An entry whose fields are not ours says nothing.
absl::StatusOr<DecodedEntry> ReadEntry(RedisReply& reply) {
  if (reply.elements.size() != 2) return Strange("XRANGE");
  const std::optional<OutboxId> id = ParseOutboxId(reply.elements[0].text);
  if (!id) return Strange("XRANGE");
  DecodedEntry entry{*id, 0, "", absl::DataLossError("the entry has other fields than ours")};
  std::vector<RedisReply>& fields = reply.elements[1].elements;
  for (std::size_t i = 0; i + 1 < fields.size(); i += 2) {
    if (fields[i].text == "changes") entry.changes = std::move(fields[i + 1].text);
    if (fields[i].text == "time" && !absl::SimpleAtoi(fields[i + 1].text, &entry.time)) {
      entry.time = 0;
    }
  }
  if (fields.size() == 4 && entry.time > 0) {
    entry.facts = DecodeChanges(entry.changes, entry.time);
  }
  return entry;
}

// The value of a name in [name, value, …]; null: there is none.
const RedisReply* Find(const RedisReply& reply, std::string_view name) {
  for (std::size_t i = 0; i + 1 < reply.elements.size(); i += 2) {
    if (reply.elements[i].text == name) return &reply.elements[i + 1];
  }
  return nullptr;
}

}  // namespace

absl::StatusOr<std::string> OutboxReader::Check() {
  asked_.reset();
  generation_ = connection_.generation();
  if (generation_ == 0) return absl::UnavailableError("Redis is not connected");
  ASSIGN_OR_RETURN(const RedisReply reply, Call({"INFO", "server"}));
  if (reply.is(RedisReply::Kind::kError)) return ErrorOf(reply);
  constexpr std::string_view kName = "run_id:";
  const std::size_t begin = reply.text.find(kName);
  if (begin == std::string::npos) return Strange("INFO");
  const std::size_t end = reply.text.find_first_of("\r\n", begin);
  return reply.text.substr(begin + kName.size(), end - begin - kName.size());
}

void OutboxReader::Ask(const OutboxId& next, std::size_t count) {
  asked_ = Asked{
      next, count,
      Send({{"TIME"}, {"XRANGE", Key(), FormatOutboxId(next), "+", "COUNT", absl::StrCat(count)}})};
}

absl::StatusOr<OutboxPortion> OutboxReader::Read(const OutboxId& next, std::size_t count) {
  if (!asked_ || asked_->next != next || asked_->count != count) Ask(next, count);
  Answers answers = asked_->answers.get();
  asked_.reset();
  for (const auto& answer : answers) RETURN_IF_ERROR(answer.status());
  OutboxPortion portion;
  ASSIGN_OR_RETURN(portion.time, ReadTime(*answers[0]));
  RedisReply& entries = *answers[1];
  if (entries.is(RedisReply::Kind::kError)) return ErrorOf(entries);
  portion.entries.reserve(entries.elements.size());
  for (RedisReply& each : entries.elements) {
    ASSIGN_OR_RETURN(DecodedEntry entry, ReadEntry(each));
    portion.entries.push_back(std::move(entry));
  }
  return portion;
}

absl::StatusOr<OutboxEnds> OutboxReader::Ends() {
  ASSIGN_OR_RETURN(const RedisReply reply, Call({"XINFO", "STREAM", Key()}));
  if (reply.is(RedisReply::Kind::kError)) {
    if (reply.text.find("no such key") != std::string::npos) {
      return absl::NotFoundError(absl::StrCat("Redis has no key ", Key()));
    }
    return ErrorOf(reply);
  }
  const RedisReply* const last = Find(reply, "last-generated-id");
  const RedisReply* const first = Find(reply, "first-entry");
  const std::optional<OutboxId> last_id = last ? ParseOutboxId(last->text) : std::nullopt;
  if (!last_id || !first) return Strange("XINFO STREAM");
  OutboxEnds ends;
  ends.last = *last_id;
  if (!first->elements.empty()) ends.first = ParseOutboxId(first->elements[0].text);
  return ends;
}

absl::Status OutboxReader::Trim(const OutboxId& first_kept) {
  ASSIGN_OR_RETURN(const RedisReply reply,
                   Call({"XTRIM", Key(), "MINID", FormatOutboxId(first_kept)}));
  return reply.is(RedisReply::Kind::kError) ? ErrorOf(reply) : absl::OkStatus();
}

absl::StatusOr<RedisReply> OutboxReader::Call(RedisConnection::Command command) {
  return connection_.Call(std::move(command), generation_);
}

// All answers together, when the last has come.
std::future<OutboxReader::Answers> OutboxReader::Send(
    std::vector<RedisConnection::Command> commands) {
  struct State {
    explicit State(std::size_t count) : left(count) {}
    Mutex mutex;
    std::size_t left ABSL_GUARDED_BY(mutex);
    Answers answers ABSL_GUARDED_BY(mutex);
    std::promise<Answers> promise;
  };
  const auto state = std::make_shared<State>(commands.size());
  std::future<Answers> answers = state->promise.get_future();
  std::vector<Done<RedisReply>> done;
  for (std::size_t i = 0; i < commands.size(); ++i) {
    done.emplace_back([state](absl::StatusOr<RedisReply> answer) {
      MutexLock lock(state->mutex);
      state->answers.push_back(std::move(answer));  // they come in the order of the commands
      if (--state->left == 0) state->promise.set_value(std::move(state->answers));
    });
  }
  connection_.SendAll(std::move(commands), std::move(done), generation_);
  return answers;
}

}  // namespace inventory
