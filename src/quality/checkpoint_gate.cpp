#include "quality/checkpoint_gate.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/error.h"
#include "core/hash.h"
#include "quality/gate.h"
#include "quality/looks.h"
#include "quality/measuring.h"
#include "quality/statistics/bootstrap.h"

namespace scale::quality {
namespace {

namespace fs = std::filesystem;

constexpr int percents[] = {10, 30, 100};

// The divergence to be better than, and where it stands.
struct Reference {
    double kl = 0;
    std::string where;  // "" for none
};

double kl_of(const std::vector<record::GateCheck>& checks) {
    for (const record::GateCheck& check : checks)
        if (check.endpoint == "kl_mean") return check.difference;
    return 0;
}

bool builds_on(const record::Entry& entry, const record::Entry& parent) {
    return std::find(entry.parents.begin(), entry.parents.end(), parent.hash) != entry.parents.end();
}

// Of the gate before on this mixture, which must be there; at 10 %, of the newest verdict.
Reference reference_for(const record::Lineage& lineage, const record::Entry& mixture, int percent) {
    Reference reference;
    if (percent == 10) {
        if (const record::Entry* verdict = record::latest(lineage.entries, record::kind::verdict))
            reference = {kl_of(verdict->payload.get<record::Verdict>().checks), "the artefact without training"};
        return reference;
    }
    const int before = percent == 30 ? 10 : 30;
    for (const record::Entry& entry : lineage.entries) {
        if (entry.kind != record::kind::checkpoint_gate || !builds_on(entry, mixture)) continue;
        const auto gate = entry.payload.get<record::CheckpointGate>();
        if (gate.percent == before) reference = {kl_of(gate.checks), fmt::format("the gate at {} %", before)};
    }
    if (reference.where.empty())
        throw core::refused(fmt::format("no checkpoint was gated at {} % of this training", before),
                            "gates at 10, 30 and 100 %, in this order",
                            fmt::format("scale lock --checkpoint FILE --percent {}", before));
    return reference;
}

Subject checkpoint_subject(const record::Pass& pass, const record::Lineage& lineage, const fs::path& checkpoint) {
    Subject subject = declared_subject(pass, lineage);
    subject.candidate = fs::absolute(checkpoint);
    subject.artefact.sha256 = core::sha256_file(subject.candidate);
    subject.artefact.original_sha256 = core::sha256_file(subject.original);
    if (!subject.budget.baseline_sha256.empty() && subject.budget.baseline_sha256 != subject.artefact.original_sha256)
        throw core::input_error(subject.original.string() + " is not the original that the budget was declared for");
    return subject;
}

// A divergence whose lower limit lies above that of the gate before: training leads away.
bool led_away(const Measurements& measured, const Reference& reference, const record::Budget& budget) {
    if (reference.where.empty()) return false;
    std::vector<Cluster> texts;
    for (const SequenceResult& s : measured.sequences) {
        Cluster text{0, static_cast<double>(s.kl.size())};
        for (const double kl : s.kl) text.sum += kl;
        if (text.weight > 0) texts.push_back(text);
    }
    return bootstrap_mean(texts, budget.alpha, budget.seed).lower > reference.kl;
}

void decide(record::CheckpointGate& gate, const GateOutcome& outcome, bool away, const Reference& reference) {
    const bool differs = std::any_of(gate.checks.begin(), gate.checks.end(), [](const record::GateCheck& check) {
        return check.category == "identity" && check.result == result::fail;
    });
    const double kl = kl_of(gate.checks);
    if (differs) {
        gate.decision = "stop";
        gate.sentence = "stop: the checkpoint differs from the original in what must be the same.";
    } else if (gate.percent == 100) {
        gate.decision = outcome.verdict == result::pass           ? "finish"
                        : outcome.verdict == result::inconclusive ? "undecided"
                                                                  : "stop";
        gate.sentence = fmt::format("{} at 100 %: {}", gate.decision, outcome.sentence);
    } else if (away) {
        gate.decision = "stop";
        gate.sentence = fmt::format("stop: the divergence is {:.4f} nats, significantly above the {:.4f} of {}.", kl,
                                    reference.kl, reference.where);
    } else {
        gate.decision = "continue";
        gate.sentence = reference.where.empty()
                            ? fmt::format("continue: the divergence is {:.4f} nats; nothing was gated before.", kl)
                            : fmt::format("continue: the divergence is {:.4f} nats, {:.4f} at {}.", kl, reference.kl,
                                          reference.where);
    }
}

}  // namespace

CheckpointGated gate_checkpoint(record::Pass& pass, const fs::path& checkpoint, int percent, int threads) {
    const record::WorkLock lock(pass.folder(), "scale lock --checkpoint");
    if (pass.file().quality.method != "qat")
        throw core::refused("checkpoints are gated under quantisation-aware training only",
                            "method = \"qat\" in [quality]", "scale lock");
    if (std::find(std::begin(percents), std::end(percents), percent) == std::end(percents))
        throw core::usage_error(fmt::format("--percent is {}", percent), "10, 30 or 100");
    const record::Lineage lineage = pass.lineage();
    const record::Entry* mixture = record::latest(lineage.entries, record::kind::training_mixture);
    const record::Entry* set = lineage.current(record::kind::calibration_set);
    if (!mixture || !set || !builds_on(*mixture, *set))
        throw core::refused("no training mixture stands on the calibration set in force",
                            "the texts that are trained on", "scale assemble --mixture");
    const Reference reference = reference_for(lineage, *mixture, percent);
    const Subject subject = checkpoint_subject(pass, lineage, checkpoint);
    const auto looks = plan_looks(subject.budget, subject.compressed);
    const Measuring measuring(pass, subject, subject.budget.items_sha256, looks, threads);

    CheckpointGated gated;
    record::CheckpointGate& gate = gated.gate;
    gate.percent = percent;
    gate.path = checkpoint.filename().string();
    gate.sha256 = subject.artefact.sha256;
    gate.budget = subject.budget_entry.hash;
    gate.served = measuring.agreement();
    gate.noise = measuring.noise(subject.budget);
    const core::Json measured = measuring.look(looks.back());
    const auto measurements = measured.get<Measurements>();
    GateOutcome outcome = judge(subject.budget, measurements, gate.noise);
    gate.checks = outcome.checks;
    gate.measurements_sha256 = pass.objects().put(core::canonical(measured));
    decide(gate, outcome, led_away(measurements, reference, subject.budget), reference);
    gated.hash = pass.store()
                     .append({record::Stage::quality,
                              record::kind::checkpoint_gate,
                              {mixture->hash, subject.budget_entry.hash},
                              gate})
                     .hash;
    measuring.forget();
    return gated;
}

}  // namespace scale::quality
