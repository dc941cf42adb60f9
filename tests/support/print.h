// Values of the domain as text, for failure messages and for comparing whole states.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "stock/command.h"
#include "stock/stock_store.h"

namespace inventory {

std::string Text(const Command& command);
std::string Text(const Reply& reply);
std::string Text(const Balance& balance);
std::string Text(const Movement& movement);
std::string Text(const OrderFacts& facts);
std::string Text(const Fact& fact);
std::string Text(const std::vector<Fact>& facts);  // a line each

// GoogleTest finds these.
void PrintTo(Outcome outcome, std::ostream* out);
void PrintTo(const LineReply& line, std::ostream* out);
void PrintTo(const Reply& reply, std::ostream* out);
void PrintTo(const BookStock& stock, std::ostream* out);
void PrintTo(const Movement& movement, std::ostream* out);

}  // namespace inventory
