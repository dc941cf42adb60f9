// For tests: a caller that sends what bytes it likes.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

namespace inventory {

struct RawHttpReply {
  int status = 0;      // 0: the connection ended first
  std::string header;  // with the status line
  std::string body;
};

// One connection to 127.0.0.1. Reading gives up after a while, which is where a test fails.
class RawHttpClient {
 public:
  explicit RawHttpClient(int port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const timeval patience{20, 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  ~RawHttpClient() { close(fd_); }
  RawHttpClient(const RawHttpClient&) = delete;

  bool connected() const { return connected_; }

  void Send(const std::string& bytes) {
    std::size_t sent = 0;
    while (sent < bytes.size()) {
      const ssize_t size = ::send(fd_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
      if (size <= 0) return;
      sent += static_cast<std::size_t>(size);
    }
  }

  // The next reply; `has_body` is false for one to HEAD.
  RawHttpReply Read(bool has_body = true) {
    RawHttpReply reply;
    std::size_t end;
    while ((end = bytes_.find("\r\n\r\n")) == bytes_.npos) {
      if (!ReadMore()) return reply;
    }
    reply.header = bytes_.substr(0, end + 2);
    bytes_.erase(0, end + 4);
    reply.status = std::atoi(reply.header.substr(9, 3).c_str());
    const std::size_t length = reply.header.find("Content-Length: ");
    if (!has_body || length == reply.header.npos) return reply;
    const auto size = static_cast<std::size_t>(std::atol(reply.header.c_str() + length + 16));
    while (bytes_.size() < size && ReadMore()) {
    }
    reply.body = bytes_.substr(0, size);
    bytes_.erase(0, size);
    return reply;
  }

  // What comes next, up to and with `end`; less where nothing more comes.
  std::string ReadUntil(const std::string& end) {
    std::size_t found;
    while ((found = bytes_.find(end)) == bytes_.npos && ReadMore()) {
    }
    const std::string read = bytes_.substr(0, found == bytes_.npos ? found : found + end.size());
    bytes_.erase(0, read.size());
    return read;
  }

  // Whether the other side closes now, without another byte.
  bool IsAtEnd() { return bytes_.empty() && !ReadMore() && ended_; }

 private:
  bool ReadMore() {
    char more[4'096];
    const ssize_t size = recv(fd_, more, sizeof more, 0);
    ended_ = size == 0;
    if (size > 0) bytes_.append(more, static_cast<std::size_t>(size));
    return size > 0;
  }

  const int fd_;
  bool connected_ = false;
  bool ended_ = false;  // the other side has; not that it was waited for in vain
  std::string bytes_;   // read and not yet given out
};

}  // namespace inventory
