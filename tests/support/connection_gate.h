// A TCP gate between a client and a server on loopback that can cut connections.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

namespace inventory {

// A socket on 127.0.0.1, closed at the end of its scope.
class LoopbackSocket {
 public:
  explicit LoopbackSocket(int fd) : fd_(fd) {}
  ~LoopbackSocket() { Reset(); }
  LoopbackSocket(LoopbackSocket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  LoopbackSocket& operator=(LoopbackSocket&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }

  // Holds a free port on which nobody listens.
  static LoopbackSocket Bind() {
    LoopbackSocket socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const sockaddr_in address = Address(0);
    ::bind(socket.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
    return socket;
  }
  // Listens on a free port.
  static LoopbackSocket Listen() {
    LoopbackSocket socket = Bind();
    ::listen(socket.fd(), 64);
    return socket;
  }
  static LoopbackSocket ConnectTo(int port) {
    LoopbackSocket socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const sockaddr_in address = Address(port);
    ::connect(socket.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
    return socket;
  }
  LoopbackSocket Accept() const {
    return LoopbackSocket(::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC));
  }

  int fd() const { return fd_; }
  int port() const {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    return ntohs(address.sin_port);
  }

  // Closes it as a crashed peer does: with a reset, unsent bytes forgotten.
  void Reset() {
    if (fd_ < 0) return;
    const linger at_once{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    ::close(std::exchange(fd_, -1));
  }

 private:
  static sockaddr_in Address(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    return address;
  }

  int fd_;
};

// Passes bytes both ways between those who connect to it and a server. One thread of its own.
class ConnectionGate {
 public:
  explicit ConnectionGate(int server_port)
      : server_port_(server_port), listener_(LoopbackSocket::Listen()), port_(listener_.port()) {
    thread_ = std::thread([this] { Run(); });
  }
  ~ConnectionGate() {
    stop_ = true;
    thread_.join();
  }

  int port() const { return port_; }
  std::string target() const { return absl::StrCat("127.0.0.1:", port_); }

  // Resets every connection and returns when that is done. Call it from the server's handler: the
  // request has arrived, and its answer never will.
  void Cut() {
    cut_ = true;
    while (cut_) std::this_thread::yield();
  }
  // From now on a client's connection is reset before bytes with this text in them reach the
  // server, once. Call it while nothing is under way.
  void CutBefore(std::string text) {
    cut_before_ = std::move(text);
    armed_ = true;
  }
  // The same, but the bytes do reach the server, `delay` later, as if a network had held them back.
  // What the server answers is read and dropped.
  void CutAndHoldBack(std::string text, std::chrono::milliseconds delay) {
    delay_ = delay;
    CutBefore(std::move(text));
  }
  // The same, but the bytes reach the server at once, and the connection is reset when it answers.
  void CutAtTheAnswer(std::string text) {
    let_through_ = true;
    CutBefore(std::move(text));
  }
  // One of these has met its text.
  bool has_cut() const { return !armed_; }

 private:
  using Time = std::chrono::steady_clock::time_point;
  struct Pair {
    LoopbackSocket client;
    LoopbackSocket server;
  };
  struct HeldBack {
    LoopbackSocket server;
    std::string bytes;
    Time due;
  };

  void Run() {
    while (!stop_) {
      if (cut_) {
        pairs_.clear();
        cut_ = false;
      }
      std::vector<pollfd> polled{{listener_.fd(), POLLIN, 0}};
      for (const Pair& pair : pairs_) {
        polled.push_back({pair.client.fd(), POLLIN, 0});
        polled.push_back({pair.server.fd(), POLLIN, 0});
      }
      ::poll(polled.data(), polled.size(), /*milliseconds=*/5);
      for (std::size_t i = pairs_.size(); i-- > 0;) {
        const bool up = polled[1 + 2 * i].revents != 0;
        const bool down = polled[2 + 2 * i].revents != 0;
        if ((up && !PassUp(pairs_[i])) || (down && !PassDown(pairs_[i]))) {
          pairs_.erase(pairs_.begin() + static_cast<std::ptrdiff_t>(i));
        }
      }
      SendHeldBack();
      if (polled[0].revents != 0) {
        pairs_.push_back({listener_.Accept(), LoopbackSocket::ConnectTo(server_port_)});
      }
    }
  }

  // False: this connection is over.
  bool PassUp(Pair& pair) {
    const std::string received = Receive(pair.client);
    if (received.empty()) return false;
    if (armed_ && received.find(cut_before_) != std::string::npos) {
      if (let_through_ && Send(pair.server, received)) Receive(pair.server);
      if (delay_.count() > 0) {
        held_back_.push_back(
            {std::move(pair.server), received, std::chrono::steady_clock::now() + delay_});
      }
      armed_ = false;
      return false;
    }
    return Send(pair.server, received);
  }
  bool PassDown(Pair& pair) {
    const std::string received = Receive(pair.server);
    return !received.empty() && Send(pair.client, received);
  }

  // The server's side stays open until the server has answered.
  void SendHeldBack() {
    for (std::size_t i = held_back_.size(); i-- > 0;) {
      HeldBack& held = held_back_[i];
      if (std::chrono::steady_clock::now() < held.due) continue;
      if (Send(held.server, held.bytes)) Receive(held.server);
      held_back_.erase(held_back_.begin() + static_cast<std::ptrdiff_t>(i));
    }
  }

  static std::string Receive(const LoopbackSocket& from) {
    char bytes[16 * 1024];
    const ssize_t size = ::recv(from.fd(), bytes, sizeof bytes, 0);
    return std::string(bytes, static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
  }
  static bool Send(const LoopbackSocket& to, const std::string& bytes) {
    return ::send(to.fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
           static_cast<ssize_t>(bytes.size());
  }

  const int server_port_;
  LoopbackSocket listener_;
  const int port_;
  std::vector<Pair> pairs_;             // of thread_
  std::vector<HeldBack> held_back_;     // of thread_
  std::chrono::milliseconds delay_{0};  // set before armed_, then of thread_
  bool let_through_ = false;            // the same
  std::atomic<bool> cut_{false};
  std::string cut_before_;  // set before armed_, then of thread_
  std::atomic<bool> armed_{false};
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace inventory
