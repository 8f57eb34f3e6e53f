#include "rollout/control/prepare.h"

#include <fmt/format.h>

#include "core/clock.h"
#include "core/error.h"
#include "core/hash.h"
#include "core/progress.h"
#include "core/secret_file.h"
#include "record/payload.h"
#include "record/reopened.h"
#include "rollout/assignment/assigner.h"
#include "rollout/assignment/secret.h"
#include "rollout/control/gateway_process.h"
#include "rollout/control/rollout_controller.h"

namespace scale::rollout {

namespace {

namespace kind = record::kind;

std::int64_t now_ms() {
    return static_cast<std::int64_t>(core::now().time_since_epoch().count());
}

template <typename Payload>
Payload payload_of(const record::Lineage& lineage, const char* entry_kind) {
    const record::Entry* entry = lineage.current(entry_kind);
    if (!entry)
        throw core::refused(fmt::format("the record has no current entry '{}'", entry_kind), "", "scale status");
    return entry->payload.get<Payload>();
}

std::string hash_with_progress(const std::filesystem::path& file, const std::string& label) {
    core::Progress progress(label);
    const double total = static_cast<double>(std::filesystem::file_size(file));
    return core::sha256_file(file, [&](std::uint64_t done) { progress.update(static_cast<double>(done), total); });
}

// Returns the hash of the entry `archived`.
std::string archive_original(record::Pass& pass, const record::Lineage& lineage) {
    const auto constraint = payload_of<record::Constraint>(lineage, kind::constraint);
    const std::string& digest = constraint.fingerprint.model_sha256;
    if (!pass.objects().contains(digest)) {
        const auto source = pass.original(constraint.model_path);
        if (!std::filesystem::exists(source))
            throw core::input_error(fmt::format("the original's weights {} are missing", source.string()),
                                    "the file that stage S measured", "restore the file");
        core::say(fmt::format("archiving the original's weights ({})", source.filename().string()));
        const std::string stored = pass.objects().put_file(source);
        if (stored != digest)
            throw core::input_error(fmt::format("{} has SHA-256 {}", source.string(), stored),
                                    digest + ", which stage S measured",
                                    "scale set starts a pass for the changed model");
    }
    pass.objects().verify(digest);
    for (const auto& entry : lineage.entries)
        if (entry.kind == kind::archived && entry.payload.value("original_sha256", "") == digest) return entry.hash;
    record::Archived archived;
    archived.original_sha256 = digest;
    archived.bytes = std::filesystem::file_size(pass.objects().path(digest));
    return pass.store()
        .append({record::Stage::rollout, kind::archived, {lineage.current(kind::constraint)->hash}, archived})
        .hash;
}

void verify_candidate(const record::Pass& pass, const record::Artefact& artefact) {
    const auto file = candidate_weights(pass);
    if (!std::filesystem::exists(file))
        throw core::input_error(fmt::format("the candidate's weights {} are missing", file.string()),
                                "the artefact of stage A", "scale quantize");
    const std::string digest = hash_with_progress(file, "verifying the candidate");
    if (digest != artefact.sha256)
        throw core::input_error(fmt::format("{} has SHA-256 {}", file.string(), digest),
                                artefact.sha256 + ", which was gated", "scale quantize, then scale lock");
}

void check_latch(const record::Pass& pass, const RolloutState& state, const record::Artefact& artefact,
                 const StartRequest& request) {
    if (request.reset_latch && request.because.empty())
        throw core::usage_error("--reset-latch without a reason", "", "add --because \"…\"");
    if (!is_latched(pass, state, artefact.sha256) || request.reset_latch) return;
    throw core::refused(fmt::format("this candidate ({:.12}…) was rolled back: {}", artefact.sha256, state.reason),
                        "another candidate, or a reset with a reason",
                        "scale evaluate start --reset-latch --because \"…\"; or --original-only to serve the original");
}

// An open rollout goes on although stage S was re-opened meanwhile: its gateway may have been restarted only because
// its machine was. A new one does not begin.
void require_gate(const record::Lineage& lineage, const RolloutState& before) {
    const bool open = before.experimenting() || before.status == RolloutStatus::promoted;
    const record::Entry* artefact = lineage.current(kind::artefact);
    const bool same = artefact && artefact->payload.value("sha256", "") == before.candidate_sha256;
    if (!record::reopening_of(lineage.entries) || !open || !same ||
        lineage.status(record::Stage::quality).state != record::StageState::done)
        return lineage.require_done(record::Stage::quality);
    core::say(fmt::format("stage S is open again: {}; the rollout goes on as it is",
                          lineage.status(record::Stage::constraint).why));
}

core::Json started_payload(const record::RolloutSection& settings, const RolloutState& state,
                           const StartRequest& request) {
    return {{"reason", state.reason},
            {"experiment", state.experiment},
            {"flag", settings.flag},
            {"original_sha256", state.original_sha256},
            {"candidate_sha256", state.candidate_sha256},
            {"steps", settings.steps},
            {"weight_ppm", state.weight_ppm},
            {"guardrails", settings.guardrails},
            {"alpha", settings.alpha},
            {"beta", settings.beta},
            {"harm_ratio", settings.harm_ratio},
            {"safe_ratio", settings.safe_ratio},
            {"latency_margin", settings.latency_margin},
            {"direct", state.status == RolloutStatus::promoted},
            {"reset_latch", request.reset_latch},
            {"because", request.because},
            {"by", request.who}};
}

RolloutState fresh_state(const record::RolloutSection& settings, const record::Artefact& artefact,
                         const RolloutState& before, const StartRequest& request, bool direct) {
    RolloutState state = before;
    state.experiment = fmt::format("{}-{:.8}-{}", settings.flag, artefact.sha256, core::random_hex(3));
    state.status = direct ? RolloutStatus::promoted : RolloutStatus::canary;
    state.step = 0;
    state.weight_ppm = direct ? whole_ppm : settings.steps.front();
    state.original_sha256 = artefact.original_sha256;
    state.candidate_sha256 = artefact.sha256;
    state.original_url = settings.original_url;
    state.candidate_url = settings.candidate_url;
    state.reason = direct ? "low stakes: deployed directly, without a slice"
                          : fmt::format("a slice of {:g} % is open", static_cast<double>(state.weight_ppm) / 1e4);
    state.changed_by = request.who;
    state.harm = false;
    state.started_ms = state.step_started_ms = now_ms();
    if (request.reset_latch) std::erase(state.latched, artefact.sha256);
    return state;
}

// The database has it as it stands by now.
PreparedRollout go_on_with(StateFile& file, RolloutState there, const RolloutState& before) {
    there.started_hash = before.started_hash;
    there.original_url = before.original_url;
    there.candidate_url = before.candidate_url;
    file.replace(there);
    return {there, true, fmt::format("going on with {} (epoch {} of the database)", there.experiment, there.epoch)};
}

}  // namespace

std::optional<JoinRequest> join_request(const std::filesystem::path& pass_folder,
                                        const record::RolloutSection& settings) {
    if (settings.database.empty()) return std::nullopt;
    const auto folder = rollout_folder(pass_folder);
    JoinRequest request;
    request.database = settings.database;
    request.flag = settings.flag;
    request.salt = salt_digest(load_or_make_secret(folder / "salt"));
    request.replica = load_or_make_secret(folder / "replica").substr(0, 12);
    return request;
}

bool is_latched(const record::Pass& pass, const RolloutState& state, const std::string& candidate_sha256) {
    if (state.is_latched(candidate_sha256)) return true;
    bool latched = false;
    for (const auto& entry : pass.store().read()) {
        if (entry.payload.value("candidate_sha256", "") != candidate_sha256) continue;
        if (entry.kind == kind::rolled_back) latched = true;
        if (entry.kind == kind::rollout_started && entry.payload.value("reset_latch", false)) latched = false;
    }
    return latched;
}

std::filesystem::path original_weights(const record::Pass& pass) {
    const auto constraint = payload_of<record::Constraint>(pass.lineage(), kind::constraint);
    if (pass.objects().contains(constraint.fingerprint.model_sha256))
        return pass.objects().path(constraint.fingerprint.model_sha256);
    return pass.original(constraint.model_path);
}

std::filesystem::path candidate_weights(const record::Pass& pass) {
    return pass.resolve(payload_of<record::Artefact>(pass.lineage(), kind::artefact).path);
}

PreparedRollout prepare_rollout(record::Pass& pass, const StartRequest& request) {
    if (const auto running = running_gateway(pass.folder()))
        throw core::refused(fmt::format("the gateway of this pass runs already: process {} on {} since {}",
                                        running->pid, running->address, running->since),
                            "one gateway for a pass", "scale evaluate status");
    const record::WorkLock lock(pass.folder(), "scale evaluate start");
    const record::Lineage lineage = pass.lineage();
    StateFile file(rollout_folder(pass.folder()));
    const StateFile::Loaded loaded = file.load();
    const RolloutState before = loaded.state.value_or(RolloutState{});
    if (request.original_only) {
        // Whatever has changed since: this is what is fallen back to.
        if (!lineage.current(kind::constraint)) lineage.require_done(record::Stage::constraint);
        archive_original(pass, lineage);
        return {before, true, "serving the original alone"};
    }
    require_gate(lineage, before);
    const auto artefact = payload_of<record::Artefact>(lineage, kind::artefact);
    check_latch(pass, before, artefact, request);
    const std::string archived = archive_original(pass, lineage);
    verify_candidate(pass, artefact);

    const auto shared = join_request(pass.folder(), pass.file().rollout);
    const bool same = before.candidate_sha256 == artefact.sha256 && !before.is_latched(artefact.sha256);
    if (!shared && same && (before.experimenting() || before.status == RolloutStatus::promoted))
        return {before, true, fmt::format("going on with {} (epoch {})", before.experiment, before.epoch)};

    const auto constraint = payload_of<record::Constraint>(lineage, kind::constraint);
    const bool direct = constraint.stakes == "low" && !request.slice;
    RolloutState state = fresh_state(pass.file().rollout, artefact, before, request, direct);
    if (shared) {
        JoinRequest join = *shared;
        join.reset_latch = request.reset_latch;
        RolloutState there;
        try {
            there = join_rollout(join, state, before);
        } catch (const core::Error& error) {
            // A gateway that was in it may come back without the database: it has no lease, so it serves the original.
            if (error.kind() != core::ErrorKind::io || !same || before.effective_ppm() == 0) throw;
            return {before, true, error.found() + ": the original is served until it can be"};
        }
        if (there.experiment == before.experiment) return go_on_with(file, there, before);
        const std::string begun = there.experiment == state.experiment ? "" : ", which another gateway has begun";
        state = there;
        state.original_url = pass.file().rollout.original_url;
        state.candidate_url = pass.file().rollout.candidate_url;
        state.reason += begun;
    }
    const std::vector<std::string> parents = {lineage.current(kind::verdict)->hash, archived};
    state.started_hash = pass.store()
                             .append({record::Stage::rollout, kind::rollout_started, parents,
                                      started_payload(pass.file().rollout, state, request)})
                             .hash;
    if (shared) {
        file.replace(state);
    } else {
        state = file.update([&](RolloutState& current) {
            const std::uint64_t epoch = current.epoch;
            current = state;
            current.epoch = epoch;
            return true;
        });
    }
    if (direct)
        pass.store().append({record::Stage::rollout,
                             kind::promoted,
                             {state.started_hash},
                             {{"reason", state.reason},
                              {"because", constraint.stakes_reason},
                              {"shown_safe", false},
                              {"direct", true},
                              {"candidate_sha256", state.candidate_sha256},
                              {"by", request.who}}});
    return {state, false, state.reason};
}

}  // namespace scale::rollout
