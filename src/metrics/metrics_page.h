// Everything that is measured, as Prometheus' text: what GET /metrics answers. docs/metrics.md
// lists it.
//
// Nothing is kept for it: what parts of the service count for themselves is asked for when the page
// is, and only what callers do is in labels, never what they say, so the number of series is
// bounded.
#pragma once

#include <string>

#include "access/access.h"
#include "api/inventory_api.h"
#include "service/inventory_service.h"

namespace inventory {

// Safe for concurrent use; does not block.
class MetricsPage {
 public:
  // All outlive it.
  MetricsPage(const InventoryApi& api, InventoryService& service, const Access& access)
      : api_(api), service_(service), access_(access) {}

  std::string Text() const;

 private:
  const InventoryApi& api_;
  InventoryService& service_;
  const Access& access_;
};

}  // namespace inventory
