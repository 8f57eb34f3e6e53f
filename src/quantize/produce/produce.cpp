#include "quantize/produce/produce.h"

#include <filesystem>
#include <string>

#include "core/error.h"
#include "core/file.h"
#include "core/hash.h"
#include "quantize/produce/checkpoint.h"
#include "quantize/produce/order.h"
#include "quantize/produce/publish.h"
#include "quantize/produce/reuse.h"
#include "quantize/produce/steps.h"

namespace scale::quantize {

namespace {

namespace fs = std::filesystem;

record::Artefact describe(const Order& order, const ChosenPlan& chosen, const GatheredStatistics& statistics,
                          const core::Json& checked, const std::string& method) {
    record::Artefact artefact;
    artefact.path = artefact_name(order.source, chosen.type);
    artefact.bytes = checked.at("bytes").get<std::uint64_t>();
    artefact.type = chosen.type;
    artefact.bits_per_weight = checked.at("bits_per_weight").get<double>();
    artefact.original_sha256 = order.original_sha256;
    artefact.statistics_sha256 = statistics.sha256;
    artefact.statistics_tokens = statistics.tokens;
    artefact.stability = statistics.stability;
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
    if (const std::string format = wanted_checkpoint(order.decision, options); !format.empty())
        return produce_checkpoint(pass, lock, lineage, order, format, options);
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
    const fs::path partial = pass.work_folder() / (artefact_name(order.source, chosen.type) + ".partial");
    write_stock(pass, order, chosen, statistics, partial, notes);
    Imported imported;
    if (options.trained.empty())
        imported.method = refine(pass, order, chosen, statistics, partial, notes) + tune(pass, order, partial, notes);
    else
        imported = import_trained(pass, order, fs::absolute(options.trained), partial);
    const core::Json checked =
        check(pass, order, options.trained.empty() ? order.original : fs::absolute(options.trained), partial);

    record::Artefact artefact = describe(order, chosen, statistics, checked, imported.method);
    artefact.rounding = options.trained.empty() ? pass.file().calibration.rounding : "imported";
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
    artefact.took = lock.took();
    pass.store().append({record::Stage::calibration, record::kind::artefact, order.parents, core::Json(artefact)});
    remove_refinement_journal(pass);
    remove_allocation_journal(pass.work_folder());
    return {artefact, false};
}

ChosenPlan predict(const record::Pass& pass, const QuantizeOptions& options) {
    const record::Lineage lineage = pass.lineage();
    lineage.require_done(record::Stage::choice);
    const core::TemporaryFolder folder;
    const Order order = read_order(pass, lineage);
    if (const std::string format = wanted_checkpoint(order.decision, options); !format.empty())
        throw core::usage_error("a plan of types for a checkpoint in " + format,
                                "a GGUF decision: a checkpoint has one type throughout", "scale quantize");
    return choose_plan(plan_order(pass, order, options, folder.path()));
}

}  // namespace scale::quantize
