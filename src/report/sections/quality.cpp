#include <algorithm>

#include <fmt/format.h>

#include "record/gate_endpoint.h"
#include "report/describe.h"
#include "report/sections/parts.h"
#include "report/svg.h"

namespace scale::report {

namespace {

using record::Budget;
using record::counts_in_points;
using record::GateCheck;
using record::Verdict;

// A loss in the unit that people use: percentage points for shares of items, its own unit otherwise.
std::string figure(const GateCheck& check, double value) {
    if (value >= 1e8) return "no limit";
    if (counts_in_points(check) || check.endpoint == "top1_agreement" || check.endpoint == "rms_dp")
        return fmt::format("{:.2f} pp", 100 * value);
    if (check.endpoint == "perplexity_ratio" || check.endpoint == "length")
        return fmt::format("{:+.2f} %", 100 * value);
    if (check.endpoint == "score") return fmt::format("{:.4g}", value);
    return fmt::format("{:.4f} nats", value);
}

double share_of(double value, double margin) {
    if (margin > 0) return value / margin;
    return value <= margin ? 0.0 : 3.0;
}

void plot_checks(Html& page, const Verdict& verdict) {
    ForestPlot plot;
    plot.title =
        "Loss of the candidate and its one-sided upper limit, in shares of the declared margin (measured, paired)";
    for (const GateCheck& check : verdict.checks) {
        if (check.n == 0 || check.category == "identity") continue;
        plot.rows.push_back({check.name + (check.endpoint == "gold_loss" ? " (gold loss)" : ""),
                             share_of(check.difference, check.margin), share_of(check.upper, check.margin),
                             "≤ " + figure(check, check.upper), check.result});
        plot.description +=
            fmt::format("{} {}: loss {}, upper limit {}, margin {}. ", check.name, check.result,
                        figure(check, check.difference), figure(check, check.upper), figure(check, check.margin));
    }
    draw(page, plot);
}

void write_checks(Html& page, const Verdict& verdict) {
    std::vector<Cells> rows;
    std::vector<Cells> methods;
    for (const GateCheck& check : verdict.checks) {
        rows.push_back({check.name, check.result, fmt::format("{:.4g}", check.original),
                        fmt::format("{:.4g}", check.candidate), figure(check, check.difference),
                        figure(check, check.upper), figure(check, check.margin), fmt::format("{}", check.n),
                        counts_in_points(check) ? fmt::format("{} / {}", check.base_only, check.candidate_only) : "–"});
        methods.push_back({check.name, check.endpoint, check.method, fmt::format("{}", check.clusters),
                           check.items_needed > 0 ? fmt::format("{}", check.items_needed) : "–", check.note});
    }
    table(page,
          "Every comparison, ● measured on the same items (lost / won: items that only one of the two gets right)",
          {{"check"},
           {"result"},
           {"original", true},
           {"candidate", true},
           {"loss", true},
           {"upper limit", true},
           {"margin", true},
           {"n", true},
           {"lost / won", true}},
          rows);
    page.open("details").element("summary", "How each was judged");
    table(page, "Methods, independent units and notes",
          {{"check"}, {"endpoint"}, {"method", false, true}, {"units", true}, {"needed", true}, {"note", false, true}},
          methods);
    page.close();
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

std::string cell_of(const core::Json& value) {
    if (value.is_string()) return value.get<std::string>();
    if (value.is_number_float()) return fmt::format("{:.4g}", value.get<double>());
    return value.dump(-1, ' ', false, core::Json::error_handler_t::replace);
}

// A list of objects as a table; which members they have is the gate's business.
void write_objects(Html& page, const std::string& caption, const core::Json& list) {
    if (!list.is_array() || list.empty() || !list[0].is_object()) return;
    std::vector<Column> columns;
    for (const auto& [key, value] : list[0].items()) columns.push_back({key, value.is_number(), value.is_string()});
    std::vector<Cells> rows;
    for (const core::Json& object : list) {
        Cells cells;
        for (const Column& column : columns)
            cells.push_back(object.contains(column.name) ? cell_of(object[column.name]) : "");
        rows.push_back(std::move(cells));
        if (rows.size() == 20) break;
    }
    table(page, caption, columns, rows);
}

void write_worst(Html& page, const core::Json& worst) {
    if (worst.empty()) return;
    page.element("h3", "Worst regressions");
    if (worst.is_array()) return write_objects(page, "Where the candidate is furthest from the original", worst);
    if (!worst.is_object()) return;
    for (const auto& [key, list] : worst.items()) {
        if (list.empty()) page.element("p", "None among the " + key + ".");
        write_objects(page, "Worst " + key, list);
    }
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
        plot_checks(page, verdict);
        write_checks(page, verdict);
        write_looks(page, verdict);
    });
    write_budget(page, context);
    if (const record::Entry* entry = record::latest(context.lineage.entries, record::kind::verdict))
        write_worst(page, entry->payload.value("worst", core::Json::array()));
    page.close();
}

}  // namespace scale::report
