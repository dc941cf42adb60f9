#include "redis/redis_connection.h"

#include <algorithm>
#include <atomic>
#include <cassert>
#include <deque>
#include <iterator>
#include <optional>
#include <random>
#include <span>
#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "base/backoff.h"
#include "base/mutex.h"
#include "base/worker.h"
#include "redis/event_loop_impl.h"
#include "redis/redis_address.h"
#include "redis/redis_link.h"

namespace inventory {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr char kFaultPayload[] = "inventory/redis-fault";
constexpr char kNotSentMark[] = "not sent";
constexpr char kGoneMark[] = "gone";
// Between two attempts. Short: the whole service waits for them.
constexpr milliseconds kFirstPause{50};
constexpr milliseconds kLongestPause{1'000};

absl::Status MakeFault(RedisFault fault, std::string_view why) {
  const bool not_sent = fault == RedisFault::kNotSent;
  absl::Status status =
      absl::UnavailableError(absl::StrCat(std::string(why), not_sent ? "; nothing was done" : ""));
  status.SetPayload(kFaultPayload, absl::Cord(not_sent ? kNotSentMark : kGoneMark));
  return status;
}

// As it goes over the wire: an array of texts.
std::string Encode(const RedisConnection::Command& command) {
  constexpr std::size_t kAroundAWord = 16;
  std::size_t size = kAroundAWord;
  for (const std::string& word : command) size += word.size() + kAroundAWord;
  std::string bytes;
  bytes.reserve(size);
  absl::StrAppend(&bytes, "*", command.size(), "\r\n");
  for (const std::string& word : command) {
    absl::StrAppend(&bytes, "$", word.size(), "\r\n");
    bytes.append(word);
    bytes.append("\r\n");
  }
  return bytes;
}

}  // namespace

RedisFault RedisFaultOf(const absl::Status& status) {
  const absl::optional<absl::Cord> payload = status.GetPayload(kFaultPayload);
  if (!payload) return RedisFault::kNone;
  return *payload == kNotSentMark ? RedisFault::kNotSent : RedisFault::kGone;
}

// Its fields belong to the loop's thread, but for those of the first group. Posted tasks hold it,
// so that one which runs after the end finds it closed.
class RedisConnection::Impl : public RedisLink::Owner,
                              public std::enable_shared_from_this<RedisConnection::Impl> {
 public:
  Impl(EventLoop& loop, RedisEndpoint endpoint, Events events)
      : loop_(loop.impl()),
        endpoint_(std::move(endpoint)),
        name_("redis at " + endpoint_.Location()),
        last_fault_(absl::UnavailableError(name_ + ": not connected yet")),
        events_(std::move(events)) {}

  void Start() {
    loop_.Post([self = shared_from_this()] { self->BeginAttempt(); });
  }
  void Close() ABSL_LOCKS_EXCLUDED(mutex_);
  void Send(const Command& command, Done<RedisReply> done, Generation generation);
  void SendAll(const std::vector<Command>& commands, std::vector<Done<RedisReply>> done,
               Generation generation);
  Generation generation() const { return generation_; }
  void Reconnect();

 private:
  enum class State {
    kConnecting,  // or looking the name up
    kGreeting,    // connected; AUTH, SELECT and PING are on their way
    kReady,
    kWaiting,  // for the next attempt
    kClosed,
  };
  struct Outgoing {
    std::string bytes;
    Done<RedisReply> done;
    Generation generation;
    steady_clock::time_point sent;
  };
  struct Pending {
    Done<RedisReply> done;
    std::uint64_t begin;  // where it begins in what was sent over the link
    steady_clock::time_point deadline;
  };

  absl::Status NotSent() const ABSL_LOCKS_EXCLUDED(mutex_);
  // Why a command cannot be sent on that connection now.
  absl::Status Check(Generation wanted) const ABSL_LOCKS_EXCLUDED(mutex_);
  void Enqueue(std::span<Outgoing> outgoing) ABSL_LOCKS_EXCLUDED(mutex_);
  void CloseOnLoop();

  // ---- an attempt to connect
  void BeginAttempt();
  void LookUp();
  void OnAddresses(const absl::StatusOr<std::vector<std::string>>& addresses);
  void OpenNext();
  void OpenNextOr(const std::string& why);
  void OnAttemptTimer();
  void Greet();
  void OnGreeting(const RedisReply& reply);
  void BecomeReady();

  // ---- commands
  void Drain();
  void CheckTimeout();
  void OnOpen() override { Greet(); }
  void OnReply(RedisReply reply) override;
  void OnLost(const std::string& why) override;

  // ---- the end of a connection
  void Break(const absl::Status& why);
  void DropLink();
  void FailPending(const absl::Status& why, std::uint64_t taken);
  void WaitForNextAttempt();
  void StartTimer(steady_clock::time_point at, void (Impl::*then)());
  void StopTimer();

  EventLoop::Impl& loop_;
  const RedisEndpoint endpoint_;
  const std::string name_;  // for messages
  mutable Mutex mutex_;
  std::vector<Outgoing> outgoing_ ABSL_GUARDED_BY(mutex_);  // not empty: Drain is posted
  absl::Status last_fault_ ABSL_GUARDED_BY(mutex_);         // why there is no connection
  std::atomic<Generation> generation_{0};                   // 0: none that can be used

  Events events_;
  State state_ = State::kWaiting;
  Generation made_ = 0;
  std::shared_ptr<RedisLink> link_;
  std::deque<Pending> pending_;                    // sent and not answered
  std::optional<EventLoop::Impl::TimerId> timer_;  // of the attempt, the pause or the timeout

  steady_clock::time_point attempt_end_;
  std::vector<std::string> addresses_;  // still to be tried, the last one first
  std::string address_;                 // being tried
  std::deque<std::string> greeting_;    // the commands whose answers are due
  bool looking_up_ = false;
  int failures_ = 0;  // since it could be used
  std::minstd_rand random_{std::random_device()()};
  std::optional<Worker> resolver_;  // made for the first name that is none in digits
};

// ---- any thread ---------------------------------------------------------------------------------

absl::Status RedisConnection::Impl::NotSent() const {
  MutexLock lock(mutex_);
  return MakeFault(RedisFault::kNotSent,
                   std::string_view(last_fault_.message().data(), last_fault_.message().size()));
}

absl::Status RedisConnection::Impl::Check(Generation wanted) const {
  const Generation now = generation_;
  if (now == 0) return NotSent();
  if (wanted == 0 || wanted == now) return absl::OkStatus();
  return MakeFault(RedisFault::kNotSent, name_ + ": it has reconnected");
}

void RedisConnection::Impl::Send(const Command& command, Done<RedisReply> done,
                                 Generation generation) {
  if (const absl::Status fault = Check(generation); !fault.ok()) return done(fault);
  Outgoing one{Encode(command), std::move(done), generation, steady_clock::now()};
  Enqueue({&one, 1});
}

void RedisConnection::Impl::SendAll(const std::vector<Command>& commands,
                                    std::vector<Done<RedisReply>> done, Generation generation) {
  assert(commands.size() == done.size());
  if (const absl::Status fault = Check(generation); !fault.ok()) {
    for (Done<RedisReply>& one : done) one(fault);
    return;
  }
  const steady_clock::time_point now = steady_clock::now();
  std::vector<Outgoing> outgoing;
  outgoing.reserve(commands.size());
  for (std::size_t i = 0; i < commands.size(); ++i) {
    outgoing.push_back({Encode(commands[i]), std::move(done[i]), generation, now});
  }
  Enqueue(outgoing);
}

// Whoever finds the queue empty wakes the loop for all that follows until it looks.
void RedisConnection::Impl::Enqueue(std::span<Outgoing> outgoing) {
  if (outgoing.empty()) return;
  {
    MutexLock lock(mutex_);
    const bool posted = !outgoing_.empty();
    std::move(outgoing.begin(), outgoing.end(), std::back_inserter(outgoing_));
    if (posted) return;
  }
  loop_.Post([self = shared_from_this()] { self->Drain(); });
}

void RedisConnection::Impl::Reconnect() {
  generation_ = 0;  // so that what is sent from now on does not go the old way
  loop_.Post([self = shared_from_this()] {
    if (self->state_ == State::kReady) {
      self->Break(absl::UnavailableError(self->name_ + ": asked to connect anew"));
    }
  });
}

void RedisConnection::Impl::Close() {
  if (loop_.IsThisThread()) {
    CloseOnLoop();
  } else {
    Mutex mutex;
    CondVar changed;
    bool closed = false;
    loop_.Post([&] {
      CloseOnLoop();
      MutexLock lock(mutex);
      closed = true;
      changed.NotifyOne();
    });
    MutexLock lock(mutex);
    while (!closed) changed.Wait(mutex);
  }
  if (resolver_) resolver_->Stop();
}

// ---- an attempt to connect ----------------------------------------------------------------------

void RedisConnection::Impl::BeginAttempt() {
  if (state_ == State::kClosed) return;
  state_ = State::kConnecting;
  attempt_end_ = steady_clock::now() + endpoint_.connect_timeout;
  if (!endpoint_.socket.empty()) return OnAddresses(std::vector<std::string>{endpoint_.socket});
  absl::StatusOr<std::vector<std::string>> addresses = LookUpHost(endpoint_.host, true);
  if (addresses.ok()) return OnAddresses(addresses);
  StartTimer(attempt_end_, &Impl::OnAttemptTimer);
  LookUp();
}

// One question at a time: if the answer to an earlier attempt's is still due, it serves this one.
void RedisConnection::Impl::LookUp() {
  if (looking_up_) return;
  looking_up_ = true;
  if (!resolver_) resolver_.emplace("redis-names", 1);
  resolver_->Post([self = shared_from_this()](const absl::Status& status) {
    if (!status.ok()) return;  // it has been stopped
    self->loop_.Post([self, addresses = LookUpHost(self->endpoint_.host, false)] {
      self->looking_up_ = false;
      if (self->state_ == State::kConnecting && !self->link_) self->OnAddresses(addresses);
    });
  });
}

void RedisConnection::Impl::OnAddresses(const absl::StatusOr<std::vector<std::string>>& addresses) {
  if (!addresses.ok()) {
    return Break(absl::UnavailableError(absl::StrCat(name_, ": ", addresses.status().message())));
  }
  addresses_.assign(addresses->rbegin(), addresses->rend());
  OpenNext();
}

// Each address gets an equal share of the time that is left, so that one which does not answer
// leaves some for the next.
void RedisConnection::Impl::OpenNext() {
  const steady_clock::duration left = attempt_end_ - steady_clock::now();
  const auto share = left / static_cast<int>(addresses_.size());
  StartTimer(steady_clock::now() + share, &Impl::OnAttemptTimer);
  address_ = addresses_.back();
  addresses_.pop_back();
  std::string why;
  link_ = endpoint_.socket.empty() ? RedisLink::OpenTcp(loop_, address_, endpoint_.port, *this, why)
                                   : RedisLink::OpenSocket(loop_, address_, *this, why);
  if (!link_) OpenNextOr(why);
}

void RedisConnection::Impl::OpenNextOr(const std::string& why) {
  DropLink();
  if (!addresses_.empty()) return OpenNext();
  const bool other = endpoint_.socket.empty() && address_ != endpoint_.host;
  Break(absl::UnavailableError(absl::StrCat(name_, ": ", why, other ? " by " : "",
                                            other ? address_ : "",
                                            "; is the server running, and its address right?")));
}

void RedisConnection::Impl::OnAttemptTimer() {
  const std::string time = absl::StrCat(" within ", endpoint_.connect_timeout.count(), " ms");
  if (state_ == State::kGreeting) {
    Break(absl::UnavailableError(
        absl::StrCat(name_, ": no answer to ", greeting_.front(), time,
                     "; is the server busy or stopped, and is it a Redis server?")));
  } else if (link_) {
    OpenNextOr("no connection" + time);
  } else {
    Break(absl::UnavailableError(absl::StrCat(name_, ": no address was found for the name ",
                                              endpoint_.host, time, "; check this machine's DNS")));
  }
}

// PING is refused by a server that is loading its data, or is a replica that has lost its primary.
void RedisConnection::Impl::Greet() {
  state_ = State::kGreeting;
  StartTimer(attempt_end_, &Impl::OnAttemptTimer);
  greeting_.clear();
  const auto send = [this](const Command& command) {
    greeting_.push_back(command.front());
    link_->Append(Encode(command));
  };
  if (!endpoint_.password.empty()) send({"AUTH", endpoint_.password});
  if (endpoint_.db != 0) send({"SELECT", absl::StrCat(endpoint_.db)});
  send({"PING"});
}

void RedisConnection::Impl::OnGreeting(const RedisReply& reply) {
  const std::string command = greeting_.front();
  greeting_.pop_front();
  const bool ping = command == "PING";
  // A server that cannot save refuses PING too, but answers what reads.
  const bool fine = (reply.is(RedisReply::Kind::kStatus) && reply.text == (ping ? "PONG" : "OK")) ||
                    (ping && reply.IsError("MISCONF"));
  if (!fine) {
    return Break(RefusalStatus(
        absl::StrCat(name_, ": the server answered ", command, " with \"", reply.text, "\""),
        reply.text));
  }
  if (greeting_.empty()) BecomeReady();
}

void RedisConnection::Impl::BecomeReady() {
  StopTimer();
  state_ = State::kReady;
  failures_ = 0;
  generation_ = ++made_;
  if (events_.connected) events_.connected(made_);
}

// ---- commands -----------------------------------------------------------------------------------

void RedisConnection::Impl::Drain() {
  std::vector<Outgoing> outgoing;
  {
    MutexLock lock(mutex_);
    outgoing.swap(outgoing_);
  }
  for (Outgoing& one : outgoing) {
    // A callback may have closed it, so this is looked at each time.
    const bool other = one.generation != 0 && one.generation != made_;
    if (state_ != State::kReady || other) {
      one.done(NotSent());
      continue;
    }
    const steady_clock::time_point deadline = one.sent + endpoint_.command_timeout;
    pending_.push_back({std::move(one.done), link_->appended(), deadline});
    link_->Append(one.bytes);
    if (!timer_) StartTimer(deadline, &Impl::CheckTimeout);
  }
  if (state_ == State::kReady) link_->Flush();
}

// Deadlines come in the order of the commands, nearly: one timer, for the oldest, is enough.
void RedisConnection::Impl::CheckTimeout() {
  if (state_ != State::kReady || pending_.empty()) return;
  if (pending_.front().deadline > steady_clock::now()) {
    return StartTimer(pending_.front().deadline, &Impl::CheckTimeout);
  }
  Break(absl::UnavailableError(
      absl::StrCat(name_, ": no answer within ", endpoint_.command_timeout.count(),
                   " ms; is the server busy or stopped, or the network?")));
}

void RedisConnection::Impl::OnReply(RedisReply reply) {
  const std::shared_ptr<Impl> alive = shared_from_this();
  if (state_ == State::kGreeting) return OnGreeting(reply);
  Done<RedisReply> done = std::move(pending_.front().done);
  pending_.pop_front();
  done(std::move(reply));
}

void RedisConnection::Impl::OnLost(const std::string& why) {
  const std::shared_ptr<Impl> alive = shared_from_this();
  if (state_ == State::kConnecting) return OpenNextOr(why);
  Break(absl::UnavailableError(
      absl::StrCat(name_, ": the connection broke: ", why,
                   state_ == State::kGreeting ? "; is it a Redis server?" : "")));
}

// ---- the end of a connection --------------------------------------------------------------------

// Also of an attempt.
void RedisConnection::Impl::Break(const absl::Status& why) {
  const std::shared_ptr<Impl> alive = shared_from_this();
  {
    MutexLock lock(mutex_);
    last_fault_ = why;
  }
  generation_ = 0;
  const std::uint64_t taken = link_ ? link_->taken() : 0;
  DropLink();
  WaitForNextAttempt();
  FailPending(why, taken);
  if (state_ != State::kClosed && events_.broken) events_.broken(why);
}

void RedisConnection::Impl::DropLink() {
  if (const std::shared_ptr<RedisLink> link = std::exchange(link_, nullptr)) link->Close();
}

void RedisConnection::Impl::FailPending(const absl::Status& why, std::uint64_t taken) {
  std::deque<Pending> pending;
  pending.swap(pending_);
  const std::string_view text(why.message().data(), why.message().size());
  for (Pending& one : pending) {
    one.done(MakeFault(one.begin < taken ? RedisFault::kGone : RedisFault::kNotSent, text));
  }
}

void RedisConnection::Impl::WaitForNextAttempt() {
  state_ = State::kWaiting;
  ++failures_;
  const double fraction = std::uniform_real_distribution<double>(0, 1)(random_);
  StartTimer(steady_clock::now() + Backoff(failures_, kFirstPause, kLongestPause, fraction),
             &Impl::BeginAttempt);
}

void RedisConnection::Impl::CloseOnLoop() {
  if (state_ == State::kClosed) return;
  const absl::Status why = absl::UnavailableError(name_ + ": the connection was closed");
  {
    MutexLock lock(mutex_);
    last_fault_ = why;
  }
  generation_ = 0;
  state_ = State::kClosed;
  StopTimer();
  const std::uint64_t taken = link_ ? link_->taken() : 0;
  DropLink();
  FailPending(why, taken);
  Drain();
}

// One at a time: whichever is started takes the place of the one before.
void RedisConnection::Impl::StartTimer(steady_clock::time_point at, void (Impl::*then)()) {
  StopTimer();
  timer_ = loop_.StartTimer(at, [self = shared_from_this(), then] {
    self->timer_.reset();
    (self.get()->*then)();
  });
}

void RedisConnection::Impl::StopTimer() {
  if (timer_) loop_.StopTimer(*std::exchange(timer_, std::nullopt));
}

// ---- the connection -----------------------------------------------------------------------------

RedisConnection::RedisConnection(EventLoop& loop, RedisEndpoint endpoint, Events events)
    : impl_(std::make_shared<Impl>(loop, std::move(endpoint), std::move(events))) {
  impl_->Start();
}

RedisConnection::~RedisConnection() { impl_->Close(); }

// Commands are given away, so that what becomes of their memory is free to change.
// NOLINTNEXTLINE(performance-unnecessary-value-param)
void RedisConnection::Send(Command command, Done<RedisReply> done, Generation generation) {
  impl_->Send(command, std::move(done), generation);
}

// NOLINTNEXTLINE(performance-unnecessary-value-param)
void RedisConnection::SendAll(std::vector<Command> commands, std::vector<Done<RedisReply>> done,
                              Generation generation) {
  impl_->SendAll(commands, std::move(done), generation);
}

absl::StatusOr<RedisReply> RedisConnection::Call(Command command, Generation generation) {
  Mutex mutex;
  CondVar changed;
  std::optional<absl::StatusOr<RedisReply>> answer;
  Send(
      std::move(command),
      [&](absl::StatusOr<RedisReply> reply) {
        MutexLock lock(mutex);
        answer = std::move(reply);
        changed.NotifyOne();
      },
      generation);
  MutexLock lock(mutex);
  while (!answer) changed.Wait(mutex);
  return *std::move(answer);
}

RedisConnection::Generation RedisConnection::generation() const { return impl_->generation(); }
void RedisConnection::Reconnect() { impl_->Reconnect(); }

}  // namespace inventory
