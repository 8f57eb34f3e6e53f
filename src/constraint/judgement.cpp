#include "constraint/judgement.h"

#include <algorithm>

#include <fmt/format.h>

#include "constraint/sentence.h"
#include "core/error.h"

namespace scale::constraint {

namespace {

constexpr double mib = 1024.0 * 1024.0;

TargetCheck check_memory(double allowed, const record::Memory& memory) {
    const double needed_by_original = static_cast<double>(memory.total()) / mib;
    const double load = needed_by_original / allowed;
    return {"memory", allowed, {needed_by_original, needed_by_original, needed_by_original, 1}, load, load, load};
}

TargetCheck check_throughput(double wanted, const record::Measured& rate) {
    return {"throughput", wanted, rate, wanted / rate.median, wanted / rate.high, wanted / rate.low};
}

TargetCheck check_cost(const record::ConstraintSection& stated, const record::Measured& rate) {
    const auto price = [&](double requests) {
        return price_per_million_tokens(stated.price_per_hour, stated.workload, requests);
    };
    const record::Measured found{price(rate.median), price(rate.high), price(rate.low), rate.rounds};
    const double allowed = stated.price_per_million_tokens;
    return {"cost", allowed, found, found.median / allowed, found.low / allowed, found.high / allowed};
}

core::Error missing_key(const std::string& key, const std::string& why) {
    return core::input_error(fmt::format("scale.toml states no {} in [constraint]", key), why,
                             fmt::format("state the {} in scale.toml, then scale set", key));
}

core::Error contradiction(const TargetCheck& stated, const std::vector<TargetCheck>& checks,
                          const Measurement& measured) {
    std::string found = fmt::format("kind = \"{}\" is stated, but the original already meets that target: {}",
                                    stated.kind, describe_found(stated, measured));
    for (const TargetCheck& other : checks)
        if (other.violated())
            found += fmt::format("; it misses the {} target, {:.2f} times over", other.kind, other.load);
    return core::refused(std::move(found), "a constraint that the measurement bears out",
                         "set kind = \"measure\" in scale.toml, or scale set --because \"…\" to record why it stands");
}

core::Error nothing_to_relieve(const std::vector<TargetCheck>& checks, const Measurement& measured) {
    std::string found = "the original meets every stated target, so there is no constraint to relieve: ";
    for (std::size_t i = 0; i < checks.size(); ++i) found += (i == 0 ? "" : "; ") + describe_found(checks[i], measured);
    return core::refused(std::move(found), "a target in [constraint] that the original misses",
                         "state the real target in scale.toml, or scale set --because \"…\" to record why to go on");
}

const TargetCheck& heaviest(const std::vector<TargetCheck>& checks) {
    return *std::max_element(checks.begin(), checks.end(),
                             [](const TargetCheck& a, const TargetCheck& b) { return a.load < b.load; });
}

}  // namespace

double price_per_million_tokens(double price_per_hour, const record::Workload& workload, double requests_per_minute) {
    const double tokens_per_hour = (workload.prompt_tokens + workload.completion_tokens) * requests_per_minute * 60;
    return tokens_per_hour > 0 ? price_per_hour / tokens_per_hour * 1e6 : 0;
}

void require_targets(const record::ConstraintSection& stated) {
    if (stated.kind == "memory" && !(stated.memory_mib > 0))
        throw missing_key("memory_mib", "a memory constraint with what weights, KV cache and buffers may take");
    if (stated.kind == "throughput" && !(stated.requests_per_minute > 0))
        throw missing_key("requests_per_minute", "a throughput constraint with the rate that is needed");
    const bool cost_named = stated.kind == "cost" || stated.price_per_million_tokens > 0;
    if (cost_named && !(stated.price_per_hour > 0))
        throw missing_key("price_per_hour", "a cost target with the price of the machine");
    if (stated.kind == "cost" && !(stated.price_per_million_tokens > 0))
        throw missing_key("price_per_million_tokens", "a cost constraint with the price that is to be met");
    if (!(stated.memory_mib > 0) && !(stated.requests_per_minute > 0) && !cost_named)
        throw missing_key("target", "memory_mib, requests_per_minute, or price_per_hour with price_per_million_tokens");
}

std::vector<TargetCheck> check_targets(const record::ConstraintSection& stated, const Measurement& measured) {
    require_targets(stated);
    std::vector<TargetCheck> checks;
    if (stated.memory_mib > 0) checks.push_back(check_memory(stated.memory_mib, measured.memory));
    if (stated.requests_per_minute > 0)
        checks.push_back(check_throughput(stated.requests_per_minute, measured.speed.rate));
    if (stated.price_per_million_tokens > 0) checks.push_back(check_cost(stated, measured.speed.rate));
    return checks;
}

Judgement judge_constraint(const record::ConstraintSection& stated, const Measurement& measured,
                           const std::string& because) {
    Judgement judgement;
    judgement.checks = check_targets(stated, measured);
    if (stated.kind == "measure") {
        judgement.binding = heaviest(judgement.checks);
        judgement.overridden = !judgement.binding.violated();
        if (judgement.overridden && because.empty()) throw nothing_to_relieve(judgement.checks, measured);
        return judgement;
    }
    judgement.binding = *std::find_if(judgement.checks.begin(), judgement.checks.end(),
                                      [&](const TargetCheck& check) { return check.kind == stated.kind; });
    judgement.overridden = judgement.binding.contradicted();
    if (judgement.overridden && because.empty()) throw contradiction(judgement.binding, judgement.checks, measured);
    return judgement;
}

}  // namespace scale::constraint
