#include "calibration/drift/check.h"

#include <map>
#include <numeric>
#include <utility>

#include <fmt/format.h>

#include "calibration/drift/comparison.h"
#include "calibration/drift/live_job.h"
#include "calibration/drift/model_change.h"
#include "calibration/drift/profile.h"
#include "calibration/drift/suffering.h"
#include "calibration/sampling_jobs.h"
#include "calibration/selection.h"
#include "calibration/split.h"
#include "core/clock.h"
#include "core/error.h"
#include "core/progress.h"
#include "hardware/threads.h"

namespace scale::calibration {

namespace {

constexpr std::size_t profiled_requests = 2 * fitted_requests;
// What the original reads of the set, and both models of held-out and new requests, each.
constexpr std::size_t live_tokens = 16384;

std::vector<Sighting> sightings_of(const std::vector<IndexedRequest>& requests, const Traffic& traffic,
                                   std::size_t limit) {
    const std::vector<std::string> groups = groups_of(requests);
    const std::size_t stride = requests.size() / limit + 1;
    std::vector<Sighting> sightings;
    for (std::size_t i = 0; i < requests.size(); i += stride)
        sightings.push_back(sighting_of(requests[i], groups[i], traffic.again(requests[i].place)));
    return sightings;
}

// The new log, read once: its usable requests, and a uniform sample of the distinct ones.
struct NewLog {
    std::string sha256;
    TrafficIndex index;  // without vectors, signatures and topics
};

NewLog read_log(Traffic& traffic) {
    core::Progress progress("reading the traffic log");
    Deduplication distinct(checked_requests);
    const auto take = [&](const Place& place, const ParsedLine& parsed) {
        if (parsed.refusal.empty()) distinct.add(place, parsed.request);
    };
    NewLog log;
    log.sha256 = traffic
                     .read(take,
                           [&](std::uint64_t done, std::uint64_t size) {
                               progress.update(static_cast<double>(done), static_cast<double>(size));
                           })
                     .sha256;
    log.index.distinct = distinct.take();
    log.index.topics.resize(log.index.distinct.size());
    log.index.topic_names = {"all"};
    return log;
}

// The artefact made with the set in force, "" where there is none whose file is whole.
std::filesystem::path artefact_file(const record::Pass& pass, const record::Lineage& lineage,
                                    record::TrafficCheck& check) {
    const record::Entry* entry = lineage.current(record::kind::artefact);
    if (!entry) return {};
    const auto artefact = entry->payload.get<record::Artefact>();
    std::filesystem::path file = pass.resolve(artefact.path);
    std::error_code problem;
    if (std::filesystem::file_size(file, problem) != artefact.bytes || problem) {
        core::say(fmt::format("{} is not the file that was made; only inputs are compared.", artefact.path));
        return {};
    }
    check.artefact_sha256 = artefact.sha256;
    return file;
}

core::Json tokens_of(const std::vector<model::TokenSequence>& sequences) {
    core::Json texts = core::Json::array();
    for (const model::TokenSequence& sequence : sequences) texts.push_back(sequence.tokens);
    return texts;
}

std::vector<Sufferer> with_conversations(const std::vector<TextRun>& runs, const std::vector<int>& conversations) {
    std::vector<Sufferer> sufferers;
    for (std::size_t i = 0; i < runs.size(); ++i)
        sufferers.push_back({i < conversations.size() ? conversations[i] : static_cast<int>(i), runs[i]});
    return sufferers;
}

// New requests drawn as the held-out ones were: proportionally, without replacement.
struct LiveSample {
    std::vector<model::TokenSequence> sequences;
    std::vector<int> conversations;
};

LiveSample draw_live(const record::Pass& pass, const NewLog& log, const Traffic& traffic, std::size_t count) {
    const SamplingJobs jobs = sampling_jobs(pass);
    std::vector<std::size_t> all(log.index.distinct.size());
    std::iota(all.begin(), all.end(), std::size_t{0});
    const auto strata = ordered_strata(log.index, all, pass.file().calibration.seed);
    const auto chosen =
        select(log.index, strata, count, {.exponent = 1, .floor = 0}, static_cast<double>(jobs.max_tokens));
    Drawn drawn;
    make_sequences(log.index, traffic, chosen, jobs, drawn);
    const std::vector<std::string> groups = groups_of(log.index.distinct);
    std::map<std::string, int> numbers;
    LiveSample sample;
    for (auto& [request, sequence] : drawn.sequences) {
        sample.sequences.push_back(std::move(sequence));
        sample.conversations.push_back(
            numbers.emplace(groups[request], static_cast<int>(numbers.size())).first->second);
    }
    return sample;
}

void run_models(const record::Pass& pass, const record::CalibrationSet& set, const std::filesystem::path& artefact,
                const NewLog& log, const Traffic& traffic, record::TrafficCheck& check) {
    const auto texts_of = [&](const std::string& sha256) {
        return model::parse_token_set(pass.objects().get(sha256), "object " + sha256.substr(0, 12));
    };
    const auto held_out = texts_of(set.holdout_sha256);
    const LiveSample live = draw_live(pass, log, traffic, held_out.size());
    const Job job = worker_job(pass, "calibration.live", "running new requests",
                               {{"original", pass.original().string()},
                                {"artefact", artefact.string()},
                                {"threads", hardware::threads_for(pass.file().deploy.threads)},
                                {"tokens", live_tokens}});
    const core::Json result = job({{"set", tokens_of(texts_of(set.set_sha256))},
                                   {"held_out", tokens_of(held_out)},
                                   {"live", tokens_of(live.sequences)}});
    const auto before = with_conversations(parse_runs(result, "held_out"), set.holdout_conversations);
    const auto now = with_conversations(parse_runs(result, "live"), live.conversations);
    for (const auto& one : before) check.held_out_tokens += static_cast<std::uint64_t>(one.run.tokens);
    for (const auto& one : now) check.live_tokens += static_cast<std::uint64_t>(one.run.tokens);
    check.held_out_samples = static_cast<int>(before.size());
    check.live_samples = static_cast<int>(now.size());
    conclude_with_model(check,
                        compare_suffering(before, now, {.alpha = check_alpha * part_of_suffering, .seed = set.seed}));
}

record::TrafficCheck changed_model(const std::string& changed) {
    record::TrafficCheck check;
    check.alpha = check_alpha;
    check.verdict = "refresh";
    check.sentence = fmt::format("The set was made with another model: {} changed since stage S.", changed);
    return check;
}

record::TrafficCheck compare(const record::Pass& pass, const record::Lineage& lineage,
                             const record::CalibrationSet& set, const std::optional<std::filesystem::path>& path,
                             const TrafficWindow& window, bool quick) {
    const TrafficProfile profile =
        TrafficProfile::from_json(pass.objects().get(set.profile_sha256), "the traffic profile");
    record::TrafficCheck models;
    const std::filesystem::path artefact = quick ? std::filesystem::path() : artefact_file(pass, lineage, models);
    Traffic traffic = open_traffic(pass, path, window);
    const NewLog log = read_log(traffic);
    std::vector<Observation> observations;
    for (const Sighting& sighting : sightings_of(log.index.distinct, traffic, checked_requests))
        observations.push_back(profile.observe(sighting));
    ComparisonOptions options;
    options.seed = set.seed;
    options.alpha = artefact.empty() ? check_alpha : check_alpha * part_of_inputs;
    record::TrafficCheck check = compare_traffic(profile, observations, options);
    check.alpha = check_alpha;
    check.log_sha256 = log.sha256;
    check.artefact_sha256 = models.artefact_sha256;
    if (!artefact.empty()) run_models(pass, set, artefact, log, traffic, check);
    return check;
}

// `live`: of the log, only the newest requests since the set was assembled.
LiveCheck check(record::Pass& pass, const std::optional<std::filesystem::path>& log, bool quick, bool live) {
    const record::WorkLock lock(pass.folder(), live ? "scale evaluate check" : "scale assemble --check");
    const record::Lineage lineage = pass.lineage();
    const record::Entry* entry = lineage.current(record::kind::calibration_set);
    if (!entry)
        throw core::refused("no calibration set is in force", "a set to compare the traffic with", "scale assemble");
    const auto set = entry->payload.get<record::CalibrationSet>();
    if (set.profile_sha256.empty())
        throw core::input_error("the calibration set in force has no traffic profile", "a set of this version",
                                "scale assemble");
    const auto constraint = lineage.current(record::kind::constraint)->payload.get<record::Constraint>();
    const std::string changed = changed_since(pass, constraint);
    LiveCheck done;
    TrafficWindow window;
    if (live) {
        done.since_ms = core::from_rfc3339(set.created_at).time_since_epoch().count();
        window = {done.since_ms, checked_requests};
    }
    const std::int64_t begun_ms = core::now().time_since_epoch().count();
    done.check = changed.empty() ? compare(pass, lineage, set, log, window, quick) : changed_model(changed);
    if (live && changed.empty()) done.check.live_until_ms = begun_ms;
    done.entry_hash =
        pass.store()
            .append({record::Stage::calibration, record::kind::traffic_check, {entry->hash}, core::Json(done.check)})
            .hash;
    return done;
}

}  // namespace

std::string profile_of(const TrafficIndex& index, const Traffic& traffic, std::uint64_t seed) {
    return TrafficProfile::fit(sightings_of(index.distinct, traffic, profiled_requests), seed).to_json();
}

record::TrafficCheck check_traffic(record::Pass& pass, const std::optional<std::filesystem::path>& log, bool quick) {
    return check(pass, log, quick, false).check;
}

LiveCheck check_live_traffic(record::Pass& pass, const std::filesystem::path& log, bool quick) {
    return check(pass, log, quick, true);
}

}  // namespace scale::calibration
