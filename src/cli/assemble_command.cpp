#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "calibration/assemble.h"
#include "calibration/drift/check.h"
#include "calibration/mixture.h"
#include "choice/qat/effort.h"
#include "choice/qat/facts.h"
#include "cli/commands.h"
#include "core/error.h"
#include "quality/looks.h"
#include "quality/suite/item.h"

namespace scale::cli {

namespace {

struct Row {
    std::string name;
    int traffic = 0;
    int samples = 0;
    int holdout = 0;
    std::uint64_t tokens = 0;
    double nearness = 0;  // times traffic
};

// The strata summed over everything but one of their three parts, the largest first.
std::vector<Row> summed(const std::vector<record::Stratum>& strata, std::string record::Stratum::*part) {
    std::map<std::string, Row> sums;
    for (const record::Stratum& stratum : strata) {
        Row& row = sums[stratum.*part];
        row.traffic += stratum.traffic;
        row.samples += stratum.samples;
        row.holdout += stratum.holdout;
        row.tokens += stratum.tokens;
        row.nearness += stratum.nearness * stratum.traffic;
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
    std::string text = fmt::format("{:<34} {:>8} {:>6} {:>8} {:>8} {:>6} {:>8} {:>8}\n", title, "traffic", "share",
                                   "samples", "tokens", "share", "likeness", "held out");
    const double tokens = static_cast<double>(std::max<std::uint64_t>(1, set.tokens));
    for (const Row& row : rows)
        text += fmt::format("  {:<32} {:>8} {:>5.1f}% {:>8} {:>8} {:>5.1f}% {:>8.3f} {:>8}\n", row.name, row.traffic,
                            100 * row.traffic / all, row.samples, row.tokens,
                            100 * static_cast<double>(row.tokens) / tokens,
                            row.traffic == 0 ? 0 : row.nearness / row.traffic, row.holdout);
    return text;
}

std::string counted(const std::map<std::string, std::uint64_t>& counts) {
    std::string text;
    for (const auto& [what, count] : counts) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, what);
    return text.empty() ? "none" : text;
}

std::string describe_channels(const record::ChannelCoverage& channels) {
    std::string text = fmt::format(
        "Outlier channels: the set reaches {:.1f} % of their energy (mean of {} layers' inputs; measured on {} "
        "candidates, "
        "at most\n{} tokens of each); {}as many drawn at random reach {:.1f} %. Least:",
        100 * channels.coverage, channels.layers, channels.pool_samples, channels.tokens_per_sample,
        channels.mode == "cover" ? fmt::format("topics alone would reach {:.1f} %, ", 100 * channels.by_topics) : "",
        100 * channels.random);
    for (std::size_t i = 0; i < std::min<std::size_t>(3, channels.worst.size()); ++i)
        text +=
            fmt::format("{} {} {:.1f} %", i == 0 ? "" : ",", channels.worst[i].layer, 100 * channels.worst[i].coverage);
    return text + ".\n";
}

std::string describe_log(const record::CalibrationSet& set) {
    std::string text = fmt::format("Log ({}): {} lines, {} usable requests, {}{} duplicates, {} could not be used.\n",
                                   set.source, set.log_lines, set.log_requests,
                                   set.log_kept < set.log_distinct ? "about " : "", set.log_duplicates, set.log_broken);
    for (const std::string& example : set.broken_examples) text += "  " + example + "\n";
    if (set.log_broken > set.broken_examples.size())
        text += fmt::format("  … and {} more\n", set.log_broken - set.broken_examples.size());
    if (set.log_kept < set.log_distinct)
        text += fmt::format("  of about {} distinct requests (estimated), {} were held: a uniform sample\n",
                            set.log_distinct, set.log_kept);
    text += set.redacted ? fmt::format("Redacted in the log (counted): {}. Names and addresses are not looked for.\n",
                                       counted(set.redactions))
                         : "Nothing was redacted: redact = false in [traffic].\n";
    text += fmt::format("Near-duplicates: {}. Left out of all sets: {}.\n", set.near_duplicates, counted(set.dropped));
    return text;
}

std::string describe(const record::CalibrationSet& set) {
    std::string text = fmt::format(
        "Calibration set: {} samples, {} tokens. Held out for the gate: {} samples, {} tokens; no text, near-duplicate "
        "or conversation in both.\n",
        set.samples, set.tokens, set.holdout_samples, set.holdout_tokens);
    if (set.canary_samples > 0)
        text += fmt::format("Canary, read by neither: {} samples, {} tokens.\n", set.canary_samples, set.canary_tokens);
    else
        text += "No canary: the log is too small for one.\n";
    if (set.samples_cut > 0)
        text += fmt::format("{} of all these were cut at the token limit; raise max_tokens in [calibration].\n",
                            set.samples_cut);
    if (set.own_answers > 0)
        text += fmt::format("{} samples end with the original's own answer, generated here.\n", set.own_answers);
    if (!set.channels.mode.empty()) text += describe_channels(set.channels);
    text += describe_log(set);
    text += "\n" + table(set, "format", &record::Stratum::format);
    text += "\n" + table(set, "script", &record::Stratum::script);
    text += "\n" + table(set, "length (bytes of prompt and answer)", &record::Stratum::length);
    text += "\n" + table(set, "topic", &record::Stratum::topic);
    text += fmt::format(
        "\nStrata (format, script, length) with a sample hold {:.1f} % of the distinct traffic. Likeness of the "
        "traffic "
        "to\nthe set (mean cosine to the sample most like each request, measured): {:.3f}; {:.3f} for as many drawn at "
        "random.\nTotal variation between traffic and set: {:.2f}; it is above 0 by intent: a stratum's tokens grow "
        "with "
        "the root of\nits traffic, so that rare ones are seen.\n",
        100 * set.coverage, set.nearness, set.random_nearness, set.total_variation);
    text += fmt::format("Expires {}; scale quantize refuses an expired set.", set.expires_at.substr(0, 10));
    return text;
}

// The gate's generated suites, so that no sample overlaps with them. The seed of the budget fixes the items; whether
// they will be chosen or written is not known yet, so both forms count. Tokens are estimated, which only moves the
// length of long-context texts.
std::vector<std::pair<std::string, std::string>> suite_texts(const record::Budget& budget) {
    quality::SuiteRequest request;
    request.items = quality::most_items(budget);
    request.seed = budget.seed;
    request.context = budget.context;
    request.count_tokens = [](const std::string& text) { return static_cast<int>(text.size() / 4); };
    std::vector<std::pair<std::string, std::string>> texts;
    for (const bool generation : {false, true}) {
        request.generation = generation;
        for (const std::string& suite : budget.scoring.suites)
            for (const quality::Item& item : quality::suite_items(suite, request))
                texts.emplace_back("suite " + item.suite, item.prompt);
    }
    return texts;
}

Ending checked(const record::TrafficCheck& check) {
    Ending ending;
    if (!check.tests.empty())
        ending.text = fmt::format("{:<15}{:>11}{:>11}{:>9}{:>9}  {:<9}{}\n", "test", "statistic", "threshold", "p",
                                  "shift", "result", "moved most");
    for (const record::DriftTest& test : check.tests)
        ending.text += fmt::format("{:<15}{:>11.4f}{:>11.4f}{:>9.4f}{:>9.3f}  {:<9}{}\n", test.name, test.statistic,
                                   test.threshold, test.p, test.effect, test.drifted ? "drifted" : "ok", test.moved);
    if (check.requests > 0)
        ending.text += fmt::format(
            "measured on {} distinct requests of {} conversations; thresholds by permutation, false alarms at most "
            "{:g} % "
            "of checks\n",
            check.requests, check.conversations, 100 * check.alpha);
    if (check.live_samples > 0)
        ending.text += fmt::format(
            "activation and shadow KL: {} new requests ({} tokens) against {} held-out ones ({} tokens), run through "
            "the "
            "original and the artefact; a rate above 1 is a rise\n",
            check.live_samples, check.live_tokens, check.held_out_samples, check.held_out_tokens);
    else if (!check.tests.empty())
        ending.text += "only inputs were compared; with an artefact and without --quick the models are run too\n";
    ending.text += check.sentence;
    ending.json = core::Json(check);
    if (check.verdict == "refresh") {
        ending.code = exit_code::fail;
        ending.next = "scale assemble && scale quantize && scale lock";
    } else if (check.verdict == "inconclusive") {
        ending.code = exit_code::inconclusive;
        ending.next = "let the log run longer, then: scale assemble --check";
    } else {
        ending.next = "scale status";
    }
    return ending;
}

// Of training, by the rule of the QAT plan, unless scale.toml states another number with its reason.
calibration::MixtureOptions mixture_options(const record::Pass& pass) {
    calibration::MixtureOptions options;
    options.evaluation_texts = suite_texts(pass.file().budget);
    options.tokens_wanted = pass.file().quality.mixture_tokens;
    options.reason = pass.file().quality.mixture_reason;
    if (options.tokens_wanted > 0 || pass.file().quality.method != "qat") return options;
    const auto facts = choice::gather_qat_facts(pass, pass.file().choice.type);
    const choice::Effort effort = choice::plan_effort(facts.gathered.summary.parameters, facts.candidate.nominal_bits,
                                                      facts.gathered.summary.context);
    options.tokens_wanted = static_cast<std::uint64_t>(effort.tokens);
    options.reason = fmt::format(
        "{:g} tokens a parameter at {:g} bits, within 1e8 and 2e9 (estimated; ParetoQ, arXiv 2502.02631: from 3 bits "
        "on "
        "weights compensate, below they are rebuilt)",
        effort.tokens_per_parameter, facts.candidate.nominal_bits);
    return options;
}

Ending mixed(const record::TrainingMixture& mixture) {
    std::string text = fmt::format("{:<40} {:<24} {:>10} {:>12} {:>11} {:>10}\n", "source", "licence", "documents",
                                   "tokens", "overlapping", "duplicates");
    for (const record::MixturePart& part : mixture.parts)
        text += fmt::format("{:<40} {:<24} {:>10} {:>12} {:>11} {:>10}\n", part.source, part.licence, part.documents,
                            part.tokens, part.overlapping, part.duplicates);
    text += fmt::format(
        "Training mixture: {} tokens (counted). Training sees {} of them, {:.2f} times the mixture: {}.\n"
        "Removed wherever 13 words in a row occur in: {}.",
        mixture.tokens, mixture.tokens_wanted, mixture.epochs, mixture.reason, fmt::join(mixture.against, ", "));
    return {exit_code::done, text, core::Json(mixture), "train, then: scale lock --checkpoint FILE --percent 10"};
}

struct Options {
    bool mixture = false;
    std::string log;
    std::string check;
    bool quick = false;
    int samples = 0;
};

}  // namespace

void add_assemble_command(CLI::App& app, Commands& commands) {
    const auto options = std::make_shared<Options>();
    const auto run = [&commands, options]() -> Ending {
        record::Pass pass(commands.global().folder);
        if (!options->check.empty()) return checked(calibration::check_traffic(pass, options->check, options->quick));
        if (options->mixture) return mixed(calibration::gather_mixture(pass, mixture_options(pass)));
        calibration::AssembleOptions assemble;
        if (!options->log.empty()) assemble.log = options->log;
        if (options->samples != 0) assemble.samples = options->samples;
        assemble.evaluation_texts = suite_texts(pass.file().budget);
        const record::CalibrationSet set = calibration::assemble(pass, assemble);
        return {exit_code::done, describe(set), core::Json(set), "scale quantize"};
    };
    CLI::App* command = commands.add(app, "assemble", "A: choose the calibration set from the traffic log",
                                     "scale assemble --log traffic.jsonl --samples 256", run);
    command
        ->add_option("--log", options->log,
                     "traffic log (or the gateway's log folder) instead of [traffic] log of scale.toml")
        ->type_name("FILE");
    command
        ->add_option("--check", options->check,
                     "compare this newer log with the traffic of the set in force: does the set still stand for it?")
        ->type_name("FILE")
        ->excludes("--log");
    command->add_flag("--mixture", options->mixture, "qat: gather the training mixture beside the set in force")
        ->excludes("--log")
        ->excludes("--check");
    command->add_flag("--quick", options->quick, "with --check: compare the inputs only, run no model")
        ->needs("--check");
    command->add_option("--samples", options->samples, "samples, 128 to 512, instead of [calibration] samples")
        ->check(CLI::Range(128, 512));
}

}  // namespace scale::cli
