#include "calibration/drift/model_change.h"

#include <filesystem>
#include <sys/stat.h>

#include "core/error.h"
#include "core/hash.h"
#include "model/gguf.h"
#include "model/summary.h"

namespace scale::calibration {

namespace {

// As stage S took it down: size, and time of change in nanoseconds since 1970.
bool untouched(const std::filesystem::path& file, const record::Constraint& constraint) {
    struct stat status {};
    if (::stat(file.c_str(), &status) != 0) return false;
    return static_cast<std::uint64_t>(status.st_size) == constraint.model_bytes &&
           std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec == constraint.model_modified;
}

}  // namespace

std::string changed_since(const record::Pass& pass, const record::Constraint& constraint) {
    const record::Fingerprint& recorded = constraint.fingerprint;
    const std::filesystem::path file = pass.original();
    if (recorded.model_sha256.empty() || untouched(file, constraint)) return {};
    if (!std::filesystem::exists(file) && pass.objects().contains(recorded.model_sha256)) return {};  // archived
    if (core::sha256_file(file) == recorded.model_sha256) return {};
    std::string changed;
    try {
        const model::ModelSummary now = model::summarise(model::GgufFile(file));
        if (!recorded.tokenizer_sha256.empty() && now.tokenizer_sha256 != recorded.tokenizer_sha256)
            changed = "the tokenizer";
        if (!recorded.template_sha256.empty() && now.template_sha256 != recorded.template_sha256)
            changed += changed.empty() ? "the chat template" : ", the chat template";
    } catch (const core::Error& error) {
        return "the model's file (unreadable: " + error.found() + ")";
    }
    return changed.empty() ? "the model's weights" : changed;
}

}  // namespace scale::calibration
