#include <algorithm>

#include <fmt/format.h>

#include "core/text.h"
#include "report/sections/parts.h"

namespace scale::report {

namespace {

std::string value_of(const Context& context, const char* kind, const char* member) {
    const record::Entry* entry = record::latest(context.lineage.entries, kind);
    if (!entry) return "open";
    const auto found = entry->payload.find(member);
    return found != entry->payload.end() && found->is_string() ? found->get<std::string>() : "open";
}

Tile size_tile(const Context& context) {
    const record::Entry* artefact = record::latest(context.lineage.entries, record::kind::artefact);
    const record::Entry* constraint = record::latest(context.lineage.entries, record::kind::constraint);
    if (!artefact || !constraint) return {"Size", "open", ""};
    const auto bytes = artefact->payload.value("bytes", std::uint64_t{0});
    const auto before = constraint->payload.value("model_bytes", std::uint64_t{0});
    return {"Size", core::human_bytes(bytes),
            fmt::format("original {}; {:.2f} bits per weight", core::human_bytes(before),
                        artefact->payload.value("bits_per_weight", 0.0))};
}

Tile rollout_tile(const Context& context) {
    const auto& status = context.status.stages.back();
    return {"Live", std::string(record::state_name(status.state)),
            status.state == record::StageState::open ? "" : status.why};
}

Tile record_tile(const Context& context) {
    const auto failed = std::count_if(context.verification.findings.begin(), context.verification.findings.end(),
                                      [](const auto& finding) { return finding.outcome == record::Outcome::failed; });
    return {"Record", failed == 0 ? "verified" : fmt::format("{} checks FAILED", failed),
            fmt::format("{} entries, recomputed when this was written", context.verification.entries)};
}

}  // namespace

namespace {

// What a reader came for: the verdict, or what is missing for one.
void write_answer(Html& page, const Context& context) {
    const auto& quality = context.status.stages.at(static_cast<std::size_t>(record::Stage::quality));
    const std::string verdict = value_of(context, record::kind::verdict, "verdict");
    const bool stale = quality.state == record::StageState::stale;
    const char* tone = verdict == "open"     ? "plain"
                       : stale               ? "warn"
                       : verdict == "PASS"   ? "good"
                       : verdict == "FAIL"   ? "bad"
                                             : "warn";
    page.open("div", {{"class", std::string("answer ") + tone}});
    page.element("strong", verdict == "open" ? "No verdict yet" : stale ? verdict + ", stale" : verdict);
    page.element("p", verdict == "open" ? "The gate has not measured the candidate."
                      : stale           ? quality.why
                                        : value_of(context, record::kind::verdict, "sentence"));
    page.close();
}

}  // namespace

void write_summary(Html& page, const Context& context) {
    page.element("h1", "SCALE report");
    page.element("p", context.status.sentence.empty() ? "No constraint is set yet." : context.status.sentence,
                 {{"class", "lead"}});
    write_answer(page, context);
    tiles(page, {{"Decision", value_of(context, record::kind::decision, "type"),
                  value_of(context, record::kind::decision, "rule")},
                 size_tile(context),
                 rollout_tile(context),
                 record_tile(context)});
    if (!context.status.stage.empty()) {
        page.open("p").element("strong", "On the table: ").text(context.status.decision + " ");
        page.element("code", context.status.next).close();
    }
    for (const std::string& part : context.status.changed)
        page.element("p", "Changed since stage S: " + part, {{"class", "note"}});
    for (const std::string& warning : context.status.warnings) page.element("p", warning, {{"class", "note"}});
    page.open("p").text("Figures: ");
    tag(page, true, "on the machine named under S, with the range of the rounds: filled marks and solid lines; ");
    tag(page, false, "with how: hollow marks, dashed lines, italics.");
    page.close();
}

}  // namespace scale::report
