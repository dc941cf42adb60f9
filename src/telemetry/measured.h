// Whether anything is measured. Everywhere but in inventory-service-unmeasured, which exists to
// find out what measuring costs (tests/e2e/cost_report.py).
#pragma once

namespace inventory {

#ifdef INVENTORY_UNMEASURED
inline constexpr bool kMeasured = false;
#else
inline constexpr bool kMeasured = true;
#endif

}  // namespace inventory
