#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <future>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/mutex.h"
#include "base/status_matchers.h"
#include "redis/awaited_connection_testing.h"
#include "redis/redis_connection.h"
#include "tests/support/redis_server.h"
#include "tests/support/server_parts.h"

namespace inventory {
namespace {

using std::chrono::milliseconds;
using Generation = RedisConnection::Generation;

// For tests in which no time may pass away: a machine that is busy is no fault.
constexpr milliseconds kLong{100'000};
// For tests that wait for it to pass.
constexpr milliseconds kShort{50};

RedisEndpoint Patient(RedisEndpoint endpoint) {
  endpoint.connect_timeout = endpoint.command_timeout = kLong;
  return endpoint;
}

// Answers in the order in which they came, and whether all have.
class Answers {
 public:
  using Answer = absl::StatusOr<RedisReply>;

  Done<RedisReply> Next() {
    return [this, number = asked_++](Answer answer) {
      MutexLock lock(mutex_);
      answers_.emplace_back(number, std::move(answer));
      changed_.NotifyAll();
    };
  }
  // Waits until as many have come as were asked for: by number, then the answer.
  std::vector<std::pair<std::size_t, Answer>> Await() {
    MutexLock lock(mutex_);
    while (answers_.size() < asked_) changed_.Wait(mutex_);
    return answers_;
  }
  // The same; whether none was a fault. Then it begins anew.
  bool AwaitAndForget() {
    MutexLock lock(mutex_);
    while (answers_.size() < asked_) changed_.Wait(mutex_);
    const bool all = std::all_of(answers_.begin(), answers_.end(),
                                 [](const auto& answer) { return answer.second.ok(); });
    answers_.clear();
    asked_ = 0;
    return all;
  }
  // As many as have come.
  std::vector<std::pair<std::size_t, Answer>> Come() {
    MutexLock lock(mutex_);
    return answers_;
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  std::size_t asked_ = 0;
  std::vector<std::pair<std::size_t, Answer>> answers_ ABSL_GUARDED_BY(mutex_);
};

// Each came once, in the order asked, with this fault.
void ExpectAll(const std::vector<std::pair<std::size_t, Answers::Answer>>& answers,
               std::size_t count, RedisFault fault) {
  ASSERT_EQ(answers.size(), count);
  for (std::size_t i = 0; i < count; ++i) {
    ASSERT_EQ(answers[i].first, i);
    ASSERT_EQ(RedisFaultOf(answers[i].second.status()), fault) << answers[i].second.status();
  }
}

std::string TextOf(const absl::StatusOr<RedisReply>& reply) {
  return reply.ok() ? reply->text : reply.status().ToString();
}

std::unique_ptr<RedisServer> StartServer(const RedisSettings& settings = {}) {
  absl::StatusOr<std::unique_ptr<RedisServer>> server = RedisServer::Start(settings);
  EXPECT_OK(server);
  if (!server.ok()) std::abort();
  return *std::move(server);
}

// ---- commands and answers -----------------------------------------------------------------------

TEST(RedisConnectionTest, AnswersInTheOrderOfTheCalls) {
  AwaitedConnection connection(Patient(RedisServer::NewDatabase()));
  EXPECT_EQ(connection.AwaitConnected(), 1u);
  Answers answers;
  constexpr std::size_t kCommands = 1'000;
  for (std::size_t i = 0; i < kCommands; ++i) connection.get().Send({"INCR", "n"}, answers.Next());
  const auto come = answers.Await();
  ExpectAll(come, kCommands, RedisFault::kNone);
  for (std::size_t i = 0; i < kCommands; ++i) {
    ASSERT_EQ(come[i].second->integer, static_cast<std::int64_t>(i + 1));
  }
}

TEST(RedisConnectionTest, CarriesOneHundredThousandCommandsOfManyThreads) {
  AwaitedConnection connection(Patient(RedisServer::NewDatabase()));
  connection.AwaitConnected();
  constexpr int kThreads = 4;
  constexpr int kCommands = 25'000;
  std::vector<std::thread> threads;
  std::vector<Answers> answers(kThreads);
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      const std::string key = absl::StrCat("n", thread);
      for (int i = 0; i < kCommands; ++i) {
        connection.get().Send({"INCR", key}, answers[static_cast<std::size_t>(thread)].Next());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (Answers& of_thread : answers) {
    const auto come = of_thread.Await();
    ExpectAll(come, kCommands, RedisFault::kNone);
    for (std::size_t i = 0; i < kCommands; ++i) {
      ASSERT_EQ(come[i].second->integer, static_cast<std::int64_t>(i + 1));
    }
  }
}

TEST(RedisConnectionTest, PutsNothingBetweenCommandsThatAreSentTogether) {
  AwaitedConnection connection(Patient(RedisServer::NewDatabase()));
  connection.AwaitConnected();
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, value = std::to_string(thread)] {
      Answers answers;
      for (int i = 0; i < 500; ++i) {
        std::vector<Done<RedisReply>> done;
        for (int n = 0; n < 3; ++n) done.push_back(answers.Next());
        connection.get().SendAll({{"SET", "k", value}, {"GET", "k"}, {"DEL", "k"}},
                                 std::move(done));
      }
      const auto come = answers.Await();
      for (std::size_t i = 0; i < come.size(); i += 3) {
        ASSERT_EQ(TextOf(come[i + 1].second), value);
        ASSERT_EQ(come[i + 2].second->integer, 1);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(RedisConnectionTest, CarriesAnyBytes) {
  AwaitedConnection connection(Patient(RedisServer::NewDatabase()));
  connection.AwaitConnected();
  std::string random(1'000'000, ' ');
  std::minstd_rand draw(1);
  for (char& c : random) c = static_cast<char>(draw());
  for (const std::string& bytes : {std::string(), std::string("\0", 1), std::string("a\r\n$1\r\nb"),
                                   std::string("\xff\xfe \"'%s*", 8), random}) {
    EXPECT_EQ(TextOf(connection.get().Call({"SET", "k" + bytes, bytes})), "OK");
    EXPECT_EQ(TextOf(connection.get().Call({"GET", "k" + bytes})), bytes);
  }
}

TEST(RedisConnectionTest, TellsEveryKindOfAnswer) {
  AwaitedConnection connection(Patient(RedisServer::NewDatabase()));
  connection.AwaitConnected();
  const auto reply = connection.get().Call(
      {"EVAL", "return {1, 'a', false, {ok='fine'}, {err='MINE is wrong'}, {{-2}, {}}}", "0"});
  ASSERT_OK(reply);
  using Kind = RedisReply::Kind;
  ASSERT_TRUE(reply->is(Kind::kArray));
  ASSERT_EQ(reply->elements.size(), 6u);
  EXPECT_EQ(reply->elements[0].integer, 1);
  EXPECT_TRUE(reply->elements[1].is(Kind::kText) && reply->elements[1].text == "a");
  EXPECT_TRUE(reply->elements[2].is(Kind::kNil));
  EXPECT_TRUE(reply->elements[3].is(Kind::kStatus) && reply->elements[3].text == "fine");
  EXPECT_TRUE(reply->elements[4].IsError("MINE"));
  ASSERT_EQ(reply->elements[5].elements.size(), 2u);
  EXPECT_EQ(reply->elements[5].elements[0].elements.at(0).integer, -2);
  EXPECT_TRUE(reply->elements[5].elements[1].is(Kind::kArray));
  EXPECT_TRUE(connection.get().Call({"NOSUCH"})->IsError("ERR"));
}

TEST(RedisConnectionTest, ACallbackMaySend) {
  AwaitedConnection connection(Patient(RedisServer::NewDatabase()));
  connection.AwaitConnected();
  std::promise<std::int64_t> third;
  RedisConnection& redis = connection.get();
  redis.Send({"INCR", "n"}, [&](absl::StatusOr<RedisReply>) {
    redis.Send({"INCR", "n"}, [&](absl::StatusOr<RedisReply>) {
      redis.Send({"INCR", "n"},
                 [&](absl::StatusOr<RedisReply> reply) { third.set_value(reply->integer); });
    });
  });
  EXPECT_EQ(third.get_future().get(), 3);
}

TEST(RedisConnectionTest, WhatIsSentWhenItIsConnectedGoesThere) {
  EventLoop loop;
  std::promise<std::string> answer;
  RedisConnection* redis = nullptr;
  std::promise<void> made;
  RedisConnection connection(
      loop, Patient(RedisServer::NewDatabase()),
      {[&](Generation generation) {
         made.get_future().wait();
         redis->Send(
             {"ECHO", "first"},
             [&](absl::StatusOr<RedisReply> reply) { answer.set_value(TextOf(reply)); },
             generation);
       },
       {}});
  redis = &connection;
  made.set_value();
  EXPECT_EQ(answer.get_future().get(), "first");
}

// ---- generations --------------------------------------------------------------------------------

TEST(RedisConnectionTest, SendsNothingToAServerThatWasNotLookedAt) {
  const RedisEndpoint endpoint = Patient(RedisServer::NewDatabase());
  AwaitedConnection connection(endpoint);
  RedisConnection& redis = connection.get();
  ASSERT_EQ(connection.AwaitConnected(), 1u);
  EXPECT_EQ(redis.generation(), 1u);
  EXPECT_EQ(TextOf(redis.Call({"SET", "a", "1"}, 1)), "OK");
  EXPECT_EQ(RedisFaultOf(redis.Call({"SET", "b", "1"}, 2).status()), RedisFault::kNotSent);

  redis.Reconnect();
  // At once, though the loop does not know of it yet.
  EXPECT_EQ(RedisFaultOf(redis.Call({"SET", "c", "1"}, 1).status()), RedisFault::kNotSent);
  ASSERT_EQ(connection.AwaitConnected(2), 2u);
  const absl::Status old = redis.Call({"SET", "d", "1"}, 1).status();
  EXPECT_EQ(RedisFaultOf(old), RedisFault::kNotSent);
  EXPECT_THAT(old, StatusIs(absl::StatusCode::kUnavailable, "nothing was done"));
  EXPECT_EQ(TextOf(redis.Call({"SET", "e", "1"}, 2)), "OK");
  EXPECT_EQ(TextOf(redis.Call({"SET", "f", "1"})), "OK");
  EXPECT_EQ(redis.Call({"EXISTS", "a", "e", "f"})->integer, 3);
  EXPECT_EQ(redis.Call({"EXISTS", "b", "c", "d"})->integer, 0);
}

// What was queued for a connection does not go over the next one: the loop finds the connection
// broken before it gets to what was sent.
TEST(RedisConnectionTest, WhatIsQueuedWhenTheServerDiesIsNotSent) {
  const auto server = StartServer();
  AwaitedConnection connection(Patient(server->endpoint()));
  const Generation generation = connection.AwaitConnected();
  std::promise<void> blocked;
  std::promise<void> queued;
  connection.loop().Post([&] {
    blocked.set_value();
    queued.get_future().wait();
  });
  blocked.get_future().wait();
  server->Kill();
  Answers answers;
  for (int i = 0; i < 10; ++i) {
    connection.get().Send({"SET", "k", "v"}, answers.Next(), i % 2 == 0 ? generation : 0);
  }
  EXPECT_TRUE(answers.Come().empty());
  queued.set_value();
  ExpectAll(answers.Await(), 10, RedisFault::kNotSent);
}

// ---- connections that break ---------------------------------------------------------------------

TEST(RedisConnectionTest, WhatIsInFlightWhenTheServerDiesIsGone) {
  const auto server = StartServer();
  AwaitedConnection connection(Patient(server->endpoint()));
  connection.AwaitConnected();
  server->Freeze();
  Answers answers;
  constexpr std::size_t kCommands = 1'000;
  for (std::size_t i = 0; i < kCommands; ++i) connection.get().Send({"INCR", "n"}, answers.Next());
  connection.AwaitSent();
  server->Kill();
  ExpectAll(answers.Await(), kCommands, RedisFault::kGone);
  EXPECT_THAT(connection.AwaitBroken(), StatusIs(absl::StatusCode::kUnavailable, "broke"));
  EXPECT_EQ(connection.get().generation(), 0u);
  const absl::Status status = connection.get().Call({"PING"}).status();
  EXPECT_EQ(RedisFaultOf(status), RedisFault::kNotSent);
  // Not any of the first 1,000 was called again.
  EXPECT_EQ(answers.Come().size(), kCommands);

  ASSERT_OK(server->StartAgain());
  EXPECT_EQ(connection.AwaitConnected(2), 2u);
  EXPECT_EQ(TextOf(connection.get().Call({"PING"}, 2)), "PONG");
}

TEST(RedisConnectionTest, WhatHasNotLeftWhenItBreaksIsNotSent) {
  const auto server = StartServer();
  AwaitedConnection connection(Patient(server->endpoint()));
  connection.AwaitConnected();
  server->Freeze();
  Answers answers;
  constexpr std::size_t kCommands = 100;
  const std::string large(1'000'000, 'x');  // so that the sockets cannot hold them all
  for (std::size_t i = 0; i < kCommands; ++i) {
    connection.get().Send({"SET", absl::StrCat("k", i), large}, answers.Next());
  }
  connection.AwaitSent();
  connection.get().Reconnect();
  const auto come = answers.Await();
  ASSERT_EQ(come.size(), kCommands);
  std::size_t gone = 0;
  while (gone < kCommands && RedisFaultOf(come[gone].second.status()) == RedisFault::kGone) ++gone;
  EXPECT_GT(gone, 0u);
  EXPECT_LT(gone, kCommands);
  server->Thaw();
  connection.AwaitConnected(2);
  for (std::size_t i = gone; i < kCommands; ++i) {
    EXPECT_EQ(RedisFaultOf(come[i].second.status()), RedisFault::kNotSent);
    EXPECT_EQ(connection.get().Call({"EXISTS", absl::StrCat("k", i)})->integer, 0);
  }
}

TEST(RedisConnectionTest, ACommandThatIsNotAnsweredInTimeIsGone) {
  RedisEndpoint endpoint = Patient(RedisServer::NewDatabase());
  endpoint.command_timeout = kShort;
  AwaitedConnection connection(endpoint);
  connection.AwaitConnected();
  ASSERT_OK(RedisServer::Shared().Ask({"CLIENT", "PAUSE", "100000", "WRITE"}));
  Answers answers;
  connection.get().Send({"SET", "k", "v"}, answers.Next());
  connection.get().Send({"GET", "k"}, answers.Next());
  ExpectAll(answers.Await(), 2, RedisFault::kGone);
  EXPECT_THAT(connection.AwaitBroken(),
              StatusIs(absl::StatusCode::kUnavailable, "no answer within 50 ms"));
  ASSERT_OK(RedisServer::Shared().Ask({"CLIENT", "UNPAUSE"}));
  connection.AwaitConnected(2);
}

// Whether slow commands, of which one or two are always on their way, are answered for so long.
bool AnswersAll(RedisConnection& redis, milliseconds time) {
  const auto end = std::chrono::steady_clock::now() + time;
  Answers turns[2];
  bool all = true;
  for (std::size_t turn = 0; all && std::chrono::steady_clock::now() < end; ++turn) {
    redis.Send({"DEBUG", "SLEEP", "0.02"}, turns[turn % 2].Next());
    all = turns[(turn + 1) % 2].AwaitAndForget();  // the one before this
  }
  return turns[0].AwaitAndForget() && turns[1].AwaitAndForget() && all;
}

// The time of a command that was answered says nothing about the next one. On a busy machine one
// may really be late, so a connection that lives long enough is waited for.
TEST(RedisConnectionTest, TheTimeBeginsWithTheOldestCommandThatIsNotAnswered) {
  RedisEndpoint endpoint = Patient(RedisServer::NewDatabase());
  endpoint.command_timeout = 4 * kShort;
  AwaitedConnection connection(endpoint);
  bool lived = false;
  for (Generation nth = 1; nth <= 20 && !lived; ++nth) {
    connection.AwaitConnected(nth);
    lived = AnswersAll(connection.get(), 3 * endpoint.command_timeout);
  }
  EXPECT_TRUE(lived);
}

// ---- servers that do not let us in --------------------------------------------------------------

TEST(RedisConnectionTest, SaysThatThePasswordIsWrong) {
  const auto server = StartServer({.password = "right"});
  RedisEndpoint endpoint = Patient(server->endpoint());
  {
    AwaitedConnection connection(endpoint);
    connection.AwaitConnected();
  }
  endpoint.password = "wrong-secret";
  AwaitedConnection wrong(endpoint);
  const absl::Status status = wrong.AwaitBroken();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kPermissionDenied, "check the password"));
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kPermissionDenied, endpoint.Location()));
  EXPECT_EQ(status.message().find("secret"), std::string::npos);
  EXPECT_THAT(wrong.get().Call({"PING"}), StatusIs(absl::StatusCode::kUnavailable, "WRONGPASS"));
  endpoint.password = "";
  AwaitedConnection none(endpoint);
  EXPECT_THAT(none.AwaitBroken(),
              StatusIs(absl::StatusCode::kPermissionDenied, "wants a password"));
  RedisEndpoint open = Patient(RedisServer::NewDatabase());
  open.password = "needless";
  AwaitedConnection needless(open);
  EXPECT_THAT(needless.AwaitBroken(),
              StatusIs(absl::StatusCode::kFailedPrecondition, "has no password"));
}

TEST(RedisConnectionTest, SaysThatThereIsNoSuchDatabase) {
  AwaitedConnection connection(Patient(RedisServer::Shared().endpoint(1'000'000)));
  EXPECT_THAT(connection.AwaitBroken(),
              StatusIs(absl::StatusCode::kFailedPrecondition, "choose a db below"));
}

TEST(RedisConnectionTest, UsesTheDatabaseThatWasChosen) {
  const RedisEndpoint endpoint = Patient(RedisServer::NewDatabase());
  AwaitedConnection connection(endpoint);
  connection.AwaitConnected();
  ASSERT_OK(connection.get().Call({"SET", "k", "v"}));
  EXPECT_EQ(TextOf(RedisServer::Shared().Ask({"GET", "k"}, endpoint.db)), "v");
  EXPECT_TRUE(RedisServer::Shared().Ask({"GET", "k"}, 0)->is(RedisReply::Kind::kNil));
}

TEST(RedisConnectionTest, WaitsUntilTheServerHasLoadedItsData) {
  // It looks at its clients once a key, and takes 100 s for all unless it is told to go on.
  const auto server =
      StartServer({.arguments = {"--key-load-delay", "50000", "--rdbcompression", "no",
                                 "--loading-process-events-interval-bytes", "1024"}});
  ASSERT_OK(server->Ask({"DEBUG", "POPULATE", "2000", "k", "1024"}));
  ASSERT_OK(server->Ask({"SAVE"}));
  server->Kill();
  ASSERT_OK(server->StartAgainLoading());
  AwaitedConnection connection(Patient(server->endpoint()));
  EXPECT_THAT(connection.AwaitBroken(),
              StatusIs(absl::StatusCode::kUnavailable, "loading its data"));
  EXPECT_THAT(connection.get().Call({"GET", "k:1"}),
              StatusIs(absl::StatusCode::kUnavailable, "LOADING"));
  ASSERT_OK(server->Ask({"CONFIG", "SET", "key-load-delay", "0"}));
  EXPECT_EQ(connection.AwaitConnected(), 1u);
  EXPECT_EQ(connection.get().Call({"DBSIZE"})->integer, 2'000);
}

TEST(RedisConnectionTest, DoesNotUseAReplicaWithoutItsPrimary) {
  RedisEndpoint nowhere;
  nowhere.host = "127.0.0.1";
  nowhere.port = *FreePort();
  const auto replica =
      StartServer({.replica_of = nowhere, .arguments = {"--replica-serve-stale-data", "no"}});
  AwaitedConnection connection(Patient(replica->endpoint()));
  EXPECT_THAT(connection.AwaitBroken(),
              StatusIs(absl::StatusCode::kUnavailable, "use the primary"));
}

// ---- ways to a server ---------------------------------------------------------------------------

TEST(RedisConnectionTest, ConnectsOverAUnixSocket) {
  const auto server = StartServer({.password = "secret"});
  AwaitedConnection connection(Patient(server->socket_endpoint(3)));
  connection.AwaitConnected();
  const std::string me = TextOf(connection.get().Call({"CLIENT", "INFO"}));
  EXPECT_NE(me.find(server->SocketPath() + ":0"), std::string::npos) << me;
  EXPECT_NE(me.find(" db=3 "), std::string::npos) << me;
  server->Kill();
  EXPECT_FALSE(connection.AwaitBroken().ok());
  ASSERT_OK(server->StartAgain());
  connection.AwaitConnected(2);
}

TEST(RedisConnectionTest, TriesEveryAddressOfAName) {
  // It listens at 127.0.0.1 only; where the name means ::1 too, that is refused first.
  RedisEndpoint endpoint = Patient(RedisServer::NewDatabase());
  endpoint.host = "localhost";
  AwaitedConnection connection(endpoint);
  EXPECT_EQ(connection.AwaitConnected(), 1u);
}

TEST(RedisConnectionTest, SaysThatNobodyListens) {
  RedisEndpoint endpoint;
  endpoint.host = "127.0.0.1";
  endpoint.port = *FreePort();
  AwaitedConnection connection(Patient(endpoint));
  const absl::Status status = connection.AwaitBroken();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnavailable, endpoint.Location()));
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnavailable,
                               "Connection refused; is the server running"));
  const absl::Status command = connection.get().Call({"PING"}).status();
  EXPECT_EQ(RedisFaultOf(command), RedisFault::kNotSent);
  EXPECT_THAT(command, StatusIs(absl::StatusCode::kUnavailable, "Connection refused"));
  EXPECT_FALSE(connection.AwaitBroken().ok());  // it goes on trying

  RedisEndpoint socket;
  socket.socket = "/nowhere/redis.sock";
  AwaitedConnection other(Patient(socket));
  EXPECT_THAT(other.AwaitBroken(),
              StatusIs(absl::StatusCode::kUnavailable,
                       "unix:/nowhere/redis.sock, db 0: No such file or directory; is"));
}

TEST(RedisConnectionTest, SaysThatANameIsUnknown) {
  RedisEndpoint endpoint;
  endpoint.host = std::string(64, 'x') + ".invalid";  // no server is asked for so long a label
  AwaitedConnection connection(Patient(endpoint));
  EXPECT_THAT(connection.AwaitBroken(),
              StatusIs(absl::StatusCode::kUnavailable, "no address is known for the name xx"));
  EXPECT_FALSE(connection.AwaitBroken().ok());
}

// A peer that greets with a text, or with nothing, and is no Redis server.
class OtherPeer {
 public:
  OtherPeer(const std::string& greeting, bool close_then)
      : listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(bind(listener_, generic, size), 0);
    EXPECT_EQ(listen(listener_, 100), 0);
    EXPECT_EQ(getsockname(listener_, generic, &size), 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this, greeting, close_then] { Serve(greeting, close_then); });
  }
  ~OtherPeer() {
    shutdown(listener_, SHUT_RDWR);
    thread_.join();
    close(listener_);
  }

  RedisEndpoint endpoint() const {
    RedisEndpoint endpoint;
    endpoint.host = "127.0.0.1";
    endpoint.port = port_;
    return Patient(endpoint);
  }

 private:
  void Serve(const std::string& greeting, bool close_then) const {
    std::vector<int> open;
    for (int peer = 0; (peer = accept(listener_, nullptr, nullptr)) >= 0;) {
      send(peer, greeting.data(), greeting.size(), MSG_NOSIGNAL);
      if (close_then) {
        close(peer);
      } else {
        open.push_back(peer);
      }
    }
    for (const int peer : open) close(peer);
  }

  const int listener_;
  int port_ = 0;
  std::thread thread_;
};

TEST(RedisConnectionTest, SaysThatItIsNoRedisServer) {
  const std::pair<std::string, bool> peers[] = {
      {"220 mail.example ESMTP\r\n", false}, {"+OK ready\r\n", false}, {"", true}};
  for (const auto& [greeting, close_then] : peers) {
    OtherPeer peer(greeting, close_then);
    AwaitedConnection connection(peer.endpoint());
    EXPECT_THAT(connection.AwaitBroken(),
                StatusIs(absl::StatusCode::kUnavailable, "is it a Redis server?"));
    EXPECT_EQ(connection.get().generation(), 0u);
  }
}

TEST(RedisConnectionTest, BreaksWhenAnAnswerComesThatNothingWasAskedFor) {
  for (const char* const answer :
       {"+PONG\r\n", ":1\r\n", "$-1\r\n", "*1\r\n:1\r\n", "$1\r\na\r\n"}) {
    OtherPeer peer(absl::StrCat("+PONG\r\n", answer), false);
    AwaitedConnection connection(peer.endpoint());
    EXPECT_THAT(connection.AwaitBroken(),
                StatusIs(absl::StatusCode::kUnavailable, "that nothing was asked for"));
    connection.AwaitConnected();  // before that
  }
  OtherPeer peer("+PONG\r\n-ERR idle for too long\r\n", false);
  AwaitedConnection connection(peer.endpoint());
  EXPECT_THAT(connection.AwaitBroken(),
              StatusIs(absl::StatusCode::kUnavailable, "broke: ERR idle for too long"));
}

TEST(RedisConnectionTest, GivesUpAPeerThatSaysNothing) {
  OtherPeer peer("", false);
  RedisEndpoint endpoint = peer.endpoint();
  endpoint.connect_timeout = kShort;
  endpoint.password = "x";
  AwaitedConnection connection(endpoint);
  EXPECT_THAT(connection.AwaitBroken(),
              StatusIs(absl::StatusCode::kUnavailable, "no answer to AUTH within 50 ms"));
  EXPECT_FALSE(connection.AwaitBroken().ok());
}

// ---- the end ------------------------------------------------------------------------------------

TEST(RedisConnectionTest, AnswersWhatIsPendingWhenItEnds) {
  const auto server = StartServer();
  AwaitedConnection connection(Patient(server->endpoint()));
  connection.AwaitConnected();
  server->Freeze();
  Answers answers;
  for (int i = 0; i < 100; ++i) connection.get().Send({"INCR", "n"}, answers.Next());
  connection.AwaitSent();
  connection.Destroy();
  ExpectAll(answers.Come(), 100, RedisFault::kGone);
}

TEST(RedisConnectionTest, MayEndInACallback) {
  AwaitedConnection connection(Patient(RedisServer::NewDatabase()));
  connection.AwaitConnected();
  Answers answers;
  std::promise<void> queued;
  connection.loop().Post([&] { queued.get_future().wait(); });
  std::promise<std::vector<std::pair<std::size_t, Answers::Answer>>> come;
  connection.get().Send({"PING"}, answers.Next());
  connection.get().Send({"PING"}, [&](absl::StatusOr<RedisReply>) {
    connection.get().Send({"PING"}, answers.Next());  // the loop has not seen it yet
    connection.Destroy();
    come.set_value(answers.Come());
  });
  for (int i = 0; i < 100; ++i) connection.get().Send({"PING"}, answers.Next());
  queued.set_value();
  const auto by_then = come.get_future().get();
  ASSERT_EQ(by_then.size(), 102u);
  EXPECT_EQ(RedisFaultOf(by_then[0].second.status()), RedisFault::kNone);
  for (std::size_t i = 1; i <= 100; ++i) {
    EXPECT_EQ(RedisFaultOf(by_then[i].second.status()), RedisFault::kGone);
  }
  EXPECT_EQ(RedisFaultOf(by_then[101].second.status()), RedisFault::kNotSent);
}

TEST(RedisConnectionTest, MayEndAtAnyMoment) {
  const RedisEndpoint endpoint = Patient(RedisServer::NewDatabase());
  RedisEndpoint name = endpoint;
  name.host = "localhost";
  for (int round = 0; round < 200; ++round) {
    Answers answers;
    {
      AwaitedConnection connection(round % 2 == 0 ? endpoint : name);
      if (round % 5 == 0) connection.AwaitConnected();
      for (int i = 0; i < round % 7; ++i) connection.get().Send({"INCR", "n"}, answers.Next());
    }
    EXPECT_EQ(answers.Come().size(), static_cast<std::size_t>(round % 7));
  }
}

}  // namespace
}  // namespace inventory
