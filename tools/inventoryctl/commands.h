// The commands of inventoryctl. Each adds itself to the command line and, when named on it, runs
// once against the session. The session outlives the app.
#pragma once

#include <CLI/CLI.hpp>

#include "tools/inventoryctl/session.h"

namespace inventory {

void AddStockCommands(CLI::App& app, Session& session);        // get, restock, adjust, list
void AddSaleCommands(CLI::App& app, Session& session);         // deduct, release, batch-deduct
void AddReservationCommands(CLI::App& app, Session& session);  // reserve, …, order
void AddLogCommand(CLI::App& app, Session& session);           // logs
void AddWatchCommand(CLI::App& app, Session& session);         // watch
void AddLoadCommand(CLI::App& app, Session& session);          // load
void AddAdminCommands(CLI::App& app, Session& session);        // status, backup, …
void AddTransferCommands(CLI::App& app, Session& session);     // export, import

}  // namespace inventory
