#include "quality/lock.h"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include "core/error.h"
#include "core/hash.h"
#include "core/progress.h"
#include "quality/gate.h"
#include "quality/items.h"
#include "quality/jobs.h"
#include "quality/looks.h"
#include "quality/noise.h"
#include "quality/regressions.h"
#include "quality/subject.h"

namespace scale::quality {
namespace {

namespace fs = std::filesystem;

// Of the noise floor: a sixth of the first look's data, at another batch size and number of threads.
constexpr int noise_share = 6;
constexpr int noise_batch = 64;

// The gate's start, unless the newest gate_started is this very one and has no verdict yet (it was interrupted).
record::Entry start_gate(record::Pass& pass, const record::Lineage& lineage, const Subject& subject,
                         const std::string& items_sha256) {
    const record::GateStarted start{subject.artefact.sha256,          subject.budget_entry.hash, items_sha256,
                                    subject.artefact.original_sha256, subject.held_out_sha256,   ""};
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

// One gate's measurements: the noise floor, then look after look from one checkpoint.
class Measuring {
  public:
    Measuring(const record::Pass& pass, const Subject& subject, const std::string& items_sha256,
              std::vector<record::GateLook> looks, int threads)
        : log_(pass.work_folder() / "lock.log") {
        const std::string key =
            core::sha256_hex(subject.artefact.sha256 + subject.artefact.original_sha256 + subject.budget_entry.hash +
                             items_sha256 + subject.held_out_sha256 + subject.kv_type)
                .substr(0, 16);
        checkpoint_ = pass.work_folder() / fmt::format("lock-{}.jsonl", key);
        noise_checkpoint_ = pass.work_folder() / fmt::format("lock-{}.noise", key);
        request_.original = subject.original.string();
        request_.candidate = subject.candidate.string();
        request_.items = pass.objects().path(items_sha256).string();
        request_.held_out = subject.held_out.string();
        request_.checkpoint = checkpoint_.string();
        request_.seed = subject.budget.seed;
        request_.threads = threads;
        request_.kv_type = subject.kv_type;
        request_.first_tokens = looks.front().tokens;
        request_.last_tokens = looks.back().tokens;
        request_.items_per_suite = looks.front().items;
    }

    record::NoiseFloor noise(const record::Budget& budget) const {
        MeasureRequest request = request_;
        request.candidate = request.original;
        request.checkpoint = noise_checkpoint_.string();
        request.kv_type = "f16";
        request.kl_tokens = std::max<std::uint64_t>(request.first_tokens / noise_share, 256);
        request.items_per_suite = std::max(8, request.items_per_suite / noise_share);
        request.candidate_batch = noise_batch;
        request.candidate_threads = request.threads > 1 ? request.threads - 1 : 2;
        core::Progress progress("measuring the original against itself");
        const auto measured = engine::run_job("quality.measure", request, log_, &progress).get<Measurements>();
        return noise_floor(measured,
                           fmt::format("batch {} and {} threads against batch 512 and {}", noise_batch,
                                       request.candidate_threads, request.threads),
                           budget);
    }

    core::Json look(const record::GateLook& look) const {
        MeasureRequest request = request_;
        request.kl_tokens = look.tokens;
        request.items_per_suite = look.items;
        core::Progress progress("measuring original and candidate");
        return engine::run_job("quality.measure", request, log_, &progress);
    }

    void forget() const {
        fs::remove(checkpoint_);
        fs::remove(noise_checkpoint_);
    }

  private:
    fs::path log_;
    fs::path checkpoint_;
    fs::path noise_checkpoint_;
    MeasureRequest request_;
};

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
                  const record::Budget& budget, const record::NoiseFloor& noise) {
    Judged judged;
    for (record::GateLook look : planned) {
        judged.measured = measuring.look(look);
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

std::string sentence_of(const Judged& judged, const record::Budget& budget, std::ptrdiff_t gates) {
    std::string sentence = judged.outcome.sentence;
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
    const record::Entry started = start_gate(pass, lineage, subject, items_sha256);

    const std::vector<record::GateLook> looks = plan_looks(subject.budget, subject.compressed);
    const Measuring measuring(pass, subject, items_sha256, looks, threads);
    const record::NoiseFloor noise = measuring.noise(subject.budget);
    Judged judged = take_looks(measuring, looks, subject.budget, noise);

    record::Verdict verdict;
    verdict.verdict = judged.outcome.verdict;
    verdict.sentence = sentence_of(judged, subject.budget, gates_on(pass.lineage(), subject.artefact.sha256));
    verdict.artefact_sha256 = subject.artefact.sha256;
    verdict.gate_started = started.hash;
    verdict.measurements_sha256 = pass.objects().put(core::canonical(judged.measured));
    verdict.compressed = subject.compressed;
    verdict.checks = std::move(judged.outcome.checks);
    verdict.worst = worst_regressions(judged.measured.get<Measurements>());
    verdict.looks = std::move(judged.looks);
    verdict.noise = noise;
    verdict.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    const record::Entry entry =
        pass.store().append({record::Stage::quality,
                             record::kind::verdict,
                             {subject.artefact_entry.hash, subject.budget_entry.hash, started.hash},
                             verdict});
    measuring.forget();
    return {verdict, entry.hash, false};
}

}  // namespace scale::quality
