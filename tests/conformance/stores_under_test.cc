#include "store/memory/memory_store.h"
#include "tests/conformance/conformance.h"

namespace inventory {

std::vector<StoreUnderTest> StoresUnderTest() {
  return {
      {"memory", [](const Clock& clock, const std::string&) { return MakeMemoryStore(clock); }},
  };
}

}  // namespace inventory
