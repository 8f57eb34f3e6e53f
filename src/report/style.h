// The report's style sheet: light, dark (prefers-color-scheme) and print.
#pragma once

#include <string_view>

namespace scale::report {

std::string_view style_sheet();

}  // namespace scale::report
