#include "access/role.h"

namespace inventory {

const char* RoleName(Role role) {
  switch (role) {
    case Role::kAnyone: return "anyone";
    case Role::kViewer: return "viewer";
    case Role::kSeller: return "seller";
    case Role::kOperator: return "operator";
  }
  return "";
}

bool Grants::Include(Role needed) const {
  switch (needed) {
    case Role::kAnyone:
    case Role::kViewer: return true;
    case Role::kSeller: return seller;
    case Role::kOperator: return is_operator;
  }
  return false;
}

std::string Grants::Names() const {
  if (seller && is_operator) return "seller,operator";
  return RoleName(seller ? Role::kSeller : is_operator ? Role::kOperator : Role::kViewer);
}

}  // namespace inventory
