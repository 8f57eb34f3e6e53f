// What was said before against what came of it.
#include <fmt/format.h>

#include "core/text.h"
#include "report/sections/parts.h"

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

}  // namespace

void write_predictions(Html& page, const Context& context) {
    try {
        const auto decision = newest<Decision>(context, record::kind::decision);
        const auto artefact = newest<Artefact>(context, record::kind::artefact);
        const auto verdict = newest<Verdict>(context, record::kind::verdict);
        const Candidate* chosen = chosen_of(decision);
        if (!chosen || artefact.bytes == 0 || chosen->bytes == 0) return;
        std::vector<Cells> rows{{"size of the file", core::human_bytes(chosen->bytes), core::human_bytes(artefact.bytes),
                                 change(static_cast<double>(chosen->bytes), static_cast<double>(artefact.bytes))}};
        if (verdict.artefact_sha256 == artefact.sha256)
            if (const Cells row = divergence(*chosen, verdict); !row.empty()) rows.push_back(row);
        page.element("h3", "Predicted and actual");
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

}  // namespace scale::report
