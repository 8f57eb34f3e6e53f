#include <map>

#include <fmt/format.h>

#include "report/chart.h"
#include "report/sections/parts.h"

namespace scale::report {

namespace {

using record::CalibrationSet;
using record::Stratum;

void plot_dimension(Html& page, const CalibrationSet& set, const std::string Stratum::*dimension,
                    const std::string& name) {
    std::map<std::string, std::pair<double, double>> shares;
    double traffic = 0;
    double samples = 0;
    for (const Stratum& stratum : set.strata) {
        auto& share = shares[stratum.*dimension];
        share.first += stratum.traffic;
        share.second += stratum.samples;
        traffic += stratum.traffic;
        samples += stratum.samples;
    }
    if (traffic == 0 || samples == 0 || shares.size() < 2) return;  // one value has all of both
    core::Json rows = core::Json::array();
    std::vector<Cells> cells;
    std::string summary;
    for (const auto& [value, share] : shares) {
        const double of_traffic = share.first / traffic;
        const double of_set = share.second / samples;
        rows.push_back({{"value", value.empty() ? "(none)" : value}, {"traffic", of_traffic}, {"set", of_set}});
        cells.push_back({value, fmt::format("{:.1f} %", 100 * of_traffic), fmt::format("{:.1f} %", 100 * of_set)});
        summary += fmt::format("{}: {:.1f} % of traffic, {:.1f} % of the set. ", value, 100 * of_traffic, 100 * of_set);
    }
    draw(page, {"coverage", fmt::format("Share of each {} in the traffic and in the calibration set", name),
                "Counted. Quotas follow the root of the traffic, so rare kinds have more than their share.", summary,
                {{"dimension", name}, {"rows", rows}}});
    page.open("details").element("summary", "The same in numbers");
    table(page, "Shares by " + name, {{name}, {"traffic", true}, {"set", true}}, cells);
    page.close();
}

void write_strata(Html& page, const CalibrationSet& set) {
    std::vector<Cells> rows;
    for (const Stratum& stratum : set.strata)
        rows.push_back({stratum.format, stratum.script, stratum.topic, stratum.length,
                        fmt::format("{}", stratum.traffic), fmt::format("{}", stratum.samples),
                        fmt::format("{}", stratum.holdout),
                        stratum.traffic > 0 && stratum.samples == 0 ? "not covered" : ""});
    page.open("details").element("summary", fmt::format("All {} cells", rows.size()));
    table(page, "Cells of format × script × topic × length: distinct requests",
          {{"format"},
           {"script"},
           {"topic"},
           {"length, bytes"},
           {"traffic", true},
           {"set", true},
           {"held out", true},
           {"coverage"}},
          rows);
    page.close();
}

void write_broken(Html& page, const CalibrationSet& set) {
    if (set.log_broken == 0) return;
    page.element("h3", fmt::format("{} broken lines of {}", set.log_broken, set.log_lines)).open("ul");
    for (const std::string& line : set.broken_examples) page.element("li", line);
    page.close();
}

// What was replaced before anything was stored, and what was left out of every set.
void write_privacy(Html& page, const CalibrationSet& set) {
    const auto list = [&](const std::string& title, const std::map<std::string, std::uint64_t>& counts) {
        if (counts.empty()) return;
        page.element("h3", title).open("ul");
        for (const auto& [what, count] : counts) page.element("li", fmt::format("{}: {}", what, count));
        page.close();
    };
    list("Replaced in the log before anything was stored (counted)", set.redactions);
    list("Left out of all sets (counted)", set.dropped);
}

void write_channels(Html& page, const record::ChannelCoverage& channels) {
    if (channels.mode.empty()) return;
    page.element("h3",
                 fmt::format("Outlier channels: the set reaches {:.1f} % of their energy", 100 * channels.coverage));
    page.element("p",
                 fmt::format("Mean over the inputs of {} layers, measured on {} candidates ({} tokens, at most {} of "
                             "each); as many candidates drawn at random reach {:.1f} %{}.",
                             channels.layers, channels.pool_samples, channels.tokens, channels.tokens_per_sample,
                             100 * channels.random,
                             channels.mode == "cover"
                                 ? fmt::format(", those that topics alone choose {:.1f} %", 100 * channels.by_topics)
                                 : ""));
    std::vector<Cells> rows;
    for (const record::LayerChannels& layer : channels.worst)
        rows.push_back({layer.layer, fmt::format("{}", layer.channels), fmt::format("{:.1f} %", 100 * layer.coverage)});
    table(page, "Layers with the least coverage", {{"input of"}, {"outlier channels", true}, {"energy reached", true}},
          rows);
}

}  // namespace

void write_calibration(Html& page, const Context& context) {
    begin_stage(page, context, record::Stage::calibration);
    with_entry(page, context, record::kind::calibration_set, [&](const record::Entry& entry) {
        const auto set = entry.payload.get<CalibrationSet>();
        const bool expired = set.expires_at <= context.now;
        tiles(page,
              {{"Samples", fmt::format("{}", set.samples), fmt::format("{} tokens", set.tokens)},
               {"Held out for the gate", fmt::format("{}", set.holdout_samples),
                fmt::format("{} tokens", set.holdout_tokens)},
               {"Coverage", fmt::format("{:.1f} %", 100 * set.coverage),
                "of the distinct traffic lies in a sampled cell"},
               {"Total variation", fmt::format("{:.3f}", set.total_variation),
                "between the shares of traffic and set, 0 to 1"},
               {expired ? "Expired" : "Expires", set.expires_at.substr(0, 10), "made " + set.created_at.substr(0, 10)},
               {"Log", fmt::format("{} usable", set.log_requests),
                fmt::format("of {} lines; {} duplicates, {} broken", set.log_lines, set.log_duplicates,
                            set.log_broken)}});
        plot_dimension(page, set, &Stratum::format, "format");
        plot_dimension(page, set, &Stratum::script, "script");
        plot_dimension(page, set, &Stratum::length, "length");
        plot_dimension(page, set, &Stratum::topic, "topic");
        write_strata(page, set);
        write_channels(page, set.channels);
        write_broken(page, set);
        write_privacy(page, set);
    });
    write_artefact(page, context);
    page.close();
}

}  // namespace scale::report
