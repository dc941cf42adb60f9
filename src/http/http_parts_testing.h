// For tests: what a server of the gateway answers from.
#pragma once

#include <memory>

#include "access/access.h"
#include "api/inventory_api.h"
#include "base/clock.h"
#include "service/inventory_service.h"
#include "service/scripted_store_testing.h"

namespace inventory {

struct HttpParts {
  SteadyClock clock;
  ScriptedStore store{clock};
  std::unique_ptr<InventoryService> service = InventoryService::Make(store, ServiceSettings{});
  InventoryApi api{*service, {}};
  Access access;
};

}  // namespace inventory
