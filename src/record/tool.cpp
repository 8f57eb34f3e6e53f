#include "record/tool.h"

#include <utility>

namespace scale::record {

namespace {

std::string& current() {
    static std::string name = "scale";
    return name;
}

}  // namespace

std::string tool_name() {
    return current();
}
void set_tool_name(std::string name) {
    current() = std::move(name);
}

}  // namespace scale::record
