#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "calibration/assemble.h"
#include "cli/commands.h"
#include "core/error.h"

namespace scale::cli {

namespace {

struct Row {
    std::string name;
    int traffic = 0;
    int samples = 0;
    int holdout = 0;
};

// The strata summed over everything but one of their three parts, the largest first.
std::vector<Row> summed(const std::vector<record::Stratum>& strata, std::string record::Stratum::*part) {
    std::map<std::string, Row> sums;
    for (const record::Stratum& stratum : strata) {
        Row& row = sums[stratum.*part];
        row.traffic += stratum.traffic;
        row.samples += stratum.samples;
        row.holdout += stratum.holdout;
    }
    std::vector<Row> rows;
    for (auto& [name, row] : sums) {
        row.name = name;
        rows.push_back(row);
    }
    std::stable_sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.traffic > b.traffic; });
    return rows;
}

std::string table(const record::CalibrationSet& set, const std::string& title, std::string record::Stratum::*part) {
    const auto rows = summed(set.strata, part);
    double all = 0;
    for (const Row& row : rows) all += row.traffic;
    std::string text = fmt::format("{:<34} {:>8} {:>6} {:>8} {:>6} {:>8}\n", title, "traffic", "share", "samples",
                                   "share", "held out");
    for (const Row& row : rows)
        text += fmt::format("  {:<32} {:>8} {:>5.1f}% {:>8} {:>5.1f}% {:>8}\n", row.name, row.traffic,
                            100 * row.traffic / all, row.samples, 100.0 * row.samples / set.samples, row.holdout);
    return text;
}

std::string describe(const record::CalibrationSet& set) {
    std::string text = fmt::format(
        "Calibration set: {} samples, {} tokens. Held out for the gate: {} samples, {} tokens; no text and no "
        "conversation in both.\n",
        set.samples, set.tokens, set.holdout_samples, set.holdout_tokens);
    text += fmt::format("Log: {} lines, {} usable requests, {} duplicates, {} could not be used.\n", set.log_lines,
                        set.log_requests, set.log_duplicates, set.log_broken);
    for (const std::string& example : set.broken_examples) text += "  " + example + "\n";
    if (set.log_broken > set.broken_examples.size())
        text += fmt::format("  … and {} more\n", set.log_broken - set.broken_examples.size());
    text += "\n" + table(set, "format", &record::Stratum::format);
    text += "\n" + table(set, "length (bytes of prompt and answer)", &record::Stratum::length);
    text += "\n" + table(set, "topic", &record::Stratum::topic);
    text += fmt::format(
        "\nStrata (format, topic, length) with a sample hold {:.1f} % of the distinct traffic. Total variation between "
        "traffic and set: {:.2f};\nit is above 0 by intent: a stratum of N requests gets samples in proportion to √N, "
        "so "
        "that rare ones are seen.\n",
        100 * set.coverage, set.total_variation);
    text += fmt::format("Expires {}; scale quantize refuses an expired set.", set.expires_at.substr(0, 10));
    return text;
}

struct Options {
    std::string log;
    int samples = 0;
};

}  // namespace

void add_assemble_command(CLI::App& app, Commands& commands) {
    const auto options = std::make_shared<Options>();
    const auto run = [&commands, options]() -> Ending {
        record::Pass pass(commands.global().folder);
        calibration::AssembleOptions assemble;
        if (!options->log.empty()) assemble.log = options->log;
        if (options->samples != 0) assemble.samples = options->samples;
        const record::CalibrationSet set = calibration::assemble(pass, assemble);
        return {exit_code::done, describe(set), core::Json(set), "scale quantize"};
    };
    CLI::App* command = commands.add(app, "assemble", "A: choose the calibration set from the traffic log",
                                     "scale assemble --log traffic.jsonl --samples 256", run);
    command->add_option("--log", options->log, "traffic log (JSON lines) instead of [traffic] log of scale.toml");
    command->add_option("--samples", options->samples, "samples, 128 to 512, instead of [calibration] samples")
        ->check(CLI::Range(128, 512));
}

}  // namespace scale::cli
