#include "rpc/method_roles.h"

namespace inventory {

const std::map<std::string, Role>& MethodRoles() {
  static const auto* roles = [] {
    const std::string sales = "inventory.v1.InventoryService.";
    const std::string admin = "inventory.v1.InventoryAdminService.";
    const std::string health = "grpc.health.v1.Health.";
    return new std::map<std::string, Role>{
        {sales + "GetStock", Role::kViewer},
        {sales + "BatchGetStock", Role::kViewer},
        {sales + "GetInventoryLogs", Role::kViewer},
        {sales + "GetReservation", Role::kViewer},
        {sales + "GetOrder", Role::kViewer},
        {sales + "ListStock", Role::kViewer},
        {sales + "WatchStock", Role::kViewer},
        {sales + "DeductStock", Role::kSeller},
        {sales + "BatchDeductStock", Role::kSeller},
        {sales + "ReleaseStock", Role::kSeller},
        {sales + "ReserveStock", Role::kSeller},
        {sales + "ConfirmReservation", Role::kSeller},
        {sales + "CancelReservation", Role::kSeller},
        {sales + "RestockInventory", Role::kOperator},
        {sales + "AdjustStock", Role::kOperator},
        {admin + "GetStatus", Role::kViewer},
        {admin + "Backup", Role::kOperator},
        {admin + "AdoptStock", Role::kOperator},
        {admin + "Reconcile", Role::kOperator},
        {admin + "ListQuarantine", Role::kOperator},
        {admin + "RetryQuarantine", Role::kOperator},
        {admin + "SkipQuarantine", Role::kOperator},
        {admin + "HandOver", Role::kOperator},
        {admin + "ExportStock", Role::kOperator},
        {admin + "ImportStock", Role::kOperator},
        {health + "Check", Role::kAnyone},
        {health + "Watch", Role::kAnyone},
    };
  }();
  return *roles;
}

Role NeededRole(const std::string& method) {
  const auto found = MethodRoles().find(method);
  return found == MethodRoles().end() ? Role::kOperator : found->second;
}

}  // namespace inventory
