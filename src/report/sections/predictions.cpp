// What was said before against what came of it.
#include <fmt/format.h>

#include "core/text.h"
#include "report/sections/parts.h"
#include "report/step_figures.h"

namespace scale::report {

namespace {

using record::Artefact;
using record::Candidate;
using record::Decision;
using record::Verdict;

template <typename Payload>
Payload newest(const Context& context, const char* kind) {
    const record::Entry* entry = record::latest(context.lineage.entries, kind);
    return entry ? entry->payload.get<Payload>() : Payload{};
}

const Candidate* chosen_of(const Decision& decision) {
    for (const Candidate& candidate : decision.candidates)
        if (candidate.chosen) return &candidate;
    return nullptr;
}

std::string change(double predicted, double actual) {
    return predicted > 0 ? fmt::format("{:+.1f} %", 100 * (actual / predicted - 1)) : "–";
}

Cells divergence(const Candidate& candidate, const Verdict& verdict) {
    for (const record::GateCheck& check : verdict.checks)
        if (check.endpoint == "kl_mean" && candidate.kl_estimate > 0) {
            const bool within = check.difference >= candidate.kl_low && check.difference <= candidate.kl_high;
            return {"KL divergence, nats a token",
                    fmt::format("{:.4f} ({:.4f}–{:.4f})", candidate.kl_estimate, candidate.kl_low, candidate.kl_high),
                    fmt::format("{:.4f}", check.difference),
                    within ? "within one standard deviation" : change(candidate.kl_estimate, check.difference)};
        }
    return {};
}

void write_divergence(Html& page, const Context& context) {
    try {
        const auto decision = newest<Decision>(context, record::kind::decision);
        const auto artefact = newest<Artefact>(context, record::kind::artefact);
        const auto verdict = newest<Verdict>(context, record::kind::verdict);
        const Candidate* chosen = chosen_of(decision);
        if (!chosen || artefact.bytes == 0 || chosen->bytes == 0) return;
        std::vector<Cells> rows{{"size of the file", core::human_bytes(chosen->bytes),
                                 core::human_bytes(artefact.bytes),
                                 change(static_cast<double>(chosen->bytes), static_cast<double>(artefact.bytes))}};
        if (verdict.artefact_sha256 == artefact.sha256)
            if (const Cells row = divergence(*chosen, verdict); !row.empty()) rows.push_back(row);
        table(page, "What the decision expected of the chosen type, and what the artefact came to",
              {{"figure"},
               {"predicted", true, false, Source::estimated},
               {"actual", true, false, Source::measured},
               {"difference", true}},
              rows);
    } catch (const core::Json::exception&) {
        // An entry that cannot be read is said to be so in its own section.
    }
}

void write_steps(Html& page, const std::vector<StepFigures>& steps) {
    if (steps.empty()) return;
    std::vector<Cells> rows;
    for (const StepFigures& step : steps) rows.push_back(cells_of(step));
    const auto predicted = [](const char* name) { return Column{name, true, false, Source::estimated}; };
    const auto actual = [](const char* name) { return Column{name, true, false, Source::measured}; };
    table(page,
          "What each step was expected to take before it started, and what it took: time, memory resident in its "
          "largest process, and the most that its files took on the disk at once",
          {{"step"},
           predicted("time, predicted"),
           actual("actual"),
           predicted("memory, predicted"),
           actual("actual"),
           predicted("disk, predicted"),
           actual("actual")},
          rows);
}

}  // namespace

void write_predictions(Html& page, const Context& context) {
    std::vector<StepFigures> steps;
    try {
        steps = step_figures(context.lineage.entries);
    } catch (const core::Json::exception&) {
        // As above.
    }
    if (steps.empty() && !record::latest(context.lineage.entries, record::kind::artefact)) return;
    page.element("h3", "Predicted and actual");
    write_divergence(page, context);
    write_steps(page, steps);
}

}  // namespace scale::report
