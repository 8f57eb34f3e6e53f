#include "quality/lock.h"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include "core/error.h"
#include "core/hash.h"
#include "core/progress.h"
#include "quality/budget.h"
#include "quality/gate.h"
#include "quality/jobs.h"
#include "quality/regressions.h"

namespace scale::quality {
namespace {

namespace fs = std::filesystem;

constexpr int fewest_items = 30;  // of a compressed suite

struct Subject {
    record::Entry artefact_entry;
    record::Entry budget_entry;
    record::Artefact artefact;
    record::Budget budget;
    std::string held_out;  // path
    std::string held_out_sha256;
    fs::path original;
    fs::path candidate;
    std::string kv_type;  // of the cache that the constraint was set for
    bool compressed = false;
};

void require_bytes(const fs::path& path, const std::string& sha256, const char* what) {
    core::Progress progress(fmt::format("checking the {}", what));
    const auto size = static_cast<double>(fs::exists(path) ? fs::file_size(path) : 0);
    const std::string found = core::sha256_file(
        path, [&](std::uint64_t done) { progress.update(static_cast<double>(done), std::max(size, 1.0)); });
    if (found != sha256)
        throw core::input_error(
            fmt::format("{} is not the {} of the record: SHA-256 {}…", path.string(), what, found.substr(0, 12)),
            fmt::format("SHA-256 {}…", sha256.substr(0, 12)),
            fmt::format("restore the file, or start again: {}",
                        std::string(what) == "original" ? "scale set" : "scale quantize"));
}

Subject find_subject(const record::Pass& pass, const record::Lineage& lineage) {
    lineage.require_done(record::Stage::calibration);
    const record::Entry* budget = lineage.current(record::kind::budget);
    if (!budget)
        throw core::refused("no budget is declared for this pass", "the bar is fixed before anything is measured",
                            "scale lock --declare");
    Subject subject;
    subject.artefact_entry = *lineage.current(record::kind::artefact);
    subject.budget_entry = *budget;
    subject.artefact = subject.artefact_entry.payload.get<record::Artefact>();
    subject.budget = budget->payload.get<record::Budget>();
    const auto set = lineage.current(record::kind::calibration_set)->payload.get<record::CalibrationSet>();
    const auto constraint = lineage.current(record::kind::constraint)->payload.get<record::Constraint>();
    subject.held_out_sha256 = set.holdout_sha256;
    subject.held_out = pass.objects().path(set.holdout_sha256).string();
    subject.original = pass.resolve(constraint.model_path.empty() ? pass.file().model.path : constraint.model_path);
    subject.candidate = pass.resolve(subject.artefact.path);
    subject.kv_type = constraint.workload.kv_type;
    subject.compressed = constraint.stakes == "low";
    if (core::Json(complete(pass.file().budget)) != budget->payload)
        core::say("note: [budget] of scale.toml is not the declared one; the declared one counts");
    return subject;
}

// Generates the items and keeps them by content, with the held-out texts' hash among them.
std::string store_items(record::Pass& pass, const Subject& subject, const fs::path& log) {
    const int items = subject.compressed ? std::max(fewest_items, subject.budget.items / 3) : subject.budget.items;
    const fs::path file = pass.work_folder() / "lock-items.json";
    fs::create_directories(pass.work_folder());
    const ItemsRequest request{subject.original.string(), file.string(),       items,
                               subject.budget.context,    subject.budget.seed, subject.compressed};
    engine::run_job("quality.items", request, log);
    core::Json document = core::parse_json(core::read_file(file), file.string());
    document["held_out_sha256"] = subject.held_out_sha256;
    fs::remove(file);
    return pass.objects().put(core::canonical(document));
}

// The gate's start, unless the newest gate_started is this very one and has no verdict yet (it was interrupted).
record::Entry start_gate(record::Pass& pass, const record::Lineage& lineage, const Subject& subject,
                         const std::string& items_sha256) {
    const record::GateStarted start{subject.artefact.sha256, subject.budget_entry.hash, items_sha256,
                                    subject.artefact.original_sha256};
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

fs::path checkpoint_path(const record::Pass& pass, const Subject& subject, const std::string& items_sha256) {
    const std::string key = core::sha256_hex(subject.artefact.sha256 + subject.artefact.original_sha256 +
                                             subject.budget_entry.hash + items_sha256 + subject.kv_type);
    return pass.work_folder() / fmt::format("lock-{}.jsonl", key.substr(0, 16));
}

// How often a gate has started on these bytes: every further look is another chance to pass by luck.
std::ptrdiff_t looks(const record::Lineage& lineage, const std::string& artefact_sha256) {
    return std::count_if(lineage.entries.begin(), lineage.entries.end(), [&](const record::Entry& entry) {
        return entry.kind == record::kind::gate_started &&
               entry.payload.value("artefact_sha256", "") == artefact_sha256;
    });
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
    const fs::path log = pass.work_folder() / "lock.log";
    const std::string items_sha256 = store_items(pass, subject, log);
    const record::Entry started = start_gate(pass, lineage, subject, items_sha256);

    const fs::path checkpoint = checkpoint_path(pass, subject, items_sha256);
    const MeasureRequest request{subject.original.string(),
                                 subject.candidate.string(),
                                 pass.objects().path(items_sha256).string(),
                                 subject.held_out,
                                 checkpoint.string(),
                                 subject.budget.kl_tokens,
                                 subject.budget.seed,
                                 threads,
                                 subject.kv_type};
    core::Json measured;
    {
        core::Progress progress("measuring original and candidate");
        measured = engine::run_job("quality.measure", request, log, &progress);
    }
    const auto measurements = measured.get<Measurements>();
    GateOutcome outcome = judge(subject.budget, measurements);

    record::Verdict verdict;
    verdict.verdict = outcome.verdict;
    verdict.sentence = outcome.sentence;
    if (const auto look = looks(pass.lineage(), subject.artefact.sha256); look > 1)
        verdict.sentence += fmt::format(" This is look {} at this artefact.", look);
    verdict.artefact_sha256 = subject.artefact.sha256;
    verdict.gate_started = started.hash;
    verdict.measurements_sha256 = pass.objects().put(core::canonical(measured));
    verdict.compressed = subject.compressed;
    verdict.checks = std::move(outcome.checks);
    verdict.worst = worst_regressions(measurements);
    verdict.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    const record::Entry entry =
        pass.store().append({record::Stage::quality,
                             record::kind::verdict,
                             {subject.artefact_entry.hash, subject.budget_entry.hash, started.hash},
                             verdict});
    fs::remove(checkpoint);
    return {verdict, entry.hash, false};
}

}  // namespace scale::quality
