#include <scale/gate.h>

#include <stdexcept>

#include "quality/check/accuracy.h"
#include "quality/gate.h"

namespace scale::embed {

namespace {

Result result_of(const record::GateCheck& check) {
    for (const Result result : {Result::pass, Result::fail, Result::inconclusive, Result::no_power})
        if (check.result == name_of(result)) return result;
    throw std::logic_error("unknown result " + check.result);
}

double mean_chance(const std::vector<quality::PairedOutcome>& outcomes) {
    double sum = 0;
    for (const quality::PairedOutcome& outcome : outcomes) sum += outcome.chance;
    return sum / static_cast<double>(outcomes.size());
}

void refuse_bad(const std::vector<Outcome>& outcomes, double margin, double alpha) {
    if (outcomes.empty()) throw std::invalid_argument("no outcomes to compare");
    if (!(margin > 0 && margin < 1)) throw std::invalid_argument("the margin must lie between 0 and 1");
    if (!(alpha > 0 && alpha < 0.5)) throw std::invalid_argument("alpha must lie between 0 and 0.5");
    for (const Outcome& outcome : outcomes)
        if (!(outcome.chance >= 0 && outcome.chance <= 1))
            throw std::invalid_argument("chance must lie between 0 and 1");
}

}  // namespace

const char* name_of(Result result) {
    switch (result) {
        case Result::pass:
            return quality::result::pass;
        case Result::fail:
            return quality::result::fail;
        case Result::inconclusive:
            return quality::result::inconclusive;
        case Result::no_power:
            return quality::result::no_power;
    }
    return "";
}

Comparison compare(const std::vector<Outcome>& outcomes, double margin, double alpha) {
    refuse_bad(outcomes, margin, alpha);
    std::vector<quality::PairedOutcome> paired;
    for (const Outcome& outcome : outcomes)
        paired.push_back({outcome.cluster, outcome.original, outcome.candidate, outcome.chance});
    const double effect = quality::difference_design_effect(paired);
    record::GateCheck check = quality::accuracy_check("outcomes", paired, effect, margin, alpha);
    if (!quality::has_headroom(paired, mean_chance(paired), margin, alpha)) quality::withdraw(check);
    return {result_of(check),     check.difference,   check.upper, check.base_only,
            check.candidate_only, check.items_needed, check.method};
}

}  // namespace scale::embed
