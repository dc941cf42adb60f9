// What the .proto says of its messages and fields in comments.
#pragma once

#include <map>
#include <string>

namespace inventory {

// By full name: "inventory.v1.GetStockResponse.stock".

std::map<std::string, std::string> ProtoComments();

}  // namespace inventory
