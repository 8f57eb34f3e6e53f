// Boxes of the stages before anything is measured against the bar: constraint, choice, calibration.

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "core/text.h"
#include "record/payload.h"
#include "report/checklist_boxes.h"

namespace scale::report {

namespace {

namespace kind = record::kind;
using record::CalibrationSet;
using record::Candidate;
using record::Constraint;
using record::Decision;

const Candidate* chosen_of(const Decision& decision) {
    const auto& all = decision.candidates;
    const auto found =
        std::find_if(all.begin(), all.end(), [](const Candidate& candidate) { return candidate.chosen; });
    return found == all.end() ? nullptr : &*found;
}

// The rate of the slowest round over that of the median round.
double slowest(const record::Speed& speed) {
    const auto share = [](const record::Measured& rate) { return rate.median > 0 ? rate.low / rate.median : 1.0; };
    return std::min(share(speed.prefill), share(speed.batch_decode));
}

// How many times over the original misses the stated target in its worst round; above 1, the measurements do not
// contradict the constraint.
void judge_contradiction(const Constraint& constraint, Box& box) {
    const auto stated = [&](const char* key) {
        const auto found = constraint.target.is_object() ? constraint.target.find(key) : constraint.target.end();
        return found != constraint.target.end() && found->is_number() ? found->get<double>() : 0.0;
    };
    double load = 0;
    if (constraint.kind == "memory") {
        const double needed = static_cast<double>(constraint.memory.total()) / (1024.0 * 1024.0);
        load = needed / stated("memory_mib");
        box.evidence = fmt::format("needs {:.0f} MiB, {:.0f} allowed", needed, stated("memory_mib"));
    } else if (constraint.kind == "throughput") {
        const double rate = constraint.speed.requests_per_minute;
        load = stated("requests_per_minute") / (rate * slowest(constraint.speed));
        box.evidence =
            fmt::format("answers {:.1f} requests a minute, {:.1f} required", rate, stated("requests_per_minute"));
    } else {
        const double price = constraint.price_per_million_tokens;
        load = price / slowest(constraint.speed) / stated("price_per_million_tokens");
        box.evidence =
            fmt::format("costs {:.3f} per million tokens, {:.3f} allowed", price, stated("price_per_million_tokens"));
    }
    box.ticked = load > 1 || !constraint.because.empty();
    if (!constraint.because.empty()) box.evidence += "; override: " + constraint.because;
}

void judge_kernel_trial(const Decision& decision, Box& box) {
    const Candidate* chosen = chosen_of(decision);
    if (!chosen || !chosen->trialled) {
        box.evidence = "the chosen type was not trialled";
        return;
    }
    box.ticked = chosen->speedup.median > 1.0;
    box.evidence =
        fmt::format("{}: {:.2f}× the original (range {:.2f}–{:.2f}, {} rounds, measured)", chosen->name,
                    chosen->speedup.median, chosen->speedup.low, chosen->speedup.high, chosen->speedup.rounds);
}

void judge_bits(const Decision& decision, Box& box) {
    const Candidate* chosen = chosen_of(decision);
    const double bits = chosen ? chosen->nominal_bits : 0;
    box.ticked = bits == 4 || (bits > 0 && !(decision.reason.empty() && decision.because.empty()));
    box.evidence = fmt::format("{} ({} bits): {}", decision.type, bits,
                               decision.because.empty() ? decision.reason : decision.because);
}

void judge_below_four(const record::Lineage& lineage, const Decision& decision, Box& box) {
    const Candidate* chosen = chosen_of(decision);
    if (!chosen) {
        box.evidence = "no candidate is marked as chosen";
    } else if (chosen->nominal_bits >= 4) {
        box.ticked = true;
        box.evidence = fmt::format("not needed: {} has {} bits", chosen->name, chosen->nominal_bits);
    } else {
        const bool budget = lineage.current(kind::budget) != nullptr;
        box.ticked = budget && !decision.qat_plan_sha256.empty();
        box.evidence =
            fmt::format("budget {}, QAT plan {}", budget ? "declared" : "missing",
                        decision.qat_plan_sha256.empty() ? "missing" : decision.qat_plan_sha256.substr(0, 12));
    }
}

// Which values of a dimension the traffic has and the set lacks.
std::string uncovered(const CalibrationSet& set, const std::string record::Stratum::*dimension) {
    std::set<std::string> traffic;
    std::set<std::string> sampled;
    for (const record::Stratum& stratum : set.strata) {
        if (stratum.traffic > 0) traffic.insert(stratum.*dimension);
        if (stratum.samples > 0) sampled.insert(stratum.*dimension);
    }
    std::string missing;
    for (const std::string& value : traffic)
        if (sampled.count(value) == 0) missing += (missing.empty() ? "" : ", ") + value;
    return missing;
}

void judge_coverage(const CalibrationSet& set, Box& box) {
    std::string missing;
    for (const auto dimension : {&record::Stratum::length, &record::Stratum::topic, &record::Stratum::format})
        if (const std::string names = uncovered(set, dimension); !names.empty())
            missing += (missing.empty() ? "" : "; ") + names;
    box.ticked = !set.strata.empty() && missing.empty();
    box.evidence = missing.empty()
                       ? fmt::format("{:.1f} % of the distinct traffic lies in a sampled cell; total variation {:.2f}",
                                     100 * set.coverage, set.total_variation)
                       : "no sample of: " + missing;
}

void judge_artefact(const record::Artefact& artefact, Box& box) {
    const auto worst =
        std::max_element(artefact.tensors.begin(), artefact.tensors.end(),
                         [](const auto& a, const auto& b) { return a.relative_error < b.relative_error; });
    box.ticked = !artefact.tensors.empty() && !artefact.generated.empty();
    box.evidence =
        box.ticked ? fmt::format("{} tensors compared with the original, worst {} at {:.4f}; it generated {} bytes",
                                 artefact.tensors.size(), worst->name, worst->relative_error, artefact.generated.size())
                   : "the check after writing is not in the record";
}

}  // namespace

std::vector<Box> constraint_boxes(const record::Lineage& lineage) {
    BoxList list(lineage, record::Stage::constraint);
    list.add<Constraint>("One sentence names the bottleneck: memory, throughput or cost", kind::constraint,
                         [](const Constraint& c, Box& box) {
                             box.ticked = !c.sentence.empty() &&
                                          (c.kind == "memory" || c.kind == "throughput" || c.kind == "cost");
                             box.evidence = c.sentence;
                         });
    list.add<Constraint>(
        "The bottleneck is measured on the target machine", kind::constraint, [](const Constraint& c, Box& box) {
            box.ticked = c.speed.decode.rounds > 0 && c.memory.total() > 0;
            box.evidence = fmt::format(
                "decode {1:.1f} tokens/s (measured, {0} rounds), {2} needed (estimated by the allocation plan); {3}",
                c.speed.decode.rounds, c.speed.decode.median, core::human_bytes(c.memory.total()), c.hardware);
        });
    list.add<Constraint>("The measurements do not contradict it, or the override has a reason", kind::constraint,
                         judge_contradiction);
    list.add<Constraint>("The stakes are stated", kind::constraint, [](const Constraint& c, Box& box) {
        box.ticked = c.stakes == "normal" || (c.stakes == "low" && !c.stakes_reason.empty());
        box.evidence = c.stakes_reason.empty() ? c.stakes : c.stakes + ": " + c.stakes_reason;
    });
    return list.take();
}

std::vector<Box> choice_boxes(const record::Lineage& lineage) {
    BoxList list(lineage, record::Stage::choice);
    list.add<Decision>("Candidates are listed with their true bytes", kind::decision, [](const Decision& d, Box& box) {
        const auto sized =
            std::count_if(d.candidates.begin(), d.candidates.end(), [](const Candidate& c) { return c.bytes > 0; });
        box.ticked = sized >= 2;
        box.evidence = fmt::format("{} of {} candidates have a computed size", sized, d.candidates.size());
    });
    list.add<Decision>("The kernels of the chosen type are faster than the original here", kind::decision,
                       judge_kernel_trial);
    list.add<Decision>("4 bits by default, or a written reason for another width", kind::decision, judge_bits);
    list.add<Decision>("Below 4 bits: a declared budget and a QAT plan", kind::decision,
                       [&](const Decision& d, Box& box) { judge_below_four(lineage, d, box); });
    list.add<Decision>("Every rejected candidate says why", kind::decision, [](const Decision& d, Box& box) {
        const auto silent = std::count_if(d.candidates.begin(), d.candidates.end(),
                                          [](const Candidate& c) { return !c.chosen && c.reason.empty(); });
        box.ticked = !d.candidates.empty() && silent == 0;
        box.evidence = fmt::format("rule {}; {} candidates without a reason", d.rule, silent);
    });
    return list.take();
}

std::vector<Box> calibration_boxes(const record::Lineage& lineage, const std::string& now) {
    BoxList list(lineage, record::Stage::calibration);
    list.add<CalibrationSet>(
        "128–512 samples from real traffic", kind::calibration_set, [](const CalibrationSet& s, Box& box) {
            box.ticked = s.samples >= 128 && s.samples <= 512 && s.log_requests > 0;
            box.evidence = fmt::format("{} samples of {} usable requests", s.samples, s.log_requests);
        });
    list.add<CalibrationSet>("It covers length, topic and format", kind::calibration_set, judge_coverage);
    list.add<CalibrationSet>(
        "It is disjoint from what the gate scores", kind::calibration_set, [](const CalibrationSet& s, Box& box) {
            box.ticked = s.holdout_samples > 0 && !s.holdout_sha256.empty() && s.holdout_sha256 != s.set_sha256;
            box.evidence = fmt::format("{} samples held out; `scale verify` compares their texts", s.holdout_samples);
        });
    list.add<CalibrationSet>(
        "It has an expiry, and has not expired", kind::calibration_set, [&](const CalibrationSet& s, Box& box) {
            box.ticked = !s.expires_at.empty() && s.expires_at > now;  // one fixed-width form: text order is time order
            box.evidence = s.expires_at.empty() ? "no expiry" : "expires " + s.expires_at;
        });
    list.add<record::Artefact>("The artefact was reopened, compared with the original, and generates", kind::artefact,
                               judge_artefact);
    return list.take();
}

}  // namespace scale::report
