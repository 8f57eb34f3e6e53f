#include "constraint/fingerprint_check.h"

#include <cerrno>
#include <sys/stat.h>

#include <fmt/format.h>

#include "core/error.h"
#include "core/hash.h"
#include "engine/model.h"
#include "hardware/probe.h"
#include "model/gguf.h"
#include "model/huggingface/model_folder.h"
#include "model/summary.h"
#include "record/imported.h"

namespace scale::constraint {

namespace {

namespace fs = std::filesystem;

void compare_model_contents(const record::Fingerprint& recorded, const fs::path& model,
                            std::vector<std::string>& changed) {
    if (core::sha256_file(model) == recorded.model_sha256) return;
    changed.push_back(fmt::format("model ({} holds other bytes)", model.filename().string()));
    try {
        const model::ModelSummary now = model::summarise(model::GgufFile(model));
        if (now.tokenizer_sha256 != recorded.tokenizer_sha256) changed.emplace_back("tokenizer");
        if (now.template_sha256 != recorded.template_sha256) changed.emplace_back("chat template");
    } catch (const core::Error& error) {
        changed.push_back(fmt::format("tokenizer and chat template (unreadable: {})", error.found()));
    }
}

// A folder's files against those that were converted.
void compare_source(const record::Constraint& recorded, const record::Pass& pass, const std::string& stated,
                    std::vector<std::string>& changed) {
    const fs::path source = pass.resolve(stated);
    if (!fs::is_directory(source)) {
        if (!recorded.source_sha256.empty()) changed.push_back(fmt::format("model ({} is no folder any more)", stated));
        return;
    }
    const auto imported = record::find_imported(pass.folder(), stated);
    try {
        if (imported && imported->source_sha256 == recorded.source_sha256 &&
            imported->stamp == model::folder_stamp(source))
            return;
        if (model::folder_digest(source, "hashing the original's folder") == recorded.source_sha256) return;
        changed.push_back(fmt::format("model ({} holds other files)", stated));
    } catch (const core::Error& error) {
        changed.push_back(fmt::format("model (unreadable: {})", error.found()));
    }
}

void compare_model(const record::Constraint& recorded, const record::Pass& pass, std::vector<std::string>& changed) {
    const std::string& stated = pass.file().model.path;
    if (stated != recorded.model_path)
        changed.push_back(fmt::format("model path (was {}, is {})", recorded.model_path, stated));
    compare_source(recorded, pass, stated, changed);
    if (!recorded.source_sha256.empty()) return;  // the object that was made of it is checked by whoever uses it
    const fs::path model = pass.resolve(stated);
    std::error_code problem;
    const std::uint64_t bytes = fs::file_size(model, problem);
    if (problem) {
        changed.push_back(fmt::format("model ({} is missing)", model.filename().string()));
        return;
    }
    if (bytes == recorded.model_bytes && modified_at(model) == recorded.model_modified) return;
    compare_model_contents(recorded.fingerprint, model, changed);
}

void compare_machine(const record::Constraint& recorded, std::vector<std::string>& changed) {
    const hardware::Machine machine = hardware::probe();
    if (hardware::fingerprint(machine) != recorded.fingerprint.hardware_sha256)
        changed.push_back(fmt::format("hardware (was {}, is {})", recorded.hardware, hardware::describe(machine)));
    const std::string engine = engine::engine_version();
    if (engine != recorded.fingerprint.engine)
        changed.push_back(fmt::format("engine (was {}, is {})", recorded.fingerprint.engine, engine));
}

}  // namespace

std::int64_t modified_at(const fs::path& file) {
    struct stat status {};
    if (::stat(file.c_str(), &status) != 0) throw core::system_error("cannot read " + file.string(), errno);
    return std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec;
}

std::string traffic_digest(const record::Pass& pass) {
    const fs::path log = pass.resolve(pass.file().traffic.log);
    return fs::is_regular_file(log) ? core::sha256_file(log) : std::string();
}

std::vector<std::string> changed_under_rollout(const record::Constraint& recorded, const record::Pass& pass) {
    const fs::path model = pass.resolve(pass.file().model.path);
    std::vector<std::string> changed;
    if (fs::exists(model)) {
        compare_model(recorded, pass, changed);
    } else if (!pass.objects().contains(recorded.fingerprint.model_sha256)) {
        throw core::input_error(fmt::format("the original {} is missing", model.string()),
                                "the file or folder that stage S measured", "restore it, or scale set with another");
    }
    compare_machine(recorded, changed);
    return changed;
}

std::vector<std::string> changed_parts(const record::Constraint& recorded, const record::Pass& pass) {
    std::vector<std::string> changed;
    compare_model(recorded, pass, changed);
    compare_machine(recorded, changed);
    if (!recorded.fingerprint.traffic_sha256.empty()) {
        const std::string traffic = traffic_digest(pass);
        if (traffic.empty())
            changed.push_back(fmt::format("traffic log ({} is missing)", pass.file().traffic.log));
        else if (traffic != recorded.fingerprint.traffic_sha256)
            changed.push_back(fmt::format("traffic log ({} holds other bytes)", pass.file().traffic.log));
    }
    return changed;
}

}  // namespace scale::constraint
