#include <cmath>

#include <fmt/format.h>

#include "report/describe.h"
#include "report/sections/parts.h"
#include "report/svg.h"

namespace scale::report {

namespace {

double number(const core::Json& object, const char* key) {
    const auto found = object.is_object() ? object.find(key) : object.end();
    return found != object.end() && found->is_number() ? found->get<double>() : 0.0;
}

core::Json member(const core::Json& object, const char* key) {
    const auto found = object.is_object() ? object.find(key) : object.end();
    return found != object.end() ? *found : core::Json();
}

// The harm tests as they stood in the newest entry that carries evidence.
void write_evidence(Html& page, const record::Entry& entry) {
    const core::Json evidence = member(entry.payload, "evidence");
    const core::Json guardrails = member(evidence, "guardrails");
    if (!guardrails.is_object() || guardrails.empty()) return;
    page.element("h3", fmt::format("Live evidence as of entry {}", entry.seq));
    if (const core::Json sentence = member(evidence, "sentence"); sentence.is_string())
        page.element("p", sentence.get<std::string>());
    BarPlot plot;
    plot.title = "Evidence of harm, in shares of what rolls back (measured on live requests, valid under peeking)";
    plot.reference = 1;
    plot.reference_label = "rolls back";
    std::vector<Cells> rows;
    for (const auto& [name, figures] : guardrails.items()) {
        const core::Json harm = member(figures, "harm");
        const double threshold = number(harm, "log_threshold");
        const double log_e = number(harm, "log_e");
        const double share = threshold > 0 ? std::max(0.0, log_e / threshold) : 0.0;
        plot.rows.push_back(
            {name, share, share, share, fmt::format("e-value {:.3g}", std::exp(log_e)), Source::measured, share >= 1});
        plot.description += fmt::format("{}: {:.0f} %. ", name, 100 * share);
        rows.push_back({name, fmt::format("{:.0f}", number(figures, "original_units")),
                        fmt::format("{:.0f}", number(figures, "candidate_units")),
                        fmt::format("{:.3g}", std::exp(log_e)), fmt::format("{:.3g}", std::exp(threshold)),
                        fmt::format("{:.3g}", number(harm, "p_value"))});
    }
    draw(page, plot);
    table(page, "Guardrails: users with an event, by arm",
          {{"guardrail"},
           {"original", true},
           {"candidate", true},
           {"e-value of harm", true},
           {"rolls back at", true},
           {"p", true}},
          rows);
}

void write_event(Html& page, const record::Entry& entry) {
    const char* tone = entry.kind == record::kind::rolled_back ? "bad"
                       : entry.kind == record::kind::promoted  ? "good"
                                                               : "plain";
    page.open("li").element("time", entry.time, {{"datetime", entry.time}});
    page.element("strong", entry.kind, {{"class", tone}}).text(" " + describe(entry));
    if (const auto ppm = entry.payload.find("weight_ppm"); ppm != entry.payload.end() && ppm->is_number())
        page.text(fmt::format(" – the candidate gets {:.2f} % of the users", ppm->get<double>() / 10000));
    page.open("details").element("summary", fmt::format("entry {}", entry.seq));
    page.element("pre", entry.payload.dump(2, ' ', false, core::Json::error_handler_t::replace)).close().close();
}

}  // namespace

void write_rollout(Html& page, const Context& context) {
    begin_stage(page, context, record::Stage::rollout);
    const record::Entry* newest = nullptr;
    bool any = false;
    for (const record::Entry& entry : context.lineage.entries) {
        if (entry.stage != record::Stage::rollout) continue;
        any = true;
        if (entry.payload.is_object() && entry.payload.contains("evidence")) newest = &entry;
    }
    if (!any) page.element("p", "Open: no request has been served beside the original.", {{"class", "open"}});
    if (newest) write_evidence(page, *newest);
    if (any) {
        page.element("h3", "Timeline").open("ol", {{"class", "timeline"}});
        for (const record::Entry& entry : context.lineage.entries)
            if (entry.stage == record::Stage::rollout) write_event(page, entry);
        page.close();
    }
    page.element("h3", "Taking it back").element("pre", "scale rollback");
    page.close();
}

}  // namespace scale::report
