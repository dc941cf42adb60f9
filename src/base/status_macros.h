// Early return on absl::Status and absl::StatusOr.
#pragma once

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#define INVENTORY_CONCAT_(a, b) a##b
#define INVENTORY_CONCAT(a, b) INVENTORY_CONCAT_(a, b)

// RETURN_IF_ERROR(Write());
#define RETURN_IF_ERROR(expression)                           \
  do {                                                        \
    if (absl::Status status_ = (expression); !status_.ok()) { \
      return status_;                                         \
    }                                                         \
  } while (false)

// ASSIGN_OR_RETURN(auto value, Read());
#define ASSIGN_OR_RETURN(target, expression) \
  ASSIGN_OR_RETURN_(INVENTORY_CONCAT(status_or_, __LINE__), target, expression)
#define ASSIGN_OR_RETURN_(temporary, target, expression) \
  auto temporary = (expression);                         \
  if (!temporary.ok()) return temporary.status();        \
  target = std::move(temporary).value()
