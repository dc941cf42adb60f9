// What a call needs, and what a token gives.
#pragma once

#include <string>

namespace inventory {

// What a caller must be. Seller and operator are grants of their own; each includes viewer.
enum class Role {
  kAnyone,    // health: needs no token
  kViewer,    // reads
  kSeller,    // deduct, reserve, confirm, cancel, release
  kOperator,  // restock, adjust, administration
};

// "operator".
const char* RoleName(Role role);

// What a token gives; every token is a viewer's at least.
struct Grants {
  bool seller = false;
  bool is_operator = false;

  bool Include(Role needed) const;
  // "seller,operator", as in a tokens file.
  std::string Names() const;
};

}  // namespace inventory
