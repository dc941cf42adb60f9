#include "store/redis/script_call.h"

#include <type_traits>
#include <utility>
#include <variant>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "stock/asked_lines.h"

namespace inventory {
namespace {

constexpr StoreScript kScriptOf[] = {
    StoreScript::kDeductStock,       StoreScript::kReleaseStock,
    StoreScript::kRestockInventory,  StoreScript::kAdjustStock,
    StoreScript::kReserveStock,      StoreScript::kConfirmReservation,
    StoreScript::kCancelReservation, StoreScript::kExpireReservation};
static_assert(std::size(kScriptOf) == std::variant_size_v<decltype(Command::verb)>);

StoreScript ScriptOf(const Command& command) { return kScriptOf[command.verb.index()]; }

bool GivesBack(StoreScript script) {
  return script == StoreScript::kReleaseStock || script == StoreScript::kConfirmReservation ||
         script == StoreScript::kCancelReservation || script == StoreScript::kExpireReservation;
}

std::size_t LinesOf(const PendingCommand& pending) {
  if (const auto* reserve = std::get_if<Reserve>(&pending.command.verb)) {
    return reserve->lines.size();
  }
  return pending.lines.empty() ? 1 : pending.lines.size();
}

template <typename Map, typename Key>
const std::string& FactOf(const Map& facts, const Key& key) {
  static const std::string none;
  const auto found = facts.find(key);
  return found == facts.end() ? none : found->second;
}

// Puts one call together: keys and arguments as scripts/*.lua want them.
class CallBuilder {
 public:
  CallBuilder(const CallFrame& frame, const KnownFacts& facts) : frame_(frame), facts_(facts) {}

  void Add(const PendingCommand& pending) {
    ++count_;
    actor_ = pending.command.actor ? *pending.command.actor : std::string();
    lines_ = &pending.lines;
    std::visit(*this, pending.command.verb);
  }

  void operator()(const Deduct& command) {
    AddLine(command.book, command.order, command.quantity);
    Arg(actor_);
  }
  void operator()(const Release& command) {
    AddLine(command.book, command.order, command.quantity);
    Arg(command.reason);
    Arg(actor_);
  }
  void operator()(const Restock& command) {
    keys_.push_back(RequestKey(frame_.bucket, command.book, command.request_id));
    Arg(BookIndex(command.book));
    Arg(command.quantity);
    Arg(command.request_id);
    Arg(FactOf(facts_.requests, std::pair(command.book, command.request_id)));
    Arg(command.remark);
    Arg(actor_);
  }
  void operator()(const Adjust& command) {
    keys_.push_back(RequestKey(frame_.bucket, command.book, command.request_id));
    Arg(BookIndex(command.book));
    Arg(command.set_to ? 1 : 0);
    Arg(command.quantity);
    Arg(command.expected ? absl::StrCat(*command.expected) : "-");
    Arg(command.request_id);
    Arg(FactOf(facts_.requests, std::pair(command.book, command.request_id)));
    Arg(command.reason);
    Arg(actor_);
  }
  void operator()(const Reserve& command) {
    const std::vector<AskedLine> asked = AddUp(command.lines);
    keys_.push_back(ReservationKey(frame_.bucket, command.order));
    Arg(command.order);
    Arg(command.ttl);
    Arg(actor_);
    Arg(IsNew(command.order));
    Arg(FactOf(facts_.reservations, command.order));
    Arg(asked.size());
    for (const AskedLine& line : asked) {
      AddMarkers({command.order, line.book});
      Arg(BookIndex(line.book));
      Arg(line.quantity);
      Arg(FactOf(facts_.lines, LineKey{command.order, line.book}));
    }
  }
  void operator()(const Confirm& command) { AddReservation(command.order, {}); }
  void operator()(const Cancel& command) { AddReservation(command.order, command.reason); }
  void operator()(const Expire& command) { AddReservation(command.order, {}); }

  RedisConnection::Command Take(StoreScript script);

 private:
  template <typename Value>
  void Arg(const Value& value) {
    if constexpr (std::is_arithmetic_v<Value>) {
      args_.push_back(absl::StrCat(value));
    } else {
      args_.emplace_back(value);
    }
  }
  int IsNew(OrderId order) const { return order > frame_.watermark ? 1 : 0; }

  // From 1, as Lua counts.
  std::size_t BookIndex(BookId book) {
    const auto [found, is_new] = index_of_.try_emplace(book, books_.size() + 1);
    if (is_new) books_.push_back(book);
    return found->second;
  }

  void AddMarkers(LineKey line) {
    keys_.push_back(DeductKey(frame_.bucket, line));
    keys_.push_back(ReleaseKey(frame_.bucket, line));
  }

  void AddLine(BookId book, OrderId order, Quantity quantity) {
    AddMarkers({order, book});
    keys_.push_back(ReservationKey(frame_.bucket, order));
    Arg(BookIndex(book));
    Arg(order);
    Arg(quantity);
    Arg(IsNew(order));
    Arg(FactOf(facts_.lines, LineKey{order, book}));
  }

  void AddReservation(OrderId order, const std::string& reason) {
    keys_.push_back(ReservationKey(frame_.bucket, order));
    Arg(order);
    Arg(FactOf(facts_.reservations, order));
    Arg(reason);
    Arg(actor_);
    Arg(LinesText(*lines_));
    Arg(lines_->size());
    for (const ReservedLine& line : *lines_) {
      AddMarkers({order, line.book});
      Arg(BookIndex(line.book));
      Arg(FactOf(facts_.lines, LineKey{order, line.book}));
    }
  }

  const CallFrame& frame_;
  const KnownFacts& facts_;
  std::size_t count_ = 0;
  std::string actor_;                                 // of the command being added
  const std::vector<ReservedLine>* lines_ = nullptr;  // of the same
  std::vector<std::string> keys_;                     // the verb's own
  std::vector<std::string> args_;                     // the same
  std::vector<BookId> books_;
  absl::flat_hash_map<BookId, std::size_t> index_of_;
};

RedisConnection::Command CallBuilder::Take(StoreScript script) {
  RedisConnection::Command command;
  command.reserve(17 + 4 * books_.size() + keys_.size() + args_.size());
  command.push_back("EVALSHA");
  command.push_back(Sha1(script));
  command.push_back(absl::StrCat(4 + 2 * books_.size() + keys_.size()));
  command.push_back(EpochKey(frame_.bucket));
  command.push_back(OutboxKey(frame_.bucket));
  command.push_back(DueKey(frame_.bucket));
  command.push_back(HoldKey(frame_.bucket, frame_.instance));
  for (const BookId book : books_) {
    command.push_back(BookKey(frame_.bucket, book));
    command.push_back(StockKey(frame_.bucket, book));
  }
  for (std::string& key : keys_) command.push_back(std::move(key));

  command.push_back(absl::StrCat(frame_.epoch));
  command.push_back(absl::StrCat(frame_.least_entries));
  command.push_back(frame_.time);
  command.push_back(absl::StrCat(frame_.ttl));
  command.push_back(absl::StrCat(frame_.batch));
  command.push_back(
      absl::StrCat(GivesBack(script) ? frame_.most_movements_giving_back : frame_.most_movements));
  command.push_back(absl::StrCat(frame_.new_until));
  command.push_back(absl::StrCat(facts_.told_at, " ", facts_.told_entries));
  command.push_back(absl::StrCat(books_.size()));
  for (const BookId book : books_) {
    command.push_back(absl::StrCat(book));
    command.push_back(FactOf(facts_.books, book));
  }
  command.push_back(absl::StrCat(count_));
  for (std::string& arg : args_) command.push_back(std::move(arg));
  return command;
}

// ---- answers ------------------------------------------------------------------------------------

// Steps through the results of a script; says at the end whether they were what was expected.
class ResultReader {
 public:
  explicit ResultReader(const std::vector<RedisReply>& results) : results_(results) {}

  std::int64_t Number() {
    const RedisReply* next = Next(RedisReply::Kind::kInteger);
    return next ? next->integer : 0;
  }
  std::string_view Text() {
    const RedisReply* next = Next(RedisReply::Kind::kText);
    return next ? std::string_view(next->text) : std::string_view();
  }
  // An outcome, or what is lacking.
  Lack Code(Outcome& outcome) {
    const std::int64_t code = Number();
    if (code >= kOutcomeCount) well_formed_ = false;
    if (code >= 0 && well_formed_) {
      outcome = static_cast<Outcome>(code);
      return Lack::kNothing;
    }
    return code == -1   ? Lack::kFacts
           : code == -2 ? Lack::kExpiry
           : code == -3 ? Lack::kLines
                        : Lack::kHeld;
  }
  bool Complete() const { return well_formed_ && next_ == results_.size(); }

 private:
  const RedisReply* Next(RedisReply::Kind kind) {
    if (next_ < results_.size() && results_[next_].is(kind)) return &results_[next_++];
    well_formed_ = false;
    return nullptr;
  }

  const std::vector<RedisReply>& results_;
  std::size_t next_ = 0;
  bool well_formed_ = true;
};

void ReadLine(ResultReader& results, PendingCommand& pending) {
  Reply reply;
  pending.lack = results.Code(reply.outcome);
  reply.available = static_cast<Quantity>(results.Number());
  if (pending.lack == Lack::kNothing) pending.Answer(std::move(reply));
}

void ReadReserve(ResultReader& results, PendingCommand& pending) {
  Reply reply;
  pending.lack = results.Code(reply.outcome);
  reply.deadline = results.Number();
  for (const AskedLine& line : AddUp(std::get<Reserve>(pending.command.verb).lines)) {
    LineReply line_reply{line.book};
    results.Code(line_reply.outcome);
    line_reply.available = static_cast<Quantity>(results.Number());
    reply.lines.push_back(line_reply);
  }
  if (pending.lack == Lack::kNothing) pending.Answer(std::move(reply));
}

void ReadReservation(ResultReader& results, PendingCommand& pending) {
  Reply reply;
  pending.lack = results.Code(reply.outcome);
  const std::string_view lines = results.Text();
  for (const ReservedLine& line : pending.lines) {
    reply.lines.push_back({line.book, reply.outcome, static_cast<Quantity>(results.Number())});
  }
  if (pending.lack == Lack::kLines) pending.lines = ParseLines(lines);
  if (pending.lack != Lack::kNothing) return;
  if (std::holds_alternative<Expire>(pending.command.verb)) reply = Reply();
  if (reply.outcome == Outcome::kReservationNotFound) reply.lines.clear();
  pending.Answer(std::move(reply));
}

bool ReadResults(const std::vector<RedisReply>& elements, ScriptCall& call) {
  ResultReader results(elements);
  for (PendingCommand* pending : call.commands) {
    switch (call.script) {
      case StoreScript::kReserveStock: ReadReserve(results, *pending); break;
      case StoreScript::kConfirmReservation:
      case StoreScript::kCancelReservation:
      case StoreScript::kExpireReservation: ReadReservation(results, *pending); break;
      default: ReadLine(results, *pending);
    }
  }
  return results.Complete();
}

}  // namespace

std::vector<ScriptCall> MakeCalls(const std::vector<PendingCommand*>& commands,
                                  const CallFrame& frame, const KnownFacts& facts) {
  std::vector<ScriptCall> calls;
  for (std::size_t next = 0; next < commands.size();) {
    ScriptCall call{ScriptOf(commands[next]->command), {}, {}};
    CallBuilder builder(frame, facts);
    std::size_t lines = 0;
    for (; next < commands.size(); ++next) {
      PendingCommand& pending = *commands[next];
      if (ScriptOf(pending.command) != call.script) break;
      if (lines > 0 && lines + LinesOf(pending) > kLinesACall) break;
      lines += LinesOf(pending);
      builder.Add(pending);
      call.commands.push_back(&pending);
    }
    call.text = builder.Take(call.script);
    calls.push_back(std::move(call));
  }
  return calls;
}

absl::StatusOr<CallAnswer> ReadAnswer(const RedisReply& reply, ScriptCall& call) {
  using Kind = RedisReply::Kind;
  const std::vector<RedisReply>& parts = reply.elements;
  const bool well_formed = parts.size() >= 5 && parts[0].is(Kind::kInteger) &&
                           parts[1].is(Kind::kInteger) && parts[2].is(Kind::kInteger) &&
                           parts[3].is(Kind::kText) && parts[4].is(Kind::kText);
  CallAnswer answer;
  if (well_formed) {
    answer.status = static_cast<CallAnswer::Status>(parts[0].integer);
    answer.now = parts[1].integer;
    answer.entries = static_cast<std::uint64_t>(parts[2].integer);
    answer.changes = parts[3].text;
    answer.repaired = parts[4].text;
    if (answer.status != CallAnswer::Status::kDecided) return answer;
  }
  if (!well_formed || parts.size() != 6 || !ReadResults(parts[5].elements, call)) {
    return absl::InternalError(absl::StrCat("the script ", std::string(Get(call.script).name),
                                            " answered in another form than its own"));
  }
  return answer;
}

}  // namespace inventory
