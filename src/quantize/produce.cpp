#include "quantize/produce.h"

#include <filesystem>
#include <optional>
#include <string>

#include <fmt/format.h>

#include "core/clock.h"
#include "core/error.h"
#include "core/file.h"
#include "core/hash.h"
#include "core/progress.h"
#include "engine/job.h"
#include "engine/model.h"
#include "hardware/threads.h"
#include "model/unchanged.h"
#include "quantize/publish.h"
#include "quantize/refine/journal.h"

namespace scale::quantize {

namespace {

namespace fs = std::filesystem;

constexpr const char* stock_method = "llama.cpp stock rounding with activation statistics of the calibration set";
constexpr const char* tuning_mark = "end-to-end tuning";  // in the method of every artefact it was wanted for
constexpr int checkpoint_every = 16;                      // sequences
// Whole second moments of inputs some thousand wide settle at a few times their width; more costs time in proportion.
constexpr std::uint64_t refinement_tokens = 32768;

// What the work needs to know, gathered from the record and checked.
struct Order {
    fs::path original;
    std::string original_sha256;
    std::uint64_t original_bytes = 0;
    record::Constraint constraint;
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

Order read_order(const record::Pass& pass, const record::Lineage& lineage) {
    Order order;
    order.set = current_set(lineage);
    order.decision = lineage.current(record::kind::decision)->payload.get<record::Decision>();
    order.constraint = lineage.current(record::kind::constraint)->payload.get<record::Constraint>();
    if (order.decision.format != "GGUF" && !order.decision.format.empty())
        throw core::input_error("the decision is for format " + order.decision.format,
                                "GGUF, which this program writes", "scale choose");
    order.original = pass.resolve(pass.file().model.path);
    order.original_sha256 = order.constraint.fingerprint.model_sha256;
    model::require_unchanged(order.original, order.original_sha256);
    if (order.original_sha256.empty()) order.original_sha256 = core::sha256_file(order.original);
    order.original_bytes = fs::file_size(order.original);
    order.parents = {lineage.current(record::kind::calibration_set)->hash,
                     lineage.current(record::kind::decision)->hash};
    pass.objects().verify(order.set.set_sha256);
    order.set_file = pass.objects().path(order.set.set_sha256);
    order.threads = hardware::threads_for(pass.file().deploy.threads);
    return order;
}

// A trained file was trained for types that are fixed: the mix's, or a plan's.
PlanOrder plan_order(const record::Pass& pass, const Order& order, const QuantizeOptions& options,
                     const fs::path& work_folder) {
    PlanOrder wanted;
    wanted.original = order.original;
    wanted.original_sha256 = order.original_sha256;
    wanted.set_file = order.set_file;
    wanted.set_sha256 = order.set.set_sha256;
    wanted.decision = order.decision;
    wanted.constraint = order.constraint;
    wanted.wish = options.wish;
    wanted.allocation = options.trained.empty() ? pass.file().calibration.allocation : "stock";
    wanted.work_folder = work_folder;
    wanted.threads = order.threads;
    return wanted;
}

// Was the artefact made by what is asked for now?
bool as_planned(const record::Artefact& artefact, const PlanOrder& wanted) {
    if (!wanted.wish.plan_file.empty())
        return artefact.allocation == "pinned" &&
               artefact.plan_sha256 ==
                   digest(parse_plan(core::read_file(wanted.wish.plan_file), wanted.wish.plan_file));
    return artefact.allocation == (searches(wanted) ? "searched" : "stock") &&
           artefact.budget == budget_label(wanted.wish, wanted.decision);
}

std::optional<record::Artefact> finished(const record::Pass& pass, const record::Lineage& lineage,
                                         const QuantizeOptions& options, const PlanOrder& wanted) {
    const record::Entry* entry = lineage.current(record::kind::artefact);
    if (!entry) return std::nullopt;
    auto artefact = entry->payload.get<record::Artefact>();
    const fs::path file = pass.resolve(artefact.path);
    const bool stock_wanted = pass.file().calibration.rounding == "stock";
    const bool imported = !artefact.imported_sha256.empty();
    if (!options.trained.empty() && (!imported || core::sha256_file(options.trained) != artefact.imported_sha256))
        return std::nullopt;
    const bool tuning_wanted = pass.file().calibration.rounding == "tuned";
    if (!imported && (artefact.method == stock_method) != stock_wanted) return std::nullopt;
    if (!imported && (artefact.method.find(tuning_mark) != std::string::npos) != tuning_wanted) return std::nullopt;
    if (!imported && !as_planned(artefact, wanted)) return std::nullopt;
    if (!fs::exists(file) || core::sha256_file(file) != artefact.sha256) return std::nullopt;
    return artefact;
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

// Removes what an abandoned run would leave where it cannot be continued.
template <typename Work>
auto or_remove(const fs::path& partial, const Work& work) {
    try {
        return work();
    } catch (...) {
        std::error_code ignored;
        fs::remove(partial, ignored);
        throw;
    }
}

// What was unusual, gathered along the way; a sentence each.
using Notes = std::vector<std::string>;

void take_notes(const core::Json& result, Notes& notes) {
    for (const auto& note : result.at("notes")) notes.push_back(note.get<std::string>());
}

void examine(record::Pass& pass, const Order& order, Notes& notes) {
    core::Progress progress("examining the weights");
    take_notes(engine::run_job("quantize.examine", {{"original", order.original.string()}},
                               pass.work_folder() / "examine.log", &progress),
               notes);
}

void write(record::Pass& pass, const Order& order, const ChosenPlan& chosen, const GatheredStatistics& statistics,
           const fs::path& partial, Notes& notes) {
    core::Progress progress("writing " + chosen.type);
    const core::Json result = or_remove(partial, [&] {
        return engine::run_job("quantize.write",
                               {{"original", order.original.string()},
                                {"target", partial.string()},
                                {"mix", chosen.plan.mix},
                                {"types", chosen.allocation == "stock" ? engine::TensorTypes() : chosen.plan.types},
                                {"statistics", pass.objects().path(statistics.sha256).string()},
                                {"threads", order.threads}},
                               pass.work_folder() / "quantize.log", &progress);
    });
    take_notes(result, notes);
}

// The journal outlives a failure, so that the next run goes on; the file itself is written anew from stock.
std::string refine(record::Pass& pass, const Order& order, const ChosenPlan& chosen,
                   const GatheredStatistics& statistics, const fs::path& partial, Notes& notes) {
    if (pass.file().calibration.rounding == "stock") return stock_method;
    const fs::path journal = pass.work_folder() / "refinement.jsonl";
    const std::string fingerprint = core::sha256_hex(core::canonical({{"model", order.original_sha256},
                                                                      {"set", order.set.set_sha256},
                                                                      {"statistics", statistics.sha256},
                                                                      {"plan", chosen.sha256},
                                                                      {"tokens", refinement_tokens},
                                                                      {"engine", engine::engine_version()},
                                                                      {"form", 3}}));
    core::Progress progress("refining " + chosen.type);
    const core::Json result = or_remove(partial, [&] {
        return engine::run_job("quantize.refine",
                               {{"original", order.original.string()},
                                {"target", partial.string()},
                                {"set", order.set_file.string()},
                                {"journal", journal.string()},
                                {"fingerprint", fingerprint},
                                {"tokens", refinement_tokens},
                                {"threads", order.threads}},
                               pass.work_folder() / "refine.log", &progress);
    });
    if (const auto at = result.at("resumed_at").get<std::uint64_t>(); at > 0)
        core::say(fmt::format("Went on at tensor {} of an interrupted refinement.", at + 1));
    take_notes(result, notes);
    if (result.at("tensors").get<int>() == 0)
        return std::string(stock_method) + "; no tensor has fewer than 8 bits a weight to refine";
    return fmt::format(
        "{} of {} matrices below 8 bits (an expert counts as one) rounded by error feedback "
        "on whole input "
        "moments ({} tokens) where better on held-out moments, the others by stock rounding with "
        "activation statistics",
        result.at("refined").get<int>(), result.at("tensors").get<int>(), result.at("tokens").get<std::uint64_t>());
}

// What was done, for the method; empty where tuning is not wanted.
std::string tune(record::Pass& pass, const Order& order, const fs::path& partial, Notes& notes) {
    if (pass.file().calibration.rounding != "tuned") return {};
    core::Progress progress("tuning " + order.decision.type);
    const core::Json result = or_remove(partial, [&] {
        return engine::run_job("quantize.tune",
                               {{"original", order.original.string()},
                                {"target", partial.string()},
                                {"set", order.set_file.string()},
                                {"threads", order.threads}},
                               pass.work_folder() / "tune.log", &progress);
    });
    if (const auto reason = result.at("unsupported").get<std::string>(); !reason.empty()) {
        notes.push_back(fmt::format("{} was not possible: {}", tuning_mark, reason));
        return fmt::format("; {} was not possible", tuning_mark);
    }
    if (!result.at("kept").get<bool>()) return fmt::format("; {} did not help on held-out samples", tuning_mark);
    return fmt::format("; {} on {} tokens: mean KL on {} held-out calibration tokens {:.5f}, before {:.5f}",
                       tuning_mark, result.at("tokens").get<std::uint64_t>(),
                       result.at("held_out_tokens").get<std::uint64_t>(), result.at("after").get<double>(),
                       result.at("before").get<double>());
}

struct Imported {
    std::string method;
    std::string trained_sha256;
    std::string proof_sha256;
};

Imported import_trained(record::Pass& pass, const Order& order, const fs::path& trained, const fs::path& partial) {
    core::Progress progress("packing " + trained.filename().string());
    core::Json proof = or_remove(partial, [&] {
        return engine::run_job("quantize.import",
                               {{"original", order.original.string()},
                                {"trained", trained.string()},
                                {"target", partial.string()},
                                {"threads", order.threads}},
                               pass.work_folder() / "import.log", &progress);
    });
    Imported result;
    result.trained_sha256 = core::sha256_file(trained);
    proof["trained_sha256"] = result.trained_sha256;
    result.proof_sha256 = pass.objects().put(core::canonical(proof));
    result.method = fmt::format(
        "packing the trained weights of {} (SHA-256 {}…); all {} weights decode to "
        "exactly "
        "the trained ones",
        trained.filename().string(), result.trained_sha256.substr(0, 12), proof.at("weights").get<std::uint64_t>());
    return result;
}

core::Json check(record::Pass& pass, const Order& order, const fs::path& reference, const fs::path& partial) {
    core::Progress progress("checking " + partial.stem().string());
    return or_remove(partial, [&] {
        return engine::run_job("quantize.check",
                               {{"original", order.original.string()},
                                {"reference", reference.string()},
                                {"target", partial.string()},
                                {"threads", order.threads}},
                               pass.work_folder() / "check.log", &progress);
    });
}

record::Artefact describe(const Order& order, const ChosenPlan& chosen, const GatheredStatistics& statistics,
                          const core::Json& checked, const std::string& method) {
    record::Artefact artefact;
    artefact.path = artefact_name(order.original, chosen.type);
    artefact.bytes = checked.at("bytes").get<std::uint64_t>();
    artefact.type = chosen.type;
    artefact.bits_per_weight = checked.at("bits_per_weight").get<double>();
    artefact.original_sha256 = order.original_sha256;
    artefact.statistics_sha256 = statistics.sha256;
    artefact.statistics_tokens = statistics.tokens;
    artefact.method = method;
    artefact.allocation = chosen.allocation;
    artefact.plan_sha256 = chosen.sha256;
    artefact.budget = chosen.budget;
    artefact.budget_bytes = chosen.plan.budget_bytes;
    artefact.tensors = checked.at("tensors").get<std::vector<record::TensorCheck>>();
    artefact.prompt = checked.at("prompt").get<std::string>();
    artefact.generated = checked.at("generated").get<std::string>();
    artefact.original_generated = checked.at("original_generated").get<std::string>();
    return artefact;
}

}  // namespace

Product produce(record::Pass& pass, const QuantizeOptions& options) {
    const record::WorkLock lock(pass.folder(), "scale quantize");
    const record::Lineage lineage = pass.lineage();
    lineage.require_done(record::Stage::choice);
    const Order order = read_order(pass, lineage);
    const PlanOrder wanted = plan_order(pass, order, options, pass.work_folder());
    if (!options.again)
        if (auto artefact = finished(pass, lineage, options, wanted)) return {std::move(*artefact), true};

    Notes notes;
    examine(pass, order, notes);
    const ChosenPlan chosen = choose_plan(wanted);
    // The file itself, the refinement's journal, which holds its tensors once more, and statistics with one checkpoint:
    // 8 bytes an input column, far below a hundredth of the model.
    const std::uint64_t journal = pass.file().calibration.rounding == "stock" ? 0 : chosen.plan.file_bytes;
    core::require_free_space(pass.folder(), chosen.plan.file_bytes + journal + order.original_bytes / 50,
                             "the artefact and its statistics");
    const GatheredStatistics statistics = gather_statistics(pass, order);
    const fs::path partial = pass.work_folder() / (artefact_name(order.original, chosen.type) + ".partial");
    write(pass, order, chosen, statistics, partial, notes);
    Imported imported;
    if (options.trained.empty())
        imported.method = refine(pass, order, chosen, statistics, partial, notes) + tune(pass, order, partial, notes);
    else
        imported = import_trained(pass, order, fs::absolute(options.trained), partial);
    const core::Json checked =
        check(pass, order, options.trained.empty() ? order.original : fs::absolute(options.trained), partial);

    record::Artefact artefact = describe(order, chosen, statistics, checked, imported.method);
    artefact.because = options.wish.because;
    artefact.imported_sha256 = imported.trained_sha256;
    artefact.import_proof_sha256 = imported.proof_sha256;
    artefact.notes = notes;
    artefact.sha256 = core::sha256_file(partial);
    const fs::path target = pass.folder() / artefact.path;
    require_replaceable(target, artefact.sha256, lineage.entries);
    pass.objects().put(chosen.text);
    publish(partial, target);
    publish_plan(target, chosen.text, lineage.entries);
    pass.store().append({record::Stage::calibration, record::kind::artefact, order.parents, core::Json(artefact)});
    RefineJournal::remove(pass.work_folder() / "refinement.jsonl");
    remove_allocation_journal(pass.work_folder());
    return {artefact, false};
}

ChosenPlan predict(const record::Pass& pass, const QuantizeOptions& options) {
    const record::Lineage lineage = pass.lineage();
    lineage.require_done(record::Stage::choice);
    const core::TemporaryFolder folder;
    return choose_plan(plan_order(pass, read_order(pass, lineage), options, folder.path()));
}

}  // namespace scale::quantize
