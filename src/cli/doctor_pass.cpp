#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/doctor_checks.h"
#include "cli/free_port.h"
#include "cli/model_argument.h"
#include "core/error.h"
#include "core/file.h"
#include "core/text.h"
#include "hardware/probe.h"
#include "model/huggingface/model_folder.h"
#include "record/imported.h"
#include "record/lineage.h"
#include "record/objects.h"
#include "record/store.h"

namespace scale::cli {

namespace fs = std::filesystem;

namespace {

// Original (archived), candidate and intermediate files of a pass, in multiples of the original.
constexpr std::uint64_t copies_of_model = 3;

Check failed(const std::string& name, const core::Error& error) {
    return {name, CheckState::problem, error.found(), error.next().empty() ? error.expected() : error.next()};
}

fs::path resolved(const fs::path& folder, const std::string& path) {
    return fs::path(path).is_absolute() ? fs::path(path) : folder / path;
}

Check check_memory(const fs::path& model, const record::PassFile& file) {
    record::Workload workload = file.constraint.workload;
    workload.context = file.deploy.context;
    workload.kv_type = file.deploy.kv_type;
    const record::Memory planned = planned_memory(model, workload);
    const std::uint64_t available = hardware::probe().memory_available;
    const std::string finding = fmt::format(
        "{} for the original at {} × {} tokens (estimated by the engine's plan), {} available",
        core::human_bytes(planned.total()), workload.concurrency, workload.context, core::human_bytes(available));
    if (planned.total() > available)
        return {"memory", CheckState::problem, finding,
                "lower [constraint] concurrency or [deploy] context, or use a "
                "machine with more memory"};
    if (2 * planned.total() > available)
        return {"memory", CheckState::warning, finding,
                "stage E runs the original and the candidate side by side, for "
                "which this may be too little"};
    return {"memory", CheckState::ok, finding, {}};
}

Check check_space(const fs::path& folder, std::uint64_t model_bytes) {
    const std::uint64_t needed = copies_of_model * model_bytes;
    const std::uint64_t free = core::free_space(folder);
    const std::string finding = fmt::format("{} free, up to {} needed ({} times the model)", core::human_bytes(free),
                                            core::human_bytes(needed), copies_of_model);
    if (free < needed) return {"disk space", CheckState::problem, finding, "free space, or use another folder (--dir)"};
    return {"disk space", CheckState::ok, finding, {}};
}

bool rollout_is_running(const fs::path& folder) {
    try {
        const auto lineage = record::judge(record::Store(folder).read());
        return lineage.status(record::Stage::rollout).state == record::StageState::running;
    } catch (const core::Error&) {
        return false;  // a damaged record has its own line
    }
}

}  // namespace

Check check_folder(const fs::path& folder) {
    const fs::path probe = folder / ".scale-doctor";
    try {
        if (!fs::is_directory(folder))
            return {"folder", CheckState::problem, folder.string() + " is not a folder",
                    "make it, or name another with "
                    "--dir"};
        core::write_file_atomic(probe, "x");
        fs::remove(probe);
        return {"folder", CheckState::ok, fs::weakly_canonical(folder).string() + " is writable", {}};
    } catch (const core::Error& error) {
        return failed("folder", error);
    } catch (const fs::filesystem_error& error) {
        return {"folder", CheckState::problem, error.what(), "check the owner and the permissions of the folder"};
    }
}

Check check_record(const fs::path& folder) {
    try {
        const record::Store store(folder);
        const std::size_t entries = store.read().size();
        if (const auto torn = store.torn_bytes())
            return {"record", CheckState::warning,
                    fmt::format("{} entries and a torn last line of {} bytes", entries, torn),
                    "a writer was interrupted; the next command cuts the torn line"};
        return {"record", CheckState::ok, entries ? fmt::format("{} entries, chain whole", entries) : "none yet", {}};
    } catch (const core::Error& error) {
        return failed("record", error);
    }
}

Check check_pass_file(const fs::path& folder, std::optional<record::PassFile>& file) {
    try {
        const fs::path path = folder / "scale.toml";
        if (!fs::exists(path)) return {"scale.toml", CheckState::warning, "none yet", "scale init MODEL.gguf"};
        file = record::read_pass_file(path);
        return {"scale.toml", CheckState::ok, "read without mistakes", {}};
    } catch (const core::Error& error) {
        return failed("scale.toml", error);
    } catch (const fs::filesystem_error& error) {
        return {"scale.toml", CheckState::problem, error.what(), "check the folder"};
    }
}

std::string describe_folder(const model::ModelFolder& source) {
    std::vector<std::string> notes = source.architecture.notes;
    notes.insert(notes.end(), source.vocabulary.notes.begin(), source.vocabulary.notes.end());
    return fmt::format("Hugging Face folder, {}, {} in {} tensors, tokenizer {}{}{}",
                       source.architecture.family->class_name, core::human_bytes(source.weights.tensor_bytes()),
                       source.weights.tensors().size(), source.vocabulary.pre, notes.empty() ? "" : "; ",
                       fmt::join(notes, "; "));
}

std::vector<Check> check_model(const fs::path& folder, const record::PassFile& file) {
    fs::path path = resolved(folder, file.model.path);
    std::vector<Check> checks;
    const char* name = "model";
    try {
        if (fs::is_directory(path)) {
            name = "model folder";
            const model::ModelFolder source = model::read_model_folder(path);
            checks.push_back({name, CheckState::ok, describe_folder(source), {}});
            const auto imported = record::find_imported(folder, file.model.path);
            if (!imported || imported->stamp != model::folder_stamp(path)) {
                checks.push_back(check_space(folder, source.weights.tensor_bytes()));
                return checks;  // scale set converts it; what follows needs the GGUF file
            }
            path = record::Objects(folder).path(imported->gguf_sha256);
            name = "model";
        }
        const model::ModelSummary summary = model::summarise(model::GgufFile(path));
        checks.push_back({name, CheckState::ok, describe(summary), {}});
        if (summary.bits_per_weight < 8)
            checks.back() = {name, CheckState::warning, describe(summary),
                             "this is quantised already; start from the full-precision original where there is one"};
        name = "disk space";
        checks.push_back(check_space(folder, summary.file_bytes));
        name = "memory";
        checks.push_back(check_memory(path, file));
    } catch (const core::Error& error) {
        checks.push_back(failed(name, error));
    }
    return checks;
}

Check check_traffic(const fs::path& folder, const record::PassFile& file) {
    const fs::path path = resolved(folder, file.traffic.log);
    std::error_code failure;
    if (!fs::exists(path, failure))
        return {"traffic", CheckState::warning, path.string() + " does not exist",
                "stage A needs it: one OpenAI-style request body a line"};
    if (fs::is_directory(path, failure))
        return {"traffic", CheckState::ok, path.string() + " is a folder: the gateway's log", {}};
    try {
        const core::MappedFile map(path);
        const std::string_view text{reinterpret_cast<const char*>(map.bytes().data()), map.bytes().size()};
        const auto lines = core::split_lines(text);
        const auto filled = std::count_if(lines.begin(), lines.end(), [](std::string_view line) {
            return line.find_first_not_of(" \t\r") != std::string_view::npos;
        });
        const std::string finding = fmt::format("{} lines in {}", filled, path.string());
        const double kept = static_cast<double>(filled) * (1 - file.calibration.holdout);
        if (filled == 0) return {"traffic", CheckState::problem, finding, "log some requests before stage A"};
        if (kept < file.calibration.samples)
            return {"traffic", CheckState::warning, finding,
                    fmt::format("stage A wants {} samples besides the {:.0f} % kept for the gate; log more requests",
                                file.calibration.samples, 100 * file.calibration.holdout)};
        return {"traffic", CheckState::ok, finding, {}};
    } catch (const core::Error& error) {
        return failed("traffic", error);
    }
}

Check check_listen(const fs::path& folder, const record::PassFile& file) {
    const std::string refusal = why_not_free(file.rollout.listen);
    if (refusal.empty()) return {"listen", CheckState::ok, file.rollout.listen + " is free", {}};
    if (rollout_is_running(folder))
        return {"listen", CheckState::ok, file.rollout.listen + " is taken, and a rollout of this pass is running", {}};
    return {"listen", CheckState::problem, refusal, "name another address under [rollout] listen"};
}

}  // namespace scale::cli
