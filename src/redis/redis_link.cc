#include "redis/redis_link.h"

#include <hiredis/async.h>
#include <hiredis/hiredis.h>
#include <hiredis/sds.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <cstddef>
#include <utility>

#include "redis/hiredis_reply.h"

namespace inventory {
namespace {

// ---- answers to nothing -------------------------------------------------------------------------

// hiredis ends the process when an answer comes that nothing was asked for, so such a one must not
// get that far. It makes each answer by functions that may fail; before these run, nobody knows
// that there is one. An error is let through: hiredis breaks the connection by itself, and says it.
const redisReplyObjectFunctions& HiredisFunctions() {
  static const redisReplyObjectFunctions* const functions = [] {
    redisReader* const reader = redisReaderCreate();
    const redisReplyObjectFunctions* const found = reader->fn;
    redisReaderFree(reader);
    return found;
  }();
  return *functions;
}

bool IsAskedFor(const redisReadTask* task) {
  const auto* const context = static_cast<const redisAsyncContext*>(task->privdata);
  return task->parent != nullptr || task->type == REDIS_REPLY_ERROR ||
         context->replies.head != nullptr;
}

void RefuseAnswersToNothing(redisAsyncContext* context) {
  static redisReplyObjectFunctions functions = {
      [](const redisReadTask* task, char* text, std::size_t size) {
        return IsAskedFor(task) ? HiredisFunctions().createString(task, text, size) : nullptr;
      },
      [](const redisReadTask* task, int size) {
        return IsAskedFor(task) ? HiredisFunctions().createArray(task, size) : nullptr;
      },
      [](const redisReadTask* task, long long number) {
        return IsAskedFor(task) ? HiredisFunctions().createInteger(task, number) : nullptr;
      },
      [](const redisReadTask* task) {
        return IsAskedFor(task) ? HiredisFunctions().createNil(task) : nullptr;
      },
      HiredisFunctions().freeObject};
  context->c.reader->fn = &functions;
  context->c.reader->privdata = context;
}

// A machine that is gone without a word is found out by the command timeout; this is for a
// connection on which nothing is asked. Neither is worth failing for.
void SetTcpOptions(redisAsyncContext* context) {
  const int on = 1;
  setsockopt(context->c.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  if (redisEnableKeepAlive(&context->c) != REDIS_OK) context->c.err = 0;
}

}  // namespace

std::shared_ptr<RedisLink> RedisLink::OpenSocket(EventLoop::Impl& loop, const std::string& path,
                                                 Owner& owner, std::string& why) {
  return Open(loop, redisAsyncConnectUnix(path.c_str()), owner, why);
}

std::shared_ptr<RedisLink> RedisLink::OpenTcp(EventLoop::Impl& loop, const std::string& address,
                                              int port, Owner& owner, std::string& why) {
  redisAsyncContext* const context = redisAsyncConnect(address.c_str(), port);
  if (context != nullptr && context->err == 0) SetTcpOptions(context);
  return Open(loop, context, owner, why);
}

std::shared_ptr<RedisLink> RedisLink::Open(EventLoop::Impl& loop, redisAsyncContext* context,
                                           Owner& owner, std::string& why) {
  if (context == nullptr || context->err != 0) {
    why = context != nullptr ? context->errstr : "no memory for a connection";
    if (context != nullptr) redisAsyncFree(context);
    return nullptr;
  }
  std::shared_ptr<RedisLink> link(new RedisLink(loop, owner));
  link->context_ = context;
  link->SetHooks();
  link->watch_ =
      loop.Watch(context->c.fd, 0, [link](std::uint32_t events) { link->OnReady(events); });
  link->WatchWhatIsWanted();
  return link;
}

// What hiredis wants to wait for goes to epoll once it is done with its step: within one it often
// wants to write, and has written.
void RedisLink::SetHooks() {
  auto& hooks = context_->ev;
  hooks.data = this;
  hooks.addRead = [](void* link) { static_cast<RedisLink*>(link)->wanted_ |= EPOLLIN; };
  hooks.delRead = [](void* link) { static_cast<RedisLink*>(link)->wanted_ &= ~EPOLLIN; };
  hooks.addWrite = [](void* link) { static_cast<RedisLink*>(link)->wanted_ |= EPOLLOUT; };
  hooks.delWrite = [](void* link) { static_cast<RedisLink*>(link)->wanted_ &= ~EPOLLOUT; };
  hooks.cleanup = &RedisLink::OnHiredisEnd;
  context_->data = this;
  RefuseAnswersToNothing(context_);
  redisAsyncSetConnectCallback(context_, &RedisLink::OnHiredisConnect);
}

void RedisLink::WatchWhatIsWanted() {
  if (context_ == nullptr || watched_ == wanted_) return;
  watched_ = wanted_;
  loop_.Change(watch_, watched_);
}

void RedisLink::OnReady(std::uint32_t events) {
  const bool failed = (events & (EPOLLERR | EPOLLHUP)) != 0;
  const std::shared_ptr<RedisLink> alive = shared_from_this();
  if (context_ != nullptr && (wanted_ & EPOLLOUT) != 0 && (failed || (events & EPOLLOUT) != 0)) {
    redisAsyncHandleWrite(context_);
  }
  if (context_ != nullptr && (failed || (events & EPOLLIN) != 0)) redisAsyncHandleRead(context_);
  WatchWhatIsWanted();
}

void RedisLink::Append(std::string_view command) {
  if (context_ == nullptr) return;
  appended_ += command.size();
  redisAsyncFormattedCommand(context_, &RedisLink::OnHiredisReply, nullptr, command.data(),
                             command.size());
}

void RedisLink::Flush() {
  if (context_ == nullptr) return;
  const std::shared_ptr<RedisLink> alive = shared_from_this();
  redisAsyncHandleWrite(context_);
  WatchWhatIsWanted();
}

std::uint64_t RedisLink::taken() const {
  return context_ != nullptr ? appended_ - sdslen(context_->c.obuf) : taken_;
}

void RedisLink::Close() {
  owner_ = nullptr;
  if (context_ == nullptr) return;
  // In a callback hiredis frees it later, and without this would call the hooks until then.
  redisAsyncContext* const context = context_;
  OnHiredisEnd(this);
  redisAsyncFree(context);
}

void RedisLink::Lose(const std::string& why) {
  if (Owner* const owner = std::exchange(owner_, nullptr)) owner->OnLost(why);
}

// ---- called by hiredis --------------------------------------------------------------------------

void RedisLink::OnHiredisReply(redisAsyncContext* context, void* reply, void* /*unused*/) {
  auto* const link = static_cast<RedisLink*>(context->data);
  // No reply: the connection ends, which OnHiredisEnd has told.
  if (link == nullptr || link->owner_ == nullptr || reply == nullptr) return;
  link->owner_->OnReply(FromHiredis(*static_cast<const redisReply*>(reply)));
}

void RedisLink::OnHiredisConnect(const redisAsyncContext* context, int status) {
  auto* const link = static_cast<RedisLink*>(context->data);
  if (link == nullptr || link->owner_ == nullptr) return;
  // A failure is told by OnHiredisEnd, which hiredis calls next.
  if (status == REDIS_OK) link->owner_->OnOpen();
}

// hiredis calls it when the connection has broken, before it frees the context.
void RedisLink::OnHiredisEnd(void* data) {
  const std::shared_ptr<RedisLink> link = static_cast<RedisLink*>(data)->shared_from_this();
  redisAsyncContext* const context = link->context_;
  link->taken_ = link->taken();
  link->context_ = nullptr;
  context->ev = {};
  context->data = nullptr;
  link->loop_.Unwatch(link->watch_);
  // hiredis takes it for a lack of memory, which ends a process of ours before it can say so.
  const bool refused = context->c.err == REDIS_ERR_OOM;
  link->Lose(refused ? "an answer came that nothing was asked for" : context->c.errstr);
}

}  // namespace inventory
