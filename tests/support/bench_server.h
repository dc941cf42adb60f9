// What benchmarks on private servers share.
#pragma once

#include <cstdlib>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace inventory {

// The value; the program ends where there is none.
template <typename T>
T Must(absl::StatusOr<T> value) {
  if (!value.ok()) {
    std::cerr << value.status() << std::endl;
    std::abort();
  }
  return *std::move(value);
}

inline void Must(const absl::Status& status) {
  Must(status.ok() ? absl::StatusOr<int>(0) : absl::StatusOr<int>(status));
}

// For mariadbd: what a server of some size has, for the tests' own is as small as can be. A
// benchmark's main adds what it is given.
inline std::vector<std::string> bench_server_arguments = {"--innodb-buffer-pool-size=1G",
                                                          "--innodb-log-file-size=512M"};

}  // namespace inventory
