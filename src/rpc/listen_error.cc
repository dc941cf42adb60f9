#include "rpc/listen_error.h"

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>

namespace inventory {
namespace {

// errno of a bind and listen there; 0: it would work now.
int TryToListen(const addrinfo& address) {
  const int socket = ::socket(address.ai_family, address.ai_socktype | SOCK_CLOEXEC, 0);
  if (socket < 0) return errno;
  const int on = 1;  // as gRPC does: a port in TIME_WAIT is free
  setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  const bool failed =
      bind(socket, address.ai_addr, address.ai_addrlen) != 0 || listen(socket, 1) != 0;
  const int error = failed ? errno : 0;
  close(socket);
  return error;
}

}  // namespace

absl::Status ListenError(const std::string& address, int port) {
  const std::string service = std::to_string(port);
  const std::string what = "cannot listen on " + address + ":" + service + ": ";
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int looked_up = getaddrinfo(address.c_str(), service.c_str(), &hints, &found);
  if (looked_up != 0) {
    return absl::InvalidArgumentError(what + gai_strerror(looked_up) +
                                      "; name an address of this machine, or 0.0.0.0 for all");
  }
  const int error = TryToListen(*found);
  freeaddrinfo(found);
  switch (error) {
    case EADDRINUSE:
      return absl::AlreadyExistsError(what +
                                      "the port is taken; stop the process that has it (ss " +
                                      "-ltnp names it), or choose another port");
    case EACCES:
      return absl::PermissionDeniedError(what + "no permission; choose a port above 1023");
    case EADDRNOTAVAIL:
      return absl::InvalidArgumentError(
          what + "not an address of this machine; choose one of them, or 0.0.0.0 for all");
    case 0: return absl::UnavailableError(what + "it failed once, but would work now; try again");
    default: return absl::UnavailableError(what + std::system_category().message(error));
  }
}

}  // namespace inventory
