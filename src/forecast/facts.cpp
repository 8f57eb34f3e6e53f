#include "forecast/facts.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include <fmt/format.h>

#include "choice/candidates.h"
#include "core/error.h"
#include "core/file.h"
#include "forecast/rates.h"
#include "hardware/probe.h"
#include "hardware/threads.h"
#include "model/gguf.h"
#include "record/imported.h"
#include "record/meter.h"

namespace scale::forecast {

namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t half_bytes = 2;    // of a value in the cache
constexpr std::uint64_t superblock = 256;  // weights of a row
constexpr double even_rows = 1.15;         // bits stored over bits promised, mean over the candidates
constexpr double odd_rows = 1.32;
constexpr int lines_looked_at = 500;
constexpr double bytes_per_token = 4;  // of a request's JSON line; English, in models of our users' size

template <typename Payload>
std::optional<Payload> current(const record::Lineage& lineage, const char* kind) {
    const record::Entry* entry = lineage.current(kind);
    return entry ? std::optional(entry->payload.get<Payload>()) : std::nullopt;
}

bool is_unconverted(const record::Pass& pass, const fs::path& path) {
    if (!fs::is_directory(path)) return false;
    const auto imported = record::find_imported(pass.folder(), pass.file().model.path);
    return !imported || !pass.objects().contains(imported->gguf_sha256);
}

std::uint64_t weight_bytes(const fs::path& folder) {
    std::uint64_t bytes = 0;
    for (const fs::directory_entry& file : fs::directory_iterator(folder))
        if (file.path().extension() == ".safetensors") bytes += file.file_size();
    return bytes;
}

void read_original(const record::Pass& pass, Facts& facts) {
    const fs::path path = pass.resolve(pass.file().model.path);
    if (is_unconverted(pass, path)) {
        facts.to_convert = true;
        facts.original.file_bytes = weight_bytes(path);
        if (facts.original.file_bytes == 0)
            throw core::input_error(path.string() + " has no safetensors files", "a Hugging Face folder or a GGUF file",
                                    "set path in [model] of scale.toml");
        facts.original.parameters = facts.original.file_bytes / 2;
        facts.original.main_type = "F16";
        facts.serving_memory = facts.original.file_bytes;
        return;
    }
    facts.original = model::summarise(model::GgufFile(pass.original()));
    const record::Workload& workload = pass.file().constraint.workload;
    const model::ModelSummary& model = facts.original;
    const std::uint64_t row = model.heads > 0 ? model.width * model.kv_heads / model.heads : model.width;
    facts.serving_memory = model.tensor_bytes + 2 * half_bytes * row * model.layers *
                                                    static_cast<std::uint64_t>(workload.concurrency) *
                                                    static_cast<std::uint64_t>(workload.context);
}

// From the first lines of a file; a gateway's log is a folder, whose records hold more than requests.
double tokens_of_request(const fs::path& log) {
    std::ifstream file(log);
    std::string line;
    double bytes = 0;
    int lines = 0;
    while (lines < lines_looked_at && std::getline(file, line)) {
        bytes += static_cast<double>(line.size());
        ++lines;
    }
    return lines > 0 ? bytes / lines / bytes_per_token : 0;
}

void read_traffic(const record::Pass& pass, Facts& facts) {
    const fs::path log = pass.resolve(pass.file().traffic.log);
    if (fs::is_directory(log)) {
        facts.traffic_bytes = record::folder_bytes(log);
    } else if (fs::is_regular_file(log)) {
        facts.traffic_bytes = fs::file_size(log);
        facts.traffic_tokens = tokens_of_request(log);
    }
}

// Arithmetic bounds a prompt, memory bounds single tokens.
Pace assumed_pace(const Facts& facts) {
    Pace pace;
    pace.prefill = facts.threads * rate::operations / (2 * static_cast<double>(facts.original.parameters));
    pace.decode = std::min(facts.threads * rate::bandwidth, rate::most_bandwidth) /
                  static_cast<double>(facts.original.file_bytes);
    pace.batch_decode = std::min(pace.prefill, 2 * pace.decode);
    pace.how =
        fmt::format("at {:.0f} tokens/s, assumed from the model's size until stage S has measured", pace.prefill);
    return pace;
}

Pace measured_pace(const record::Speed& speed) {
    return {speed.prefill.median, speed.decode.median, speed.batch_decode.median,
            fmt::format("at stage S's measured {:.0f} tokens/s", speed.prefill.median)};
}

void read_scoring(const record::Pass& pass, Facts& facts) {
    const std::string& items = facts.budget ? facts.budget->items_sha256 : std::string();
    if (items.empty() || !pass.objects().contains(items)) return;
    const core::Json document = core::parse_json(core::read_file(pass.objects().path(items)), "the gate's items");
    if (!document.contains("scoring")) return;
    for (const auto& [suite, scoring] : document.at("scoring").items())
        facts.scoring[suite] = scoring.value("mode", "");
}

}  // namespace

Facts gather(const record::Pass& pass, const record::Lineage& lineage, bool set_again) {
    Facts facts;
    facts.file = pass.file();
    read_original(pass, facts);
    facts.threads = hardware::threads_for(pass.file().deploy.threads);
    facts.memory_available = hardware::probe().memory_available;
    read_traffic(pass, facts);
    if (!set_again) {
        facts.constraint = current<record::Constraint>(lineage, record::kind::constraint);
        facts.decision = current<record::Decision>(lineage, record::kind::decision);
        facts.set = current<record::CalibrationSet>(lineage, record::kind::calibration_set);
        facts.budget = current<record::Budget>(lineage, record::kind::budget);
        facts.artefact = current<record::Artefact>(lineage, record::kind::artefact);
        read_scoring(pass, facts);
    }
    if (facts.constraint) facts.serving_memory = facts.constraint->memory.total();
    facts.pace = facts.constraint && facts.constraint->speed.prefill.median > 0 ? measured_pace(facts.constraint->speed)
                                                                                : assumed_pace(facts);
    return facts;
}

double sample_tokens(const Facts& facts) {
    if (facts.set && facts.set->samples > 0) return static_cast<double>(facts.set->tokens) / facts.set->samples;
    const record::Workload& workload = facts.file.constraint.workload;
    const double usual =
        facts.traffic_tokens > 0 ? facts.traffic_tokens : workload.prompt_tokens + workload.completion_tokens;
    const int most = facts.file.calibration.max_tokens;
    return std::min<double>(most > 0 ? most : facts.file.deploy.context, usual);
}

std::uint64_t calibration_tokens(const Facts& facts) {
    const int samples = facts.set ? facts.set->samples : facts.file.calibration.samples;
    return static_cast<std::uint64_t>(samples * sample_tokens(facts));
}

std::uint64_t bytes_at(double bits, const model::ModelSummary& model) {
    const auto weights = static_cast<double>(model.parameters);
    const double own = 8 * static_cast<double>(model.file_bytes) / weights;
    // Rows that superblocks do not divide fall back to wider types.
    const double stored = bits * (model.width % superblock == 0 ? even_rows : odd_rows);
    return static_cast<std::uint64_t>(weights / 8 * std::min(stored, own));
}

ExpectedType expected_type(const Facts& facts) {
    ExpectedType type{"a four-bit type", 4, 0};
    if (facts.decision) {
        type.name = facts.decision->type;
        for (const record::Candidate& candidate : facts.decision->candidates)
            if (candidate.chosen) {
                type.bits = candidate.nominal_bits;
                type.bytes = candidate.bytes;
            }
    } else if (!facts.file.choice.type.empty()) {
        const choice::CandidateType& pinned = choice::candidate_type(facts.file.choice.type);
        type.name = pinned.name;
        type.bits = pinned.nominal_bits;
    } else if (facts.file.choice.quality == "paramount") {
        type.name = "an eight-bit type";
        type.bits = 8;
    }
    if (type.bytes == 0) type.bytes = bytes_at(type.bits, facts.original);
    return type;
}

}  // namespace scale::forecast
