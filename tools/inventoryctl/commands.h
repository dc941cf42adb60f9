// The commands of inventoryctl. Each adds itself to the command line and, when named on it, runs
// once against the session. The session outlives the command line.
#pragma once

#include "tools/inventoryctl/command_line.h"
#include "tools/inventoryctl/session.h"

namespace inventory {

void AddStockCommands(CommandSpec root, Session& session);        // get, restock, adjust, list
void AddSaleCommands(CommandSpec root, Session& session);         // deduct, release, batch-deduct
void AddReservationCommands(CommandSpec root, Session& session);  // reserve, …, order
void AddLogCommand(CommandSpec root, Session& session);           // logs
void AddWatchCommand(CommandSpec root, Session& session);         // watch
void AddLoadCommand(CommandSpec root, Session& session);          // load
void AddAdminCommands(CommandSpec root, Session& session);        // status, backup, …
void AddLedgerCommands(CommandSpec root, Session& session);       // reconcile, ledger, handover
void AddTransferCommands(CommandSpec root, Session& session);     // export, import

}  // namespace inventory
