#include <unistd.h>

#include <iostream>

#include "tools/inventoryctl/app.h"

int main(int argc, char** argv) {
  std::ios::sync_with_stdio(false);
  return static_cast<int>(inventory::RunInventoryctl(
      argc, argv, {std::cin, std::cout, std::cerr, ::isatty(STDERR_FILENO) == 1}));
}
