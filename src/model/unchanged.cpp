#include "model/unchanged.h"

#include <fmt/format.h>

#include "core/error.h"
#include "core/hash.h"
#include "core/progress.h"

namespace scale::model {

void require_unchanged(const std::filesystem::path& file, const std::string& sha256) {
    std::error_code missing;
    const auto bytes = std::filesystem::file_size(file, missing);
    if (missing)
        throw core::input_error("the original model is not at " + file.string(), "the file that stage S measured",
                                "put it back, or correct [model] path in scale.toml");
    if (sha256.empty()) return;
    core::Progress progress("checking the original");
    const std::string found = core::sha256_file(
        file, [&](std::uint64_t done) { progress.update(static_cast<double>(done), static_cast<double>(bytes)); });
    if (found == sha256) return;
    throw core::refused(fmt::format("{} has SHA-256 {}…; the constraint was set for {}…", file.string(),
                                    found.substr(0, 12), sha256.substr(0, 12)),
                        "the model that stage S measured", "scale set");
}

}  // namespace scale::model
