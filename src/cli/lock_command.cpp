#include <algorithm>
#include <cmath>
#include <iterator>

#include <fmt/format.h>

#include "cli/commands.h"
#include "core/text.h"
#include "hardware/threads.h"
#include "quality/budget.h"
#include "quality/check/decision.h"
#include "quality/checkpoint_gate.h"
#include "quality/gate.h"
#include "quality/lm_eval/export.h"
#include "quality/lock.h"
#include "quality/looks.h"
#include "quality/noise.h"
#include "record/gate_endpoint.h"
#include "record/pass.h"

namespace scale::cli {

namespace {

std::string looks_text(const record::Budget& budget) {
    const auto looks = quality::plan_looks(budget, false);
    if (looks.size() == 1) return "one look at the data";
    std::string text = fmt::format("up to {} looks, alpha spent by {}:", looks.size(), budget.spending);
    for (const record::GateLook& look : looks)
        text += fmt::format("\n  look {}: {} items a suite, {} tokens, every limit at {:.2g} %", look.look, look.items,
                            look.tokens, 100 * look.level);
    return text;
}

// What the declared number of items can show at best, before any compute is spent.
std::string outlook(const record::Budget& budget) {
    constexpr double discordance = 0.1;
    const int items = quality::most_items(budget);
    const double reachable = quality::reachable_margin(std::sqrt(discordance / items), budget.alpha);
    return fmt::format(
        "estimated: {} items, on a tenth of which the models differ, show a margin of {:.1f} points with power 0.8 if "
        "nothing is lost",
        items, 100 * reachable);
}

std::string source_text(const record::SuiteSettings& scoring) {
    if (scoring.distribution != "servers") return "the engine, on the decoded weights";
    if (scoring.top_tokens == 0) return "the servers, all tokens of the vocabulary";
    return fmt::format("the servers, {} tokens a place: kl_mean, kl_p99, kl_p999 and slices can only fail",
                       scoring.top_tokens);
}

std::string declared_text(const record::Budget& budget) {
    std::string suites;
    for (const auto& [suite, margin] : budget.suites)
        suites += fmt::format("\n  {:<18} at most {:g} points lost", suite, margin);
    return fmt::format(
        "  overall            at most {:g} points lost\n"
        "  gold_loss          at most {:g} nats an item, where accuracy has no power{}\n"
        "  kl_mean            at most {:g} nats a token\n"
        "  top1_agreement     at least {:g}\n"
        "  perplexity_ratio   at most {:g}\n"
        "  kl_p99, kl_p999    at most {:g} and {:g} nats\n"
        "  rms_dp             at most {:g}\n"
        "  slices             {}, at {:g} times kl_mean\n"
        "  measured by        {}\n"
        "every limit one-sided at {:g} %; {} items a suite, {} tokens of held-out traffic, texts to {} tokens, seed "
        "{}\n"
        "{}\n{}",
        budget.points, budget.likelihood_nats, suites, budget.kl_mean, budget.top1_agreement, budget.perplexity_ratio,
        budget.kl_p99, budget.kl_p999, budget.rms_dp, budget.slices, budget.slice_factor,
        source_text(budget.scoring), 100 * (1 - budget.alpha),
        budget.items, budget.kl_tokens, budget.context, budget.seed, looks_text(budget), outlook(budget));
}

Ending declare(record::Pass& pass) {
    const quality::Declaration declaration = quality::declare_budget(pass);
    const bool measured = pass.lineage().current(record::kind::artefact) != nullptr;
    return {exit_code::done,
            fmt::format("{}\n{}", declaration.unchanged ? "this budget is in force already" : "budget declared",
                        declared_text(declaration.budget)),
            {{"budget", declaration.budget}, {"hash", declaration.hash}, {"unchanged", declaration.unchanged}},
            measured ? "scale lock" : "scale status"};
}

// Shares in percent, divergences and losses as they are.
std::string figure(const record::GateCheck& check, double value) {
    if (value >= 1e8) return "none";
    if (check.endpoint == "length" && value > 10) return fmt::format("{:.1f}", value);
    const bool share =
        record::counts_in_points(check) || check.endpoint == "top1_agreement" || check.endpoint == "rms_dp";
    return share ? fmt::format("{:.2f} %", 100 * value) : fmt::format("{:.4f}", value);
}

// Of a suite or the distribution the category; else what the check is called.
std::string row_name(const record::GateCheck& check) {
    if (check.endpoint == "kl_mean_slice") return check.name.substr(check.name.rfind("of ") + 3);
    return check.category == "behaviour" || check.category == "identity" || check.category == "imported"
               ? check.name
               : check.category;
}

// One of many slices, with too few texts to say anything.
bool is_silent(const record::GateCheck& check) {
    return check.endpoint == "kl_mean_slice" && check.result == quality::result::no_power;
}

std::string table(const std::vector<record::GateCheck>& all) {
    std::vector<record::GateCheck> checks;
    std::copy_if(all.begin(), all.end(), std::back_inserter(checks),
                 [](const auto& check) { return !is_silent(check); });
    constexpr const char* row = "{:<17} {:<18}{:>6}{:>11}{:>11}{:>10}{:>10}{:>10}  {}\n";
    std::string text = fmt::format(fmt::runtime(row), "suite", "endpoint", "n", "original", "candidate", "loss",
                                   "upper", "margin", "result");
    for (const record::GateCheck& check : checks)
        text += fmt::format(fmt::runtime(row), row_name(check), check.endpoint, check.n, figure(check, check.original),
                            figure(check, check.candidate), figure(check, check.difference), figure(check, check.upper),
                            figure(check, check.margin), check.result);
    if (checks.size() < all.size())
        text += fmt::format(
            "  {} slices of the traffic have too few texts to be judged apart (NO POWER; --json has them)\n",
            all.size() - checks.size());
    for (const record::GateCheck& check : checks)
        if (!check.note.empty()) text += fmt::format("  {} {}: {}\n", row_name(check), check.endpoint, check.note);
    return text;
}

Ending judged(const quality::Locked& locked) {
    const record::Verdict& verdict = locked.verdict;
    Ending ending;
    ending.text = table(verdict.checks);
    if (verdict.compressed) ending.text += "compressed: a low-stakes pass, fewer items and no consistency suite\n";
    if (!verdict.served.original.empty()) ending.text += quality::describe(verdict.served) + "\n";
    ending.text += quality::describe(verdict.noise) + "\n";
    for (const record::GateLook& look : verdict.looks)
        if (verdict.looks.size() > 1)
            ending.text += fmt::format("look {}: {} items a suite, {} tokens, level {:.2g} %: {}{}{}\n", look.look,
                                       look.items, look.tokens, 100 * look.level, look.verdict,
                                       look.undecided.empty() ? "" : ", undecided: ", look.undecided);
    ending.text += fmt::format("measured {} on both models, same items and texts, in {}{}\n{}",
                               verdict.served.original.empty() ? "here" : "at their servers",
                               core::human_duration(verdict.seconds),
                               locked.recalled ? " (recalled from the record)" : "", verdict.sentence);
    ending.json = {{"verdict", verdict}, {"hash", locked.hash}, {"recalled", locked.recalled}};
    if (verdict.verdict == quality::result::pass) {
        ending.next = "scale evaluate start";
    } else if (verdict.verdict == quality::result::fail) {
        ending.code = exit_code::fail;
        ending.next = "scale choose  (with more bits, see [choice] in scale.toml)";
    } else {
        ending.code = exit_code::inconclusive;
        ending.next =
            "raise items or kl_tokens in [budget] (or looks and items_cap), then: scale lock --declare && scale lock";
    }
    return ending;
}

Ending exported(const record::Pass& pass, const std::string& folder) {
    const auto files = quality::export_results(pass, folder);
    Ending ending;
    std::vector<std::string> names;
    for (const auto& file : files) names.push_back(file.string());
    ending.text = fmt::format("written, from the record; nothing was measured:\n  {}", fmt::join(names, "\n  "));
    ending.json = {{"files", names}};
    return ending;
}

Ending gated(const quality::CheckpointGated& gated) {
    const record::CheckpointGate& gate = gated.gate;
    Ending ending;
    ending.text = table(gate.checks);
    if (!gate.served.original.empty()) ending.text += quality::describe(gate.served) + "\n";
    ending.text += fmt::format("{}\n{}", quality::describe(gate.noise), gate.sentence);
    ending.json = {{"gate", gate}, {"hash", gated.hash}};
    if (gate.decision == "stop") ending.code = exit_code::fail;
    if (gate.decision == "undecided") ending.code = exit_code::inconclusive;
    if (gate.decision == "finish") ending.next = "scale quantize --import, then scale lock";
    return ending;
}

}  // namespace

void add_lock_command(CLI::App& app, Commands& commands) {
    auto declare_only = std::make_shared<bool>(false);
    auto export_to = std::make_shared<std::string>();
    auto checkpoint = std::make_shared<std::string>();
    auto percent = std::make_shared<int>(0);
    CLI::App* command = commands.add(
        app, "lock", "L: declare the budget (--declare), then measure original and candidate against it",
        "scale lock --declare && scale lock", [&commands, declare_only, export_to, checkpoint, percent]() -> Ending {
            record::Pass pass(commands.global().folder);
            if (*declare_only) return declare(pass);
            if (!export_to->empty()) return exported(pass, *export_to);
            const int threads = hardware::threads_for(pass.file().deploy.threads);
            if (!checkpoint->empty()) return gated(quality::gate_checkpoint(pass, *checkpoint, *percent, threads));
            return judged(quality::lock_quality(pass, threads));
        });
    command->add_flag("--declare", *declare_only, "record the budget of scale.toml, before anything is measured");
    command->add_option("--export", *export_to, "write the newest gate's items as lm-evaluation-harness results there")
        ->type_name("DIR");
    CLI::Option* file = command->add_option("--checkpoint", *checkpoint, "gate a GGUF written during training (qat)")
                            ->type_name("FILE");
    command->add_option("--percent", *percent, "of training that the checkpoint has seen: 10, 30 or 100")->needs(file);
    file->needs("--percent");
}

}  // namespace scale::cli
