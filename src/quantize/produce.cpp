#include "quantize/produce.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string>
#include <thread>

#include <fmt/format.h>

#include "core/clock.h"
#include "core/error.h"
#include "core/hash.h"
#include "core/progress.h"
#include "engine/job.h"
#include "engine/model.h"
#include "model/unchanged.h"
#include "quantize/publish.h"

namespace scale::quantize {

namespace {

namespace fs = std::filesystem;

constexpr const char* method = "llama.cpp stock rounding with activation statistics of the calibration set";
constexpr int checkpoint_every = 16;  // sequences

// What the work needs to know, gathered from the record and checked.
struct Order {
    fs::path original;
    std::string original_sha256;
    std::uint64_t original_bytes = 0;
    record::Decision decision;
    record::CalibrationSet set;
    std::vector<std::string> parents;
    fs::path set_file;
    int threads = 1;
};

record::CalibrationSet current_set(const record::Lineage& lineage) {
    const record::Entry* entry = lineage.current(record::kind::calibration_set);
    if (!entry)
        throw core::refused("stage A has no current calibration set", "one assembled for the present decision",
                            "scale assemble");
    const auto set = entry->payload.get<record::CalibrationSet>();
    if (!set.expires_at.empty() && core::from_rfc3339(set.expires_at) < core::now())
        throw core::refused("the calibration set expired on " + set.expires_at.substr(0, 10),
                            "one assembled from present traffic", "scale assemble");
    return set;
}

int thread_count(const record::Pass& pass) {
    const int asked = pass.file().deploy.threads;
    return asked > 0 ? asked : static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
}

Order read_order(const record::Pass& pass, const record::Lineage& lineage) {
    Order order;
    order.set = current_set(lineage);
    order.decision = lineage.current(record::kind::decision)->payload.get<record::Decision>();
    const auto constraint = lineage.current(record::kind::constraint)->payload.get<record::Constraint>();
    if (order.decision.format != "GGUF" && !order.decision.format.empty())
        throw core::input_error("the decision is for format " + order.decision.format,
                                "GGUF, which this program writes", "scale choose");
    order.original = pass.resolve(pass.file().model.path);
    order.original_sha256 = constraint.fingerprint.model_sha256;
    model::require_unchanged(order.original, order.original_sha256);
    if (order.original_sha256.empty()) order.original_sha256 = core::sha256_file(order.original);
    order.original_bytes = fs::file_size(order.original);
    order.parents = {lineage.current(record::kind::calibration_set)->hash,
                     lineage.current(record::kind::decision)->hash};
    pass.objects().verify(order.set.set_sha256);
    order.set_file = pass.objects().path(order.set.set_sha256);
    order.threads = thread_count(pass);
    return order;
}

std::optional<record::Artefact> finished(const record::Pass& pass, const record::Lineage& lineage) {
    const record::Entry* entry = lineage.current(record::kind::artefact);
    if (!entry) return std::nullopt;
    auto artefact = entry->payload.get<record::Artefact>();
    const fs::path file = pass.resolve(artefact.path);
    if (!fs::exists(file) || core::sha256_file(file) != artefact.sha256) return std::nullopt;
    return artefact;
}

std::uint64_t expected_bytes(const Order& order) {
    const auto chosen = std::find_if(order.decision.candidates.begin(), order.decision.candidates.end(),
                                     [&](const record::Candidate& c) { return c.name == order.decision.type; });
    const bool known = chosen != order.decision.candidates.end() && chosen->bytes > 0;
    return known ? chosen->bytes : order.original_bytes;
}

struct GatheredStatistics {
    std::string sha256;
    std::uint64_t tokens = 0;
};

GatheredStatistics gather_statistics(record::Pass& pass, const Order& order) {
    const fs::path target = pass.work_folder() / "statistics.bin";
    const std::string fingerprint = core::sha256_hex(core::canonical({{"model", order.original_sha256},
                                                                      {"set", order.set.set_sha256},
                                                                      {"engine", engine::engine_version()},
                                                                      {"form", 1}}));
    core::Progress progress("gathering activation statistics");
    const core::Json result = engine::run_job("quantize.statistics",
                                              {{"model", order.original.string()},
                                               {"set", order.set_file.string()},
                                               {"target", target.string()},
                                               {"fingerprint", fingerprint},
                                               {"threads", order.threads},
                                               {"every", checkpoint_every}},
                                              pass.work_folder() / "statistics.log", &progress);
    if (const auto at = result.at("resumed_at").get<std::uint64_t>(); at > 0)
        core::say(fmt::format("Went on at sample {} of an interrupted run.", at + 1));
    return {pass.objects().adopt_file(target), result.at("tokens").get<std::uint64_t>()};
}

core::Json write_and_check(record::Pass& pass, const Order& order, const GatheredStatistics& statistics,
                           const fs::path& partial) {
    core::Progress progress("writing and checking " + order.decision.type);
    try {
        return engine::run_job("quantize.write",
                               {{"original", order.original.string()},
                                {"target", partial.string()},
                                {"mix", order.decision.type},
                                {"statistics", pass.objects().path(statistics.sha256).string()},
                                {"threads", order.threads}},
                               pass.work_folder() / "quantize.log", &progress);
    } catch (...) {
        std::error_code ignored;
        fs::remove(partial, ignored);
        throw;
    }
}

record::Artefact describe(const Order& order, const GatheredStatistics& statistics, const core::Json& written) {
    record::Artefact artefact;
    artefact.path = artefact_name(order.original, order.decision.type);
    artefact.bytes = written.at("bytes").get<std::uint64_t>();
    artefact.type = order.decision.type;
    artefact.bits_per_weight = written.at("bits_per_weight").get<double>();
    artefact.original_sha256 = order.original_sha256;
    artefact.statistics_sha256 = statistics.sha256;
    artefact.statistics_tokens = statistics.tokens;
    artefact.method = method;
    artefact.tensors = written.at("tensors").get<std::vector<record::TensorCheck>>();
    artefact.prompt = written.at("prompt").get<std::string>();
    artefact.generated = written.at("generated").get<std::string>();
    artefact.original_generated = written.at("original_generated").get<std::string>();
    return artefact;
}

}  // namespace

Product produce(record::Pass& pass, const QuantizeOptions& options) {
    const record::WorkLock lock(pass.folder(), "scale quantize");
    const record::Lineage lineage = pass.lineage();
    lineage.require_done(record::Stage::choice);
    const Order order = read_order(pass, lineage);
    if (!options.again)
        if (auto artefact = finished(pass, lineage)) return {std::move(*artefact), true};

    // The file itself, and statistics with one checkpoint: 8 bytes an input column, far below a hundredth of the model.
    core::require_free_space(pass.folder(), expected_bytes(order) + order.original_bytes / 50,
                             "the artefact and its statistics");
    const GatheredStatistics statistics = gather_statistics(pass, order);
    const fs::path partial = pass.work_folder() / (artefact_name(order.original, order.decision.type) + ".partial");
    const core::Json written = write_and_check(pass, order, statistics, partial);

    record::Artefact artefact = describe(order, statistics, written);
    artefact.sha256 = core::sha256_file(partial);
    const fs::path target = pass.folder() / artefact.path;
    require_replaceable(target, artefact.sha256, lineage.entries);
    publish(partial, target);
    pass.store().append({record::Stage::calibration, record::kind::artefact, order.parents, core::Json(artefact)});
    return {artefact, false};
}

}  // namespace scale::quantize
