#include "store/memory/memory_store.h"
#include "tests/conformance/conformance_test.h"

namespace inventory {

std::vector<StoreUnderTest> StoresUnderTest() {
  return {
      {"memory", [](const Clock& clock, const std::string&) { return MakeMemoryStore(clock); }},
  };
}

}  // namespace inventory
