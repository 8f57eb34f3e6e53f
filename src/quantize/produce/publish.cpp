#include "quantize/produce/publish.h"

#include <algorithm>

#include "core/error.h"
#include "core/file.h"
#include "core/hash.h"
#include "core/progress.h"
#include "record/stage.h"

namespace scale::quantize {

namespace fs = std::filesystem;

std::string artefact_name(const fs::path& original, const std::string& type) {
    const fs::path name = original.extension() == ".gguf" ? original.stem() : original.filename();
    return name.string() + "." + type + ".gguf";
}

void require_replaceable(const fs::path& target, const std::string& sha256, const std::vector<record::Entry>& entries) {
    if (!fs::exists(target)) return;
    const std::string found = core::sha256_file(target);
    const bool ours = std::any_of(entries.begin(), entries.end(), [&](const record::Entry& entry) {
        return entry.kind == record::kind::artefact && entry.payload.value("sha256", "") == found;
    });
    if (ours || found == sha256) return;
    throw core::io_error(target.string() + " exists and is not an artefact of this pass",
                         "a free name, since nothing of yours is overwritten",
                         "move that file away, then scale quantize");
}

void publish(const fs::path& partial, const fs::path& target) {
    std::error_code failure;
    fs::rename(partial, target, failure);
    if (failure) throw core::system_error("cannot write " + target.string(), failure.value());
    core::sync_folder(target.has_parent_path() ? target.parent_path() : fs::path("."));
}

void publish_plan(const fs::path& artefact, const std::string& plan, const std::vector<record::Entry>& entries) {
    const fs::path target = artefact.string() + ".plan.json";
    if (fs::exists(target)) {
        const std::string found = core::sha256_file(target);
        const bool ours = std::any_of(entries.begin(), entries.end(), [&](const record::Entry& entry) {
            return entry.kind == record::kind::artefact && entry.payload.value("plan_sha256", "") == found;
        });
        if (!ours && found != core::sha256_hex(plan)) {
            core::say(target.string() + " is not a plan of this pass and was left alone");
            return;
        }
    }
    core::write_file_atomic(target, plan);
}

}  // namespace scale::quantize
