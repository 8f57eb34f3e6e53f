#include "report/step_figures.h"

#include <utility>

#include "core/text.h"
#include "record/run_steps.h"
#include "record/store.h"

namespace scale::report {

namespace {

// Of the runs that led to `result`: those after the entry of its kind before it.
void take_forecasts(const std::vector<record::Entry>& entries, const record::Entry& result, StepFigures& step,
                    const std::string& command) {
    for (const record::Entry& entry : entries) {
        if (entry.seq >= result.seq) return;
        if (entry.kind == result.kind) {
            step.predicted.reset();
            step.resumed = false;
        }
        if (entry.kind != record::kind::forecast) continue;
        auto forecast = entry.payload.get<record::Forecast>();
        if (forecast.command != command) continue;
        step.resumed = step.predicted.has_value();
        step.predicted = std::move(forecast);
    }
}

}  // namespace

std::vector<StepFigures> step_figures(const std::vector<record::Entry>& entries) {
    std::vector<StepFigures> figures;
    for (const auto& [command, kind] : record::run_steps) {
        const record::Entry* result = record::latest(entries, kind);
        if (!result) continue;
        StepFigures step;
        step.took = result->payload.value("took", record::Usage{});
        if (step.took.seconds <= 0) continue;
        step.command = std::string("scale ") + command;
        take_forecasts(entries, *result, step, command);
        figures.push_back(std::move(step));
    }
    return figures;
}

std::vector<std::string> cells_of(const StepFigures& step) {
    const auto expected = [&](const std::string& text) { return step.predicted ? text : std::string("–"); };
    const record::Forecast predicted = step.predicted.value_or(record::Forecast{});
    return {step.command + (step.resumed ? " (went on after an interruption)" : ""),
            expected(core::human_duration(predicted.seconds)),
            core::human_duration(step.took.seconds),
            expected(core::human_bytes(predicted.memory)),
            core::human_bytes(step.took.memory),
            expected(core::human_bytes(predicted.disk)),
            core::human_bytes(step.took.disk)};
}

}  // namespace scale::report
