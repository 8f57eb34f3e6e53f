#include "calibration/assemble.h"

#include <chrono>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "calibration/coverage.h"
#include "calibration/drawing.h"
#include "calibration/drift/check.h"
#include "calibration/redaction/secret.h"
#include "calibration/sampling_jobs.h"
#include "core/clock.h"
#include "core/error.h"
#include "core/progress.h"
#include "hardware/threads.h"
#include "model/unchanged.h"
#include "record/reopened.h"

namespace scale::calibration {

namespace {

// What the original reads of the candidates to find outlier channels: about a minute for a small model on two cores.
constexpr std::size_t channel_tokens = 32768;

std::size_t sample_count(const record::CalibrationSection& settings, const std::optional<int>& asked) {
    const int samples = asked.value_or(settings.samples);
    if (samples >= static_cast<int>(min_samples) && samples <= static_cast<int>(max_samples))
        return static_cast<std::size_t>(samples);
    const std::string found = fmt::format("{} samples are asked for", samples);
    const std::string expected = fmt::format("{} to {}", min_samples, max_samples);
    if (asked) throw core::usage_error(found, expected, "scale assemble --samples 256");
    throw core::input_error(found, expected, "correct [calibration] samples in scale.toml");
}

EvaluationTexts evaluation_texts(const record::Pass& pass, const AssembleOptions& options) {
    EvaluationTexts texts;
    for (const auto& [set, text] : options.evaluation_texts) texts.add(set, text);
    for (const std::string& path : pass.file().calibration.evaluation) texts.add_file(pass.resolve(path));
    return texts;
}

TrafficIndex read_traffic(Traffic& traffic, const std::filesystem::path& log, const EvaluationTexts& evaluation,
                          std::uint64_t seed) {
    core::Progress progress("reading the traffic log");
    IndexOptions options;
    options.seed = seed;
    options.evaluation = &evaluation;
    return index_traffic(traffic, log, options, [&](double done, double total) { progress.update(done, total); });
}

std::string log_description(const TrafficIndex& index) {
    std::string text = fmt::format("{}: {} lines, {} usable requests, {} duplicates, {} broken", index.log.string(),
                                   index.reading.lines, index.requests, index.duplicates, index.broken.count);
    if (!index.broken.examples.empty()) text += " (" + index.broken.examples.front() + ")";
    return text;
}

DrawingOptions drawing_options(const record::Pass& pass, std::size_t samples) {
    const record::CalibrationSection& settings = pass.file().calibration;
    DrawingOptions options;
    options.samples = samples;
    options.seed = settings.seed;
    options.jobs = sampling_jobs(pass);
    options.channel_mode = settings.channels;
    options.channels = worker_job(pass, "calibration.channels", "looking at the channels",
                                  {{"model", pass.original().string()},
                                   {"threads", hardware::threads_for(pass.file().deploy.threads)},
                                   {"tokens", channel_tokens}});
    return options;
}

std::string after_days(core::TimePoint start, int days) {
    return core::to_rfc3339(start + std::chrono::hours(24) * days);
}

void describe_log(const TrafficIndex& index, record::CalibrationSet& set) {
    set.log_sha256 = index.reading.sha256;
    set.log_lines = index.reading.lines;
    set.log_requests = index.requests;
    set.log_duplicates = index.duplicates;
    set.log_broken = index.broken.count;
    set.broken_examples = index.broken.examples;
    set.source = source_name(index.kind);
    set.log_distinct = index.distinct_count;
    set.log_kept = index.distinct.size();
    std::unordered_map<std::size_t, std::uint64_t> sizes;
    for (const std::size_t cluster : index.clusters) ++sizes[cluster];
    for (const auto& [cluster, size] : sizes) set.near_duplicates += size - 1;
    for (std::size_t kind = 0; kind < sensitive_kinds; ++kind)
        if (index.redactions[kind] > 0)
            set.redactions[std::string(sensitive_name(static_cast<Sensitive>(kind)))] = index.redactions[kind];
}

void describe_drops(const TrafficIndex& index, const Split& split, const Drawing& drawing,
                    record::CalibrationSet& set) {
    if (const std::uint64_t count = split.set_aside.size() + drawing.set_aside; count > 0)
        set.dropped["near-duplicates of a request on another side of the split"] = count;
    for (const std::size_t i : split.overlaps) ++set.dropped["overlap with " + index.distinct[i].overlap];
    if (drawing.refused > 0) set.dropped["refused by the model's chat template"] = drawing.refused;
}

void add_tokens(const Drawing& drawing, const TrafficIndex& index, std::vector<record::Stratum>& strata) {
    std::map<std::string, std::uint64_t> tokens;  // by label
    for (std::size_t k = 0; k < drawing.samples.size(); ++k)
        tokens[stratum_label(index, drawing.samples[k])] += drawing.sample_sequences[k].tokens.size();
    for (record::Stratum& stratum : strata)
        stratum.tokens =
            tokens[stratum.format + " / " + stratum.script + " / " + stratum.topic + " / " + stratum.length];
}

std::vector<int> conversation_numbers(const TrafficIndex& index, const std::vector<std::size_t>& requests) {
    const std::vector<std::string> groups = groups_of(index.distinct);
    std::map<std::string, int> numbers;
    std::vector<int> result;
    for (const std::size_t request : requests)
        result.push_back(numbers.emplace(groups[request], static_cast<int>(numbers.size())).first->second);
    return result;
}

record::CalibrationSet describe(const TrafficIndex& index, const Split& split, const Drawing& drawing,
                                const record::CalibrationSection& settings) {
    record::CalibrationSet set;
    set.samples = static_cast<int>(drawing.samples.size());
    set.tokens = model::count_tokens(drawing.sample_sequences);
    set.holdout_samples = static_cast<int>(drawing.holdout.size());
    set.holdout_tokens = model::count_tokens(drawing.holdout_sequences);
    set.canary_samples = static_cast<int>(drawing.canary.size());
    set.canary_tokens = model::count_tokens(drawing.canary_sequences);
    const core::TimePoint created = core::now();
    set.created_at = core::to_rfc3339(created);
    set.expires_at = after_days(created, settings.expires_days);
    set.seed = settings.seed;
    set.samples_cut = drawing.cut;
    set.own_answers = drawing.own_answers;
    set.channels = drawing.channels;
    describe_log(index, set);
    describe_drops(index, split, drawing, set);
    Coverage coverage = coverage_of(index, drawing.samples, drawing.holdout, split.calibration, settings.seed);
    set.coverage = coverage.covered;
    set.total_variation = coverage.total_variation;
    set.nearness = coverage.nearness;
    set.random_nearness = coverage.random_nearness;
    set.strata = std::move(coverage.strata);
    add_tokens(drawing, index, set.strata);
    return set;
}

struct Origin {
    std::optional<std::filesystem::path> log;  // none: [traffic] log
    TrafficWindow window;
};

// Live traffic that re-opened stage S feeds the set, until a person puts another log into [traffic] log.
Origin origin_of(const record::Pass& pass, const record::Lineage& lineage, const AssembleOptions& options) {
    if (options.log) return {options.log, {}};
    const auto constraint = lineage.current(record::kind::constraint)->payload.get<record::Constraint>();
    for (auto entry = lineage.entries.rbegin(); entry != lineage.entries.rend(); ++entry) {
        if (entry->kind != record::kind::reopened) continue;
        const auto reopened = entry->payload.get<record::Reopened>();
        if (reopened.traffic_log.empty()) continue;
        if (reopened.log_sha256 != constraint.fingerprint.traffic_sha256) break;
        core::say(
            fmt::format("The set is drawn from the live traffic in {} that re-opened stage S (entry {}); --log names "
                        "another.",
                        reopened.traffic_log, entry->seq));
        return {pass.resolve(reopened.traffic_log), {reopened.since_ms, 0}};
    }
    return {};
}

}  // namespace

std::filesystem::path log_path(const record::Pass& pass, const std::optional<std::filesystem::path>& log) {
    return log.value_or(pass.resolve(pass.file().traffic.log));
}

Traffic open_traffic(const record::Pass& pass, const std::optional<std::filesystem::path>& log,
                     const TrafficWindow& window) {
    const record::TrafficSection& settings = pass.file().traffic;
    std::optional<Redactor> redactor;
    if (settings.redact) redactor.emplace(redaction_secret(pass.state_folder() / "redaction.key"));
    return {open_source(log_path(pass, log), log ? "auto" : settings.format, window), std::move(redactor)};
}

record::CalibrationSet assemble(record::Pass& pass, const AssembleOptions& options) {
    const record::WorkLock lock(pass.folder(), "scale assemble");
    const record::Lineage lineage = pass.lineage();
    lineage.require_done(record::Stage::choice);
    const record::CalibrationSection& settings = pass.file().calibration;
    const std::size_t samples = sample_count(settings, options.samples);

    const Origin origin = origin_of(pass, lineage, options);
    Traffic traffic = open_traffic(pass, origin.log, origin.window);
    TrafficIndex index =
        read_traffic(traffic, log_path(pass, origin.log), evaluation_texts(pass, options), settings.seed);
    const Split split =
        split_requests(index, {settings.holdout, settings.canary, settings.seed}, log_description(index));
    check_disjoint(index.distinct, split);

    const auto constraint = lineage.current(record::kind::constraint)->payload.get<record::Constraint>();
    model::require_unchanged(pass.original(), constraint.fingerprint.model_sha256);
    const Drawing drawing = draw(index, traffic, split, drawing_options(pass, samples));
    if (!drawing.has_template)
        core::say("The model has no chat template; ChatML is used, as the engine's server does.");

    record::CalibrationSet set = describe(index, split, drawing, settings);
    set.redacted = traffic.redacts();
    set.set_sha256 = pass.objects().put(model::to_json_lines(drawing.sample_sequences));
    set.holdout_sha256 = pass.objects().put(model::to_json_lines(drawing.holdout_sequences));
    set.profile_sha256 = pass.objects().put(profile_of(index, traffic, settings.seed));
    if (!drawing.layers.empty()) set.channels_sha256 = pass.objects().put(core::canonical(drawing.layers));
    set.holdout_conversations = conversation_numbers(index, drawing.holdout);
    if (!drawing.canary.empty()) set.canary_sha256 = pass.objects().put(model::to_json_lines(drawing.canary_sequences));
    const record::Entry* decision = lineage.current(record::kind::decision);
    set.took = lock.took();
    pass.store().append({record::Stage::calibration, record::kind::calibration_set, {decision->hash}, core::Json(set)});
    return set;
}

}  // namespace scale::calibration
