#include "cli/model_argument.h"

#include <cmath>

#include <fmt/format.h>

#include "core/error.h"
#include "core/file.h"
#include "core/text.h"
#include "engine/memory.h"

namespace scale::cli {

namespace {

constexpr double target_bits = 7.2;
constexpr double mib = 1024.0 * 1024.0;

std::string human_count(std::uint64_t count) {
    const auto value = static_cast<double>(count);
    if (value >= 1e9) return fmt::format("{:.1f} B", value / 1e9);
    if (value >= 1e6) return fmt::format("{:.1f} M", value / 1e6);
    return fmt::format("{}", count);
}

}  // namespace

std::string describe(const model::ModelSummary& summary) {
    return fmt::format("{}, {} parameters, {} ({:.2f} bits per weight), {}, context {}", summary.architecture,
                       human_count(summary.parameters), summary.main_type, summary.bits_per_weight,
                       core::human_bytes(summary.file_bytes), summary.context);
}

core::Json estimate_memory_job(const core::Json& request, engine::JobContext&) {
    const auto path = core::required<std::string>(request, "model", "the request");
    const auto workload = core::required<record::Workload>(request, "workload", "the request");
    return engine::estimate_memory(path, workload);
}

record::Memory planned_memory(const std::filesystem::path& model, const record::Workload& workload) {
    const core::TemporaryFolder folder;
    const core::Json request = {{"model", std::filesystem::absolute(model).string()}, {"workload", workload}};
    return engine::run_job("cli.estimate_memory", request, folder.path() / "estimate.log").get<record::Memory>();
}

double suggested_memory_mib(const model::ModelSummary& summary, const record::Memory& planned) {
    if (summary.bits_per_weight <= target_bits) return 0;
    const double weights = static_cast<double>(planned.weights) * target_bits / summary.bits_per_weight;
    return std::ceil((weights + static_cast<double>(planned.kv_cache + planned.compute)) / mib);
}

}  // namespace scale::cli
