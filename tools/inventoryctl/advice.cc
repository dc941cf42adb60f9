#include "tools/inventoryctl/advice.h"

#include "absl/strings/str_cat.h"

namespace inventory {

std::string MeaningOf(std::uint32_t code) {
  switch (code) {
    case 40001: return "the request is not valid, or there is nothing to release";
    case 40002: return "a limit is exceeded";
    case 40100: return "not enough stock";
    case 40101: return "stock would pass 2147483647";
    case 40401: return "no such book; a restock makes it";
    case 40402: return "no such reservation";
    case 40901: return "the order is known with other content or in another state";
    case 40902: return "the order was released; use a new order id";
    case 40903: return "the reservation has expired; use a new order id";
    case 40904: return "the request id was used for something else";
    case 40905: return "the stock is not what was expected; look again";
    default: return "";
  }
}

std::string AdviceFor(absl::StatusCode code, const std::string& server) {
  switch (code) {
    case absl::StatusCode::kUnavailable:
      return absl::StrCat(
          "  Is inventory-service running at ", server,
          "? (--server or INVENTORY_SERVER names another place.)\n"
          "  Where it speaks TLS, --tls-ca or INVENTORY_TLS_CA names the certificates to trust.\n"
          "  Repeating the command with the same ids is safe: nothing is done twice.");
    case absl::StatusCode::kDeadlineExceeded:
      return "  Whether it was done is not known. Repeating the command with the same ids is "
             "safe:\n"
             "  nothing is done twice. --timeout gives it longer.";
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kPermissionDenied:
      return "  A token is taken from INVENTORY_TOKEN, or from the file INVENTORY_TOKEN_FILE.";
    case absl::StatusCode::kResourceExhausted:
      return "  The service has more to do than it takes on; try again in a moment.";
    case absl::StatusCode::kUnimplemented:
      return absl::StrCat("  What runs at ", server,
                          " does not know this call, or its store does not offer it.");
    default: return "";
  }
}

}  // namespace inventory
