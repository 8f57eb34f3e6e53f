#include "quantize/produce/order.h"

#include "core/clock.h"
#include "core/error.h"
#include "core/hash.h"
#include "hardware/threads.h"
#include "model/unchanged.h"
#include "quantize/packed/checkpoint_format.h"

namespace scale::quantize {

namespace {

namespace fs = std::filesystem;

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

}  // namespace

Order read_order(const record::Pass& pass, const record::Lineage& lineage) {
    Order order;
    order.set = current_set(lineage);
    order.decision = lineage.current(record::kind::decision)->payload.get<record::Decision>();
    order.constraint = lineage.current(record::kind::constraint)->payload.get<record::Constraint>();
    if (order.decision.format != "GGUF" && !order.decision.format.empty() &&
        !find_checkpoint_format(order.decision.format))
        throw core::input_error("the decision is for format " + order.decision.format,
                                "GGUF or a checkpoint format, which this program writes", "scale choose");
    order.source = fs::absolute(pass.resolve(pass.file().model.path)).lexically_normal();
    if (!order.source.has_filename()) order.source = order.source.parent_path();  // "model/"
    order.original = pass.original();
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

}  // namespace scale::quantize
