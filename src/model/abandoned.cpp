#include "model/abandoned.h"

#include <cerrno>
#include <csignal>
#include <string>
#include <unistd.h>

#include <fmt/format.h>

namespace scale::model {

namespace fs = std::filesystem;

namespace {

constexpr const char* extension = ".partial";

}  // namespace

fs::path partial_name(const fs::path& final) {
    return final.parent_path() / fmt::format(".{}.{}{}", final.filename().string(), ::getpid(), extension);
}

void remove_abandoned(const fs::path& final) {
    const std::string stem = "." + final.filename().string();
    std::error_code failure;
    for (fs::directory_iterator entry(final.parent_path(), failure); !failure && entry != fs::directory_iterator();
         ++entry) {
        const fs::path name = entry->path().filename();
        const std::string owner = name.stem().extension().string();  // ".PID"
        if (name.extension() != extension || name.stem().stem() != stem) continue;
        const bool is_pid =
            owner.size() > 1 && owner.size() < 10 && owner.find_first_not_of("0123456789", 1) == std::string::npos;
        std::error_code ignored;
        if (is_pid && ::kill(std::stoi(owner.substr(1)), 0) != 0 && errno == ESRCH) fs::remove_all(*entry, ignored);
    }
}

}  // namespace scale::model
