#include "quality/lock.h"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include "client/model_server.h"
#include "core/error.h"
#include "core/hash.h"
#include "core/progress.h"
#include "quality/gate.h"
#include "quality/items.h"
#include "quality/jobs.h"
#include "quality/lm_eval/import.h"
#include "quality/looks.h"
#include "quality/measuring.h"
#include "quality/regressions.h"
#include "quality/subject.h"

namespace scale::quality {
namespace {

namespace fs = std::filesystem;

std::string measured_with(const record::QualitySection& settings, bool served) {
    if (settings.original_url.empty()) return {};
    return fmt::format("{}written answers by {} and {}", served ? "distributions, forced choices and " : "",
                       client::without_credentials(settings.original_url),
                       client::without_credentials(settings.candidate_url));
}

// The gate's start, unless the newest gate_started is this very one and has no verdict yet (it was interrupted).
record::Entry start_gate(record::Pass& pass, const record::Lineage& lineage, const Subject& subject,
                         const std::string& items_sha256) {
    const record::GateStarted start{subject.artefact.sha256,
                                    subject.budget_entry.hash,
                                    items_sha256,
                                    subject.artefact.original_sha256,
                                    subject.held_out_sha256,
                                    measured_with(pass.file().quality, subject.served())};
    const record::Entry* last = record::latest(lineage.entries, record::kind::gate_started);
    const record::Entry* verdict = record::latest(lineage.entries, record::kind::verdict);
    if (last && last->payload == core::Json(start) && (!verdict || verdict->seq < last->seq)) {
        core::say("continuing the interrupted gate");
        return *last;
    }
    return pass.store().append({record::Stage::quality,
                                record::kind::gate_started,
                                {subject.artefact_entry.hash, subject.budget_entry.hash},
                                start});
}

std::string names_of(const std::vector<record::GateCheck>& checks, const char* wanted) {
    std::vector<std::string> names;
    for (const record::GateCheck& check : checks)
        if (check.result == wanted) names.push_back(check.name);
    return fmt::format("{}", fmt::join(names, ", "));
}

struct Judged {
    GateOutcome outcome;
    core::Json measured;
    std::vector<record::GateLook> looks;  // those that were taken
};

// Look after look, while what is undecided could still pass. Each judges all data so far at its own level.
Judged take_looks(const Measuring& measuring, const std::vector<record::GateLook>& planned,
                  const record::Budget& budget, const record::NoiseFloor& noise,
                  const std::vector<ImportedScore>& imported) {
    Judged judged;
    for (record::GateLook look : planned) {
        judged.measured = measuring.look(look);
        judged.measured["imported"] = imported;
        record::Budget at_level = budget;
        at_level.alpha = look.level;
        judged.outcome = judge(at_level, judged.measured.get<Measurements>(), noise);
        look.verdict = judged.outcome.verdict;
        look.undecided = names_of(judged.outcome.checks, result::inconclusive);
        judged.looks.push_back(look);
        if (!judged.outcome.more_may_help) break;
        if (look.look < static_cast<int>(planned.size()))
            core::say(fmt::format("undecided at look {} of {} ({}): adding items", look.look, planned.size(),
                                  look.undecided));
    }
    return judged;
}

// How often a gate has started on these bytes: every further one is another chance to pass by luck.
std::ptrdiff_t gates_on(const record::Lineage& lineage, const std::string& artefact_sha256) {
    return std::count_if(lineage.entries.begin(), lineage.entries.end(), [&](const record::Entry& entry) {
        return entry.kind == record::kind::gate_started &&
               entry.payload.value("artefact_sha256", "") == artefact_sha256;
    });
}

std::string sentence_of(const Judged& judged, const record::Budget& budget, std::ptrdiff_t gates,
                        const record::ServedMeasurement& served) {
    std::string sentence = judged.outcome.sentence;
    if (!served.original.empty())
        sentence += served.whole
                        ? " Judged by the servers' log probabilities."
                        : fmt::format(" Judged by the servers' log probabilities; of the divergence they show a lower "
                                      "bound ({} tokens a place), which can only fail.",
                                      served.top_tokens);
    if (budget.looks > 1)
        sentence += fmt::format(" Look {} of {}, every comparison at {:.2g} %.", judged.looks.size(), budget.looks,
                                100 * judged.looks.back().level);
    if (gates > 1)
        sentence += fmt::format(
            " This is gate {} on this artefact: together they pass a bad one with a probability of "
            "at most {:g} %.",
            gates, 100 * std::min(1.0, budget.alpha * static_cast<double>(gates)));
    return sentence;
}

}  // namespace

Locked lock_quality(record::Pass& pass, int threads) {
    const record::WorkLock lock(pass.folder(), "scale lock");
    const record::Lineage lineage = pass.lineage();
    const Subject subject = find_subject(pass, lineage);
    if (const record::Entry* verdict = lineage.current(record::kind::verdict))
        return {verdict->payload.get<record::Verdict>(), verdict->hash, true};

    const auto begin = std::chrono::steady_clock::now();
    require_bytes(subject.original, subject.artefact.original_sha256, "original");
    require_bytes(subject.candidate, subject.artefact.sha256, "candidate");
    pass.objects().verify(subject.held_out_sha256);
    std::string items_sha256 = subject.budget.items_sha256;
    if (items_sha256.empty())
        items_sha256 =
            store_items(pass, subject.budget, subject.original, subject.compressed, pass.work_folder() / "lock.log");
    pass.objects().verify(items_sha256);
    const auto& settings = pass.file().quality;
    const std::vector<ImportedScore> imported =
        subject.budget.imports.empty() ? std::vector<ImportedScore>{}
                                       : read_samples(pass.resolve(settings.lm_eval_original),
                                                      pass.resolve(settings.lm_eval_candidate), subject.budget.imports);
    const record::Entry started = start_gate(pass, lineage, subject, items_sha256);

    const std::vector<record::GateLook> looks = plan_looks(subject.budget, subject.compressed);
    const Measuring measuring(pass, subject, items_sha256, looks, threads);
    const record::ServedMeasurement served = measuring.agreement();
    const record::NoiseFloor noise = measuring.noise(subject.budget);
    Judged judged = take_looks(measuring, looks, subject.budget, noise, imported);

    record::Verdict verdict;
    verdict.verdict = judged.outcome.verdict;
    verdict.sentence = sentence_of(judged, subject.budget, gates_on(pass.lineage(), subject.artefact.sha256), served);
    verdict.artefact_sha256 = subject.artefact.sha256;
    verdict.gate_started = started.hash;
    verdict.measurements_sha256 = pass.objects().put(core::canonical(judged.measured));
    verdict.compressed = subject.compressed;
    verdict.checks = std::move(judged.outcome.checks);
    verdict.worst = worst_regressions(judged.measured.get<Measurements>());
    verdict.looks = std::move(judged.looks);
    verdict.noise = noise;
    verdict.served = served;
    verdict.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    verdict.took = lock.took();
    const record::Entry entry =
        pass.store().append({record::Stage::quality,
                             record::kind::verdict,
                             {subject.artefact_entry.hash, subject.budget_entry.hash, started.hash},
                             verdict});
    measuring.forget();
    return {verdict, entry.hash, false};
}

}  // namespace scale::quality
