#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "report/chart.h"
#include "report/describe.h"
#include "report/sections/parts.h"

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

struct Guardrail {
    double harm = 0;  // log e-value over the log threshold; 1 rolls back
    double log_e = 0;
    double log_threshold = 0;
};

Guardrail guardrail_of(const core::Json& figures) {
    const core::Json harm = member(figures, "harm");
    Guardrail guardrail{0, number(harm, "log_e"), number(harm, "log_threshold")};
    if (guardrail.log_threshold > 0) guardrail.harm = std::max(0.0, guardrail.log_e / guardrail.log_threshold);
    return guardrail;
}

// Events write the share as parts per million, under the one name or the other.
core::Json share_of(const record::Entry& entry) {
    for (const char* key : {"weight_ppm", "share_ppm"})
        if (const core::Json ppm = member(entry.payload, key); ppm.is_number()) return ppm.get<double>() / 1e6;
    return nullptr;
}

// The evidence of harm at every event that carries it, and the share of the users beside it.
void plot_evidence(Html& page, const record::Lineage& lineage) {
    core::Json moments = core::Json::array();
    core::Json values = core::Json::array();
    std::string summary;
    for (const record::Entry& entry : lineage.entries) {
        if (entry.stage != record::Stage::rollout || entry.kind == record::kind::archived) continue;
        moments.push_back({{"entry", entry.seq}, {"event", entry.kind}, {"share", share_of(entry)}});
        const core::Json guardrails = member(member(entry.payload, "evidence"), "guardrails");
        if (!guardrails.is_object()) continue;
        for (const auto& [name, figures] : guardrails.items()) {
            const Guardrail guardrail = guardrail_of(figures);
            values.push_back({{"entry", entry.seq},
                              {"event", entry.kind},
                              {"guardrail", name},
                              {"harm", guardrail.harm},
                              {"e", std::exp(guardrail.log_e)}});
            summary += fmt::format("Entry {}, {}: {:.0f} %. ", entry.seq, name, 100 * guardrail.harm);
        }
    }
    if (values.empty()) return;
    draw(page, {"evidence", "Evidence of harm at each event, and the share of users on the candidate",
                "● measured on live requests, valid under peeking: at 100 % of its threshold a guardrail rolls back. The "
                "dashed line is the share.",
                summary, {{"moments", moments}, {"values", values}}});
}

// The guardrails as they stood in one entry.
void write_evidence(Html& page, const record::Entry& entry) {
    const core::Json evidence = member(entry.payload, "evidence");
    const core::Json guardrails = member(evidence, "guardrails");
    if (!guardrails.is_object() || guardrails.empty()) return;
    page.element("h3", fmt::format("Live evidence as of entry {}, {}", entry.seq, entry.kind));
    if (const core::Json sentence = member(evidence, "sentence"); sentence.is_string())
        page.element("p", sentence.get<std::string>());
    std::vector<Cells> rows;
    for (const auto& [name, figures] : guardrails.items()) {
        const Guardrail guardrail = guardrail_of(figures);
        rows.push_back({name, fmt::format("{:.0f}", number(figures, "original_units")),
                        fmt::format("{:.0f}", number(figures, "candidate_units")),
                        fmt::format("{:.3g}", std::exp(guardrail.log_e)),
                        fmt::format("{:.3g}", std::exp(guardrail.log_threshold)),
                        fmt::format("{:.0f} %", 100 * guardrail.harm)});
    }
    table(page, "Guardrails: users with an event, by arm, and the evidence of harm",
          {{"guardrail"},
           {"original", true, false, Source::measured},
           {"candidate", true, false, Source::measured},
           {"e-value of harm", true, false, Source::measured},
           {"rolls back at", true},
           {"share of that", true}},
          rows);
}

void write_event(Html& page, const record::Entry& entry) {
    const char* tone = entry.kind == record::kind::rolled_back ? "bad"
                       : entry.kind == record::kind::promoted  ? "good"
                                                               : "plain";
    page.open("li").element("time", entry.time, {{"datetime", entry.time}});
    page.element("strong", entry.kind, {{"class", tone}}).text(" " + describe(entry));
    if (const core::Json share = share_of(entry); share.is_number())
        page.text(fmt::format(" – the candidate gets {:.2f} % of the users", 100 * share.get<double>()));
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
    plot_evidence(page, context.lineage);
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
