#include <algorithm>

#include <fmt/format.h>

#include "record/gate_endpoint.h"
#include "report/chart.h"
#include "report/sections/parts.h"

namespace scale::report {

namespace {

using record::Budget;
using record::counts_in_points;
using record::GateCheck;
using record::Verdict;

double share_of(double value, double margin) {
    if (margin > 0) return value / margin;
    return value <= margin ? 0.0 : 3.0;
}

// Comparisons of one kind as a forest plot.
void plot_checks(Html& page, const std::string& title, const std::vector<const GateCheck*>& checks) {
    core::Json rows = core::Json::array();
    std::string summary;
    for (const GateCheck* check : checks) {
        if (check->n == 0 || check->category == "identity") continue;
        const std::string text = fmt::format("Loss {}, upper limit {}, margin {}", figure_of(*check, check->difference),
                                             figure_of(*check, check->upper), figure_of(*check, check->margin));
        rows.push_back({{"name", title_of(*check)},
                        {"loss", share_of(check->difference, check->margin)},
                        {"upper", share_of(check->upper, check->margin)},
                        {"text", text},
                        {"result", check->result}});
        summary += fmt::format("{} {}. {}. ", title_of(*check), check->result, text);
    }
    if (rows.empty()) return;
    draw(page, {"gate", title,
                "● measured, paired: the dot is the loss, the line reaches to its one-sided upper limit. All that ends "
                "before the margin is within the budget.",
                summary, {{"rows", rows}}});
}

void plot_pairs(Html& page, const std::vector<const GateCheck*>& checks) {
    core::Json rows = core::Json::array();
    std::string summary;
    for (const GateCheck* check : checks) {
        if (!counts_in_points(*check) || check->base_only + check->candidate_only == 0) continue;
        rows.push_back({{"name", title_of(*check)},
                        {"lost", check->base_only},
                        {"won", check->candidate_only},
                        {"n", check->n}});
        summary += fmt::format("{}: {} lost, {} won of {}. ", title_of(*check), check->base_only,
                               check->candidate_only, check->n);
    }
    if (rows.empty()) return;
    draw(page, {"pairs", "Items lost and won", "● counted on the same items: only one of the two models gets them right.",
                summary, {{"rows", rows}}});
}

void write_checks(Html& page, const std::string& caption, const std::vector<const GateCheck*>& checks) {
    if (checks.empty()) return;
    std::vector<Cells> rows;
    std::vector<Cells> methods;
    for (const GateCheck* check : checks) {
        rows.push_back({title_of(*check), check->result, fmt::format("{:.4g}", check->original),
                        fmt::format("{:.4g}", check->candidate), figure_of(*check, check->difference),
                        figure_of(*check, check->upper), figure_of(*check, check->margin),
                        fmt::format("{}", check->n),
                        counts_in_points(*check) ? fmt::format("{} / {}", check->base_only, check->candidate_only)
                                                 : "–"});
        methods.push_back({title_of(*check), check->endpoint, check->method, fmt::format("{}", check->clusters),
                           check->items_needed > 0 ? fmt::format("{}", check->items_needed) : "–", check->note});
    }
    table(page, caption,
          {{"check"},
           {"result"},
           {"original", true},
           {"candidate", true},
           {"loss", true, false, Source::measured},
           {"upper limit", true},
           {"margin", true},
           {"n", true},
           {"lost / won", true}},
          rows);
    page.open("details").element("summary", "How each was judged");
    table(page, caption + ": methods, independent units and notes",
          {{"check"}, {"endpoint"}, {"method", false, true}, {"units", true}, {"needed", true}, {"note", false, true}},
          methods);
    page.close();
}

// Slices of the traffic apart from the rest: there are many, and most say nothing.
void write_comparisons(Html& page, const Verdict& verdict) {
    std::vector<const GateCheck*> whole;
    std::vector<const GateCheck*> slices;
    std::vector<const GateCheck*> telling;
    for (const GateCheck& check : verdict.checks) {
        (is_slice(check) ? slices : whole).push_back(&check);
        if (is_slice(check) && check.result != "NO POWER") telling.push_back(&check);
    }
    plot_checks(page, "Loss against the declared margins", whole);
    plot_pairs(page, whole);
    write_checks(page, "Every comparison, on the same items of both models (lost / won: only one of the two is right)",
                 whole);
    if (slices.empty()) return;
    page.element("h3", "Slices of the traffic");
    page.element("p", fmt::format("{} of {} slices have enough texts to be judged apart.", telling.size(), slices.size()));
    plot_checks(page, "Loss by slice", telling);
    page.open("details").element("summary", fmt::format("All {} slices", slices.size()));
    write_checks(page, "KL divergence by slice of the traffic", slices);
    page.close();
}

void write_served(Html& page, const record::ServedMeasurement& served) {
    if (served.original.empty()) return;
    page.element("p",
                 fmt::format("Judged by the log probabilities of servers: {} and {}, {} tokens at every place{}.",
                             served.original, served.candidate, served.top_tokens,
                             served.whole ? ", the whole vocabulary" : "; the KL divergence is a lower bound"),
                 {{"class", "note"}});
    table(page,
          fmt::format("Servers against the engine on {} tokens of {} held-out texts", served.tokens, served.texts),
          {{"compared"}, {"mean |Δ log p|, nats", true, false, Source::measured}, {"at most", true}},
          {{"original: server and engine", fmt::format("{:.4f}", served.original_off),
            fmt::format("{:g}", served.limit)},
           {"candidate: server and engine", fmt::format("{:.4f}", served.candidate_off), "–"},
           {"engine: candidate and original", fmt::format("{:.4f}", served.between), "–"}});
}

void write_looks(Html& page, const Verdict& verdict) {
    if (!verdict.noise.how.empty())
        page.element(
            "p",
            fmt::format("Noise floor, ● measured: the original against itself ({}): KL {:.2g} nats a token at {} "
                        "tokens, {} of {} items answered otherwise.",
                        verdict.noise.how, verdict.noise.kl_mean, verdict.noise.tokens, verdict.noise.flips,
                        verdict.noise.items),
            {{"class", "note"}});
    if (verdict.looks.size() < 2) return;
    std::vector<Cells> rows;
    for (const record::GateLook& look : verdict.looks)
        rows.push_back({fmt::format("{}", look.look), fmt::format("{}", look.items), fmt::format("{}", look.tokens),
                        fmt::format("{:.2g} %", 100 * look.level), fmt::format("{:.2g} %", 100 * look.spent),
                        look.verdict, look.undecided});
    table(page, "Looks at the data; the error rate is spent over them",
          {{"look", true},
           {"items", true},
           {"tokens", true},
           {"level", true},
           {"spent", true},
           {"verdict"},
           {"undecided", false, true}},
          rows);
}

void write_budget(Html& page, const Context& context) {
    page.element("h3", "The budget, declared beforehand");
    with_entry(page, context, record::kind::budget, [&](const record::Entry& entry) {
        const auto budget = entry.payload.get<Budget>();
        std::vector<Cells> rows = {{"mean of all items", fmt::format("{} pp", budget.points)},
                                   {"KL divergence, mean", fmt::format("{} nats per token", budget.kl_mean)},
                                   {"top-1 agreement, at least", fmt::format("{:.2f} %", 100 * budget.top1_agreement)},
                                   {"perplexity ratio", fmt::format("{}", budget.perplexity_ratio)},
                                   {"gold-answer loss", fmt::format("{} nats", budget.likelihood_nats)}};
        if (budget.kl_p99 > 0)
            rows.push_back({"KL divergence, 99th percentile", fmt::format("{} nats", budget.kl_p99)});
        if (budget.kl_p999 > 0)
            rows.push_back({"KL divergence, 99.9th percentile", fmt::format("{} nats", budget.kl_p999)});
        if (budget.rms_dp > 0)
            rows.push_back(
                {"change of a token's probability, root mean square", fmt::format("{:.2f} pp", 100 * budget.rms_dp)});
        for (const auto& suite : budget.imports)
            rows.push_back({fmt::format("imported {} {}", suite.task, suite.metric), fmt::format("{}", suite.margin)});
        for (const auto& [suite, margin] : budget.suites)
            rows.push_back({"suite " + suite, fmt::format("{} pp", margin)});
        table(page,
              fmt::format("Entry {} of {}; one-sided error rate {} each; {} items a suite, {} tokens", entry.seq,
                          entry.time, budget.alpha, budget.items, budget.kl_tokens),
              {{"limit"}, {"margin", true}}, rows);
    });
}

}  // namespace

void write_quality(Html& page, const Context& context) {
    begin_stage(page, context, record::Stage::quality);
    with_entry(page, context, record::kind::verdict, [&](const record::Entry& entry) {
        const auto verdict = entry.payload.get<Verdict>();
        const char* tone = verdict.verdict == "PASS" ? "good" : verdict.verdict == "FAIL" ? "bad" : "warn";
        page.element("p", verdict.sentence.empty() ? verdict.verdict : verdict.sentence,
                     {{"class", std::string("lead ") + tone}});
        if (verdict.compressed)
            page.element("p", "Compressed: a low-stakes pass scores fewer suites and items.", {{"class", "note"}});
        write_served(page, verdict.served);
        write_comparisons(page, verdict);
        write_looks(page, verdict);
    });
    write_budget(page, context);
    write_predictions(page, context);
    write_regressions(page, context);
    page.close();
}

}  // namespace scale::report
