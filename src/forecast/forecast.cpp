#include "forecast/forecast.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "core/error.h"
#include "core/file.h"
#include "core/text.h"
#include "forecast/steps.h"
#include "record/run_steps.h"

namespace scale::forecast {

namespace {

// Of each of record::run_steps.
constexpr std::array<record::Forecast (*)(const Facts&), record::run_steps.size()> forecasts{
    of_set, of_choose, of_declare, of_assemble, of_quantize, of_lock};

// The newest entry of the kind that was made of the original that is measured now, and for the type decided now.
const record::Entry* comparable(const std::string& kind, const Facts& facts, const record::Lineage& lineage) {
    const record::Entry* found = record::latest(lineage.entries, kind);
    if (!found || !facts.constraint || found->payload.value("took", record::Usage{}).seconds <= 0) return nullptr;
    for (const record::Entry& entry : lineage.entries) {
        if (entry.seq > found->seq || entry.kind != record::kind::constraint) continue;
        const auto earlier = entry.payload.get<record::Constraint>();
        if (earlier.fingerprint.model_sha256 != facts.constraint->fingerprint.model_sha256 ||
            core::Json(earlier.workload) != core::Json(facts.constraint->workload))
            return nullptr;
    }
    if (kind == record::kind::artefact && facts.decision && found->payload.value("type", "") != facts.decision->type)
        return nullptr;
    return found;
}

std::string rounded(double seconds) {
    return core::human_duration(seconds < 10 ? seconds : std::round(seconds));
}

}  // namespace

record::Forecast forecast(const std::string& command, const Facts& facts, const record::Lineage& lineage) {
    const auto step = std::find_if(record::run_steps.begin(), record::run_steps.end(),
                                   [&](const record::RunStep& of) { return of.command == command; });
    record::Forecast result = forecasts.at(static_cast<std::size_t>(step - record::run_steps.begin()))(facts);
    result.command = command;
    if (const record::Entry* entry = comparable(step->kind, facts, lineage)) {
        const auto took = entry->payload.value("took", record::Usage{});
        result.seconds = took.seconds;
        result.memory = took.memory;
        result.seconds_how = result.memory_how = fmt::format("entry {} took it", entry->seq);
    }
    return result;
}

Total total(const std::vector<record::Forecast>& steps) {
    Total sum;
    for (const record::Forecast& step : steps) {
        sum.seconds += step.seconds;
        sum.memory = std::max(sum.memory, step.memory);
        sum.disk = std::max(sum.disk, sum.kept + step.disk);
        sum.kept += step.kept;
    }
    return sum;
}

void require_room(const std::vector<record::Forecast>& steps, const std::filesystem::path& folder) {
    const Total needed = total(steps);
    const std::uint64_t free = core::free_space(folder);
    if (needed.disk <= free) return;
    const record::Forecast* largest = &steps.front();
    for (const record::Forecast& step : steps)
        if (step.disk > largest->disk) largest = &step;
    throw core::io_error(
        fmt::format("{} are free at {}, and this run will need about {} (estimated), most of it in scale {}: {}",
                    core::human_bytes(free), folder.string(), core::human_bytes(needed.disk), largest->command,
                    largest->disk_how),
        {}, "free space, or move the folder of the pass to a larger disk; scale run --dry-run has every step");
}

std::string to_text(const std::vector<record::Forecast>& steps) {
    std::string text = fmt::format("{:<15} {:>14} {:>11} {:>11}\n", "step", "time", "memory", "disk");
    const auto line = [&](const std::string& name, double seconds, std::uint64_t memory, std::uint64_t disk) {
        text += fmt::format("{:<15} {:>14} {:>11} {:>11}\n", name, rounded(seconds), core::human_bytes(memory),
                            core::human_bytes(disk));
    };
    for (const record::Forecast& step : steps) line(step.command, step.seconds, step.memory, step.disk);
    const Total sum = total(steps);
    line("all", sum.seconds, sum.memory, sum.disk);
    text += fmt::format(
        "\nAll of it estimated. Memory: resident in the largest process. Disk: the most at once; {} stay.\n",
        core::human_bytes(sum.kept));
    for (const record::Forecast& step : steps)
        text += fmt::format("  {}: {}; memory: {}; disk: {}\n", step.command, step.seconds_how, step.memory_how,
                            step.disk_how);
    return text;
}

std::string room_line(const std::vector<record::Forecast>& steps, const std::filesystem::path& folder) {
    const std::uint64_t free = core::free_space(folder), needed = total(steps).disk;
    return needed <= free
               ? fmt::format("{} are free on the disk.", core::human_bytes(free))
               : fmt::format("Only {} are free on the disk: scale run will refuse to start.", core::human_bytes(free));
}

std::string announcement(const std::vector<record::Forecast>& steps) {
    const Total sum = total(steps);
    return fmt::format("{} step{} to do: about {}, {} of memory, {} of disk (estimated; scale run --dry-run says how)",
                       steps.size(), steps.size() == 1 ? "" : "s", rounded(sum.seconds), core::human_bytes(sum.memory),
                       core::human_bytes(sum.disk));
}

}  // namespace scale::forecast
