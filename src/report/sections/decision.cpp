#include <algorithm>

#include <fmt/format.h>

#include "record/payload/trial_server.h"
#include "report/chart.h"
#include "report/sections/parts.h"

namespace scale::report {

namespace {

using record::Candidate;
using record::Decision;

constexpr double mebibyte = 1024.0 * 1024.0;

std::string list_names(const Decision& decision) {
    std::string names;
    for (const Candidate& candidate : decision.candidates)
        if (candidate.bytes > 0)
            names += fmt::format("{}{} at {:.0f} MiB and {:.4f} nats{}", names.empty() ? "" : "; ", candidate.name,
                                 static_cast<double>(candidate.bytes) / mebibyte, candidate.kl_estimate,
                                 candidate.chosen ? " (chosen)" : "");
    return names + ".";
}

// Measured is the divergence of the artefact that the gate has judged; everything else here is estimated.
core::Json measured_point(const Context& context) {
    const record::Entry* artefact = record::latest(context.lineage.entries, record::kind::artefact);
    const record::Entry* verdict = record::latest(context.lineage.entries, record::kind::verdict);
    if (!artefact || !verdict || verdict->payload.value("artefact_sha256", "") != artefact->payload.value("sha256", ""))
        return nullptr;
    for (const record::GateCheck& check : verdict->payload.get<record::Verdict>().checks)
        if (check.endpoint == "kl_mean" && check.difference > 0)
            return {{"name", "the artefact"},
                    {"mib", artefact->payload.value("bytes", 0.0) / mebibyte},
                    {"kl", check.difference},
                    {"low", 0},
                    {"high", 0},
                    {"measured", true},
                    {"chosen", false},
                    {"reason", "as the gate measured it on held-out traffic"}};
    return nullptr;
}

void plot_sizes(Html& page, const Context& context, const Decision& decision) {
    core::Json points = core::Json::array();
    for (const Candidate& candidate : decision.candidates) {
        // The original has no divergence: it has no place on a logarithmic axis.
        if (candidate.bytes == 0 || candidate.kl_estimate <= 0) continue;
        points.push_back({{"name", candidate.name},
                          {"mib", static_cast<double>(candidate.bytes) / mebibyte},
                          {"kl", candidate.kl_estimate},
                          {"low", candidate.kl_low},
                          {"high", candidate.kl_high},
                          {"measured", candidate.kl_source.rfind("measured", 0) == 0},
                          {"chosen", candidate.chosen},
                          {"reason", candidate.reason}});
    }
    if (points.empty()) return;
    if (const core::Json point = measured_point(context); !point.is_null()) points.push_back(point);
    draw(page, {"candidates",
                "Quality against bytes",
                "◇ estimated before the gate, with one standard deviation; ● measured by the gate. Lower and further "
                "left is better; the chosen type is ringed.",
                list_names(decision),
                {{"points", points}}});
}

void plot_speeds(Html& page, const Decision& decision) {
    core::Json rows = core::Json::array();
    std::string summary;
    for (const Candidate& candidate : decision.candidates) {
        if (!candidate.trialled || candidate.speedup.median <= 0) continue;
        const auto& speedup = candidate.speedup;
        rows.push_back({{"name", candidate.name},
                        {"speedup", speedup.median},
                        {"low", speedup.low},
                        {"high", speedup.high},
                        {"chosen", candidate.chosen}});
        summary += fmt::format("{} {:.2f} times. ", candidate.name, speedup.median);
    }
    if (rows.empty()) return;
    draw(page, {"speeds",
                "Speed of a request against the original",
                "● measured here, in rounds interleaved with the original; the line is their range.",
                summary,
                {{"rows", rows}}});
}

void write_table(Html& page, const Decision& decision) {
    std::vector<Cells> rows;
    int chosen = -1;
    for (const Candidate& candidate : decision.candidates) {
        if (candidate.chosen) chosen = static_cast<int>(rows.size());
        rows.push_back({(candidate.chosen ? "▶ " : "") + candidate.name,
                        candidate.bits_per_weight > 0 ? fmt::format("{:.2f}", candidate.bits_per_weight) : "–",
                        mib(candidate.bytes),
                        !candidate.kl_source.empty() ? fmt::format("{:.4f}", candidate.kl_estimate) : "–",
                        candidate.trialled ? fmt::format("{:.2f}×", candidate.speedup.median) : "–", candidate.reason,
                        candidate.rule});
    }
    table(page,
          "Every candidate and why it won or lost: sizes counted with fallbacks, divergence ◇ estimated, speed ● "
          "measured",
          {{"candidate"},
           {"true bits", true},
           {"MiB", true},
           {"KL, nats", true, false, Source::estimated},
           {"speed", true, false, Source::measured},
           {"why", false, true},
           {"rule"}},
          rows, chosen);
}

void write_sources(Html& page, const Decision& decision) {
    std::vector<Cells> rows;
    for (const Candidate& candidate : decision.candidates)
        rows.push_back({candidate.name, candidate.kl_source, candidate.speed_source,
                        range_text(candidate.speed.prefill), range_text(candidate.speed.decode),
                        range_text(candidate.speed.batch_decode), fmt::format("{}", candidate.fallback_tensors)});
    page.open("details").element("summary", "Where each figure comes from");
    table(page, "Sources and trial, tokens per second",
          {{"candidate"},
           {"divergence", false, true},
           {"speed", false, true},
           {"prompt", true, false, Source::measured},
           {"one sequence", true, false, Source::measured},
           {"together", true, false, Source::measured},
           {"fallback tensors", true}},
          rows);
    page.close();
}

std::string seconds_text(const record::Measured& seconds) {
    return fmt::format("{:.1f} ms ({:.1f}–{:.1f})", 1000 * seconds.median, 1000 * seconds.low, 1000 * seconds.high);
}

void write_servers(Html& page, const record::DecisionAtServers& made) {
    if (made.servers.empty()) return;
    std::vector<Cells> rows;
    for (const record::TrialServer& server : made.servers) {
        const bool own = server.candidate == "original";
        const auto times = [&](const record::Measured& ratio) {
            return own ? std::string("–") : fmt::format("{:.2f}× ({:.2f}–{:.2f})", ratio.median, ratio.low, ratio.high);
        };
        rows.push_back({server.candidate, fmt::format("{}, {}", server.model, server.url), server.software,
                        fmt::format("{}", server.requests), seconds_text(server.first_token),
                        seconds_text(server.next_token), times(server.first_token_speedup),
                        times(server.next_token_speedup)});
    }
    table(page, "The servers of the trial, ● measured under the workload's load: " + made.decision.trial,
          {{"whose"},
           {"model", false, true},
           {"software"},
           {"requests", true},
           {"first token", true, false, Source::measured},
           {"each next token", true, false, Source::measured},
           {"first token against the original's", true, false, Source::measured},
           {"next token", true, false, Source::measured}},
          rows);
}

}  // namespace

void write_decision(Html& page, const Context& context) {
    begin_stage(page, context, record::Stage::choice);
    with_entry(page, context, record::kind::decision, [&](const record::Entry& entry) {
        const auto made = entry.payload.get<record::DecisionAtServers>();
        const Decision& decision = made.decision;
        page.open("p", {{"class", "lead"}})
            .element("strong", decision.type)
            .text(" in " + decision.format + ": " + decision.reason);
        page.close();
        page.open("p").text("Rule: ").element("code", decision.rule).close();
        if (!decision.because.empty())
            page.element("p", "Pinned by a person, because: " + decision.because, {{"class", "note"}});
        plot_sizes(page, context, decision);
        plot_speeds(page, decision);
        write_table(page, decision);
        write_servers(page, made);
        write_sources(page, decision);
    });
    page.close();
}

}  // namespace scale::report
