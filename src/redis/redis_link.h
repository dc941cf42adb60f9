// One connection over hiredis' asynchronous interface, from connect to its end.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "redis/event_loop_impl.h"
#include "redis/reply.h"

struct redisAsyncContext;

namespace inventory {

// On the loop's thread only. What hiredis calls at its end is hard to follow, so whoever uses a
// link hears of it once, and not at all after Close.
class RedisLink : public std::enable_shared_from_this<RedisLink> {
 public:
  // Outlives the link, or closes it. May close it in OnReply and OnLost, not in OnOpen.
  class Owner {
   public:
    virtual ~Owner() = default;
    virtual void OnOpen() = 0;
    // One for each command appended, in their order.
    virtual void OnReply(RedisReply reply) = 0;
    // It could not be opened, or broke: the link is closed. Why, in the system's words.
    virtual void OnLost(const std::string& why) = 0;
  };

  // A socket's path, or an address in digits and a port. Connecting never blocks. Null with the
  // reason where it fails at once; then the owner is not called.
  static std::shared_ptr<RedisLink> OpenSocket(EventLoop::Impl& loop, const std::string& path,
                                               Owner& owner, std::string& why);
  static std::shared_ptr<RedisLink> OpenTcp(EventLoop::Impl& loop, const std::string& address,
                                            int port, Owner& owner, std::string& why);
  RedisLink(const RedisLink&) = delete;

  // A whole command as it goes over the wire. It leaves at the next Flush, or by itself when Flush
  // is not called: in OnOpen it need not be.
  void Append(std::string_view command);
  // Writes as much as the socket takes; the rest follows. Not in OnOpen or OnReply.
  void Flush();
  void Close();

  // Bytes appended, and how many of them the socket has taken. They stay when it is closed.
  std::uint64_t appended() const { return appended_; }
  std::uint64_t taken() const;

 private:
  RedisLink(EventLoop::Impl& loop, Owner& owner) : loop_(loop), owner_(&owner) {}
  static std::shared_ptr<RedisLink> Open(EventLoop::Impl& loop, redisAsyncContext* context,
                                         Owner& owner, std::string& why);
  static void OnHiredisReply(redisAsyncContext* context, void* reply, void* unused);
  static void OnHiredisConnect(const redisAsyncContext* context, int status);
  static void OnHiredisEnd(void* data);
  void SetHooks();
  void OnReady(std::uint32_t events);
  void WatchWhatIsWanted();
  void Lose(const std::string& why);

  EventLoop::Impl& loop_;
  Owner* owner_;                          // null: closed
  redisAsyncContext* context_ = nullptr;  // null: hiredis is about to free it, or has
  EventLoop::Impl::WatchId watch_ = 0;
  std::uint32_t watched_ = 0;  // epoll's events
  std::uint32_t wanted_ = 0;   // the same, as hiredis wants them
  std::uint64_t appended_ = 0;
  std::uint64_t taken_ = 0;  // once it is closed
};

}  // namespace inventory
