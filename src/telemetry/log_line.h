// How a line of the log is written; time and level are the logger's.
#pragma once

#include <string>
#include <string_view>

#include "telemetry/log.h"

namespace inventory {

// `message key=value key="a value with spaces"`
std::string TextLine(std::string_view message, LogFields fields);

// `"message":"…","key":1,"other":"text"`: the inside of a JSON object.
std::string JsonLine(std::string_view message, LogFields fields);

}  // namespace inventory
