#include "quantize/produce/steps.h"

#include <fmt/format.h>

#include "core/file.h"
#include "core/hash.h"
#include "core/progress.h"
#include "engine/job.h"
#include "engine/model.h"
#include "model/gguf.h"
#include "quantize/effort.h"
#include "quantize/refine/journal.h"

namespace scale::quantize {

namespace {

namespace fs = std::filesystem;

constexpr const char* stock_method = "llama.cpp stock rounding with activation statistics of the calibration set";
constexpr const char* tuning_mark = "end-to-end tuning";
constexpr int checkpoint_every = 16;  // sequences

fs::path refinement_journal(const record::Pass& pass) {
    return pass.work_folder() / "refinement.jsonl";
}

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

void take_notes(const core::Json& result, Notes& notes) {
    for (const auto& note : result.at("notes")) notes.push_back(note.get<std::string>());
}

}  // namespace

GatheredStatistics gather_statistics(record::Pass& pass, const Order& order) {
    const fs::path target = pass.work_folder() / "statistics.bin";
    const std::string fingerprint = core::sha256_hex(core::canonical({{"model", order.original_sha256},
                                                                      {"set", order.set.set_sha256},
                                                                      {"engine", engine::engine_version()},
                                                                      {"form", 3}}));
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
        core::say(fmt::format("Went on after {} samples of an interrupted run.", at));
    return {pass.objects().adopt_file(target), result.at("tokens").get<std::uint64_t>(),
            result.at("stability").get<record::StatisticsStability>()};
}

void examine(record::Pass& pass, const Order& order, Notes& notes) {
    core::Progress progress("examining the weights");
    take_notes(engine::run_job("quantize.examine", {{"original", order.original.string()}},
                               pass.work_folder() / "examine.log", &progress),
               notes);
}

void write_stock(record::Pass& pass, const Order& order, const ChosenPlan& chosen, const GatheredStatistics& statistics,
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
    const fs::path journal = refinement_journal(pass);
    const std::uint64_t tokens = effort_for(model::GgufFile(order.original)).refinement;
    const std::string fingerprint = core::sha256_hex(core::canonical({{"model", order.original_sha256},
                                                                      {"set", order.set.set_sha256},
                                                                      {"statistics", statistics.sha256},
                                                                      {"plan", chosen.sha256},
                                                                      {"tokens", tokens},
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
                                {"tokens", tokens},
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

void remove_refinement_journal(const record::Pass& pass) {
    RefineJournal::remove(refinement_journal(pass));
}

}  // namespace scale::quantize
