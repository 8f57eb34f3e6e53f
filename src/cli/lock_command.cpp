#include <fmt/format.h>

#include "cli/commands.h"
#include "core/text.h"
#include "hardware/threads.h"
#include "quality/budget.h"
#include "quality/gate.h"
#include "quality/lock.h"
#include "record/gate_endpoint.h"
#include "record/pass.h"

namespace scale::cli {

namespace {

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
        "every limit one-sided at {:g} %; {} items a suite, {} tokens of held-out traffic, texts to {} tokens, seed {}",
        budget.points, budget.likelihood_nats, suites, budget.kl_mean, budget.top1_agreement, budget.perplexity_ratio,
        100 * (1 - budget.alpha), budget.items, budget.kl_tokens, budget.context, budget.seed);
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
    const bool share = record::counts_in_points(check) || check.endpoint == "top1_agreement";
    return share ? fmt::format("{:.2f} %", 100 * value) : fmt::format("{:.4f}", value);
}

std::string table(const std::vector<record::GateCheck>& checks) {
    constexpr const char* row = "{:<17}{:<18}{:>6}{:>11}{:>11}{:>10}{:>10}{:>10}  {}\n";
    std::string text = fmt::format(fmt::runtime(row), "suite", "endpoint", "n", "original", "candidate", "loss",
                                   "upper", "margin", "result");
    for (const record::GateCheck& check : checks)
        text += fmt::format(fmt::runtime(row), check.category, check.endpoint, check.n, figure(check, check.original),
                            figure(check, check.candidate), figure(check, check.difference), figure(check, check.upper),
                            figure(check, check.margin), check.result);
    for (const record::GateCheck& check : checks)
        if (!check.note.empty()) text += fmt::format("  {} {}: {}\n", check.category, check.endpoint, check.note);
    return text;
}

Ending judged(const quality::Locked& locked) {
    const record::Verdict& verdict = locked.verdict;
    Ending ending;
    ending.text = table(verdict.checks);
    if (verdict.compressed) ending.text += "compressed: a low-stakes pass, fewer items and no consistency suite\n";
    ending.text += fmt::format("measured here on both models, same items and texts, in {}{}\n{}",
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
        ending.next = "raise items or kl_tokens in [budget], then: scale lock --declare && scale lock";
    }
    return ending;
}

}  // namespace

void add_lock_command(CLI::App& app, Commands& commands) {
    auto declare_only = std::make_shared<bool>(false);
    CLI::App* command =
        commands.add(app, "lock", "L: declare the budget (--declare), then measure original and candidate against it",
                     "scale lock --declare && scale lock", [&commands, declare_only]() -> Ending {
                         record::Pass pass(commands.global().folder);
                         if (*declare_only) return declare(pass);
                         return judged(quality::lock_quality(pass, hardware::threads_for(pass.file().deploy.threads)));
                     });
    command->add_flag("--declare", *declare_only, "record the budget of scale.toml, before anything is measured");
}

}  // namespace scale::cli
