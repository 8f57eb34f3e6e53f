#include <algorithm>

#include <fmt/format.h>

#include "report/sections/parts.h"
#include "report/svg.h"

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

void plot_sizes(Html& page, const Decision& decision) {
    ScatterPlot plot;
    plot.title = "Divergence from the original against true size (divergence estimated, size computed with fallbacks)";
    plot.description = list_names(decision);
    plot.x_label = "file size, MiB";
    plot.y_label = "KL divergence, nats per token (log)";
    for (const Candidate& candidate : decision.candidates) {
        // The original has no divergence: it has no place on a logarithmic axis.
        if (candidate.bytes == 0 || candidate.kl_estimate <= 0) continue;
        const bool measured = candidate.kl_source.rfind("measured", 0) == 0;
        plot.points.push_back({candidate.name, static_cast<double>(candidate.bytes) / mebibyte, candidate.kl_estimate,
                               candidate.kl_low, candidate.kl_high, measured ? Source::measured : Source::estimated,
                               candidate.chosen});
    }
    draw(page, plot);
}

void plot_speeds(Html& page, const Decision& decision) {
    BarPlot plot;
    plot.title = "Speed of one request against the original (measured here, range of the paired rounds)";
    plot.reference = 1;
    plot.reference_label = "original";
    for (const Candidate& candidate : decision.candidates) {
        if (!candidate.trialled) continue;
        const auto& speedup = candidate.speedup;
        plot.rows.push_back({candidate.name + (candidate.chosen ? " (chosen)" : ""), speedup.median, speedup.low,
                             speedup.high,
                             fmt::format("{:.2f}× ({:.2f}–{:.2f})", speedup.median, speedup.low, speedup.high),
                             Source::measured, candidate.chosen});
        plot.description += fmt::format("{} {:.2f} times. ", candidate.name, speedup.median);
    }
    draw(page, plot);
}

void write_table(Html& page, const Decision& decision) {
    std::vector<Cells> rows;
    int chosen = -1;
    for (const Candidate& candidate : decision.candidates) {
        if (candidate.chosen) chosen = static_cast<int>(rows.size());
        rows.push_back({(candidate.chosen ? "▶ " : "") + candidate.name,
                        candidate.bits_per_weight > 0 ? fmt::format("{:.2f}", candidate.bits_per_weight) : "–",
                        mib(candidate.bytes), candidate.bytes > 0 ? fmt::format("{:.4f}", candidate.kl_estimate) : "–",
                        candidate.trialled ? fmt::format("● {:.2f}×", candidate.speedup.median) : "–", candidate.reason,
                        candidate.rule});
    }
    table(page, "Every candidate and why it won or lost (● measured; divergence ◇ estimated)",
          {{"candidate"},
           {"true bits", true},
           {"MiB", true},
           {"◇ KL", true},
           {"speed", true},
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
           {"prompt", true},
           {"one sequence", true},
           {"together", true},
           {"fallback tensors", true}},
          rows);
    page.close();
}

}  // namespace

void write_decision(Html& page, const Context& context) {
    begin_stage(page, context, record::Stage::choice);
    with_entry(page, context, record::kind::decision, [&](const record::Entry& entry) {
        const auto decision = entry.payload.get<Decision>();
        page.open("p", {{"class", "lead"}})
            .element("strong", decision.type)
            .text(" in " + decision.format + ": " + decision.reason);
        page.close();
        page.open("p").text("Rule: ").element("code", decision.rule).close();
        if (!decision.because.empty())
            page.element("p", "Pinned by a person, because: " + decision.because, {{"class", "note"}});
        plot_sizes(page, decision);
        plot_speeds(page, decision);
        write_table(page, decision);
        write_sources(page, decision);
    });
    page.close();
}

}  // namespace scale::report
