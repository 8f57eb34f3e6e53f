#include "calibration/assemble.h"

#include <chrono>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "calibration/coverage.h"
#include "calibration/drawing.h"
#include "core/clock.h"
#include "core/error.h"
#include "core/progress.h"
#include "engine/job.h"
#include "model/unchanged.h"

namespace scale::calibration {

namespace {

std::size_t sample_count(const record::CalibrationSection& settings, const std::optional<int>& asked) {
    const int samples = asked.value_or(settings.samples);
    if (samples >= static_cast<int>(min_samples) && samples <= static_cast<int>(max_samples))
        return static_cast<std::size_t>(samples);
    const std::string found = fmt::format("{} samples are asked for", samples);
    const std::string expected = fmt::format("{} to {}", min_samples, max_samples);
    if (asked) throw core::usage_error(found, expected, "scale assemble --samples 256");
    throw core::input_error(found, expected, "correct [calibration] samples in scale.toml");
}

TrafficIndex read_traffic(const std::filesystem::path& log, std::uint64_t seed) {
    core::Progress progress("reading the traffic log");
    return index_traffic(log, seed, [&](double done, double total) { progress.update(done, total); });
}

std::string log_description(const TrafficIndex& index) {
    std::string text = fmt::format("{}: {} lines, {} usable requests, {} duplicates, {} broken", index.log.string(),
                                   index.reading.lines, index.requests, index.duplicates, index.broken.count);
    if (!index.broken.examples.empty()) text += " (" + index.broken.examples.front() + ")";
    return text;
}

Tokenizer worker_tokenizer(const record::Pass& pass, const std::filesystem::path& original) {
    const auto log = pass.work_folder() / "tokenize.log";
    return [original, log](const core::Json& request) {
        core::Json complete = request;
        complete["model"] = original.string();
        core::Progress progress("templating and tokenizing");
        return engine::run_job("calibration.tokenize", complete, log, &progress);
    };
}

std::string after_days(core::TimePoint start, int days) {
    return core::to_rfc3339(start + std::chrono::hours(24) * days);
}

record::CalibrationSet describe(const TrafficIndex& index, const Drawing& drawing,
                                const record::CalibrationSection& settings) {
    record::CalibrationSet set;
    set.samples = static_cast<int>(drawing.samples.size());
    set.tokens = model::count_tokens(drawing.sample_sequences);
    set.holdout_samples = static_cast<int>(drawing.holdout.size());
    set.holdout_tokens = model::count_tokens(drawing.holdout_sequences);
    const core::TimePoint created = core::now();
    set.created_at = core::to_rfc3339(created);
    set.expires_at = after_days(created, settings.expires_days);
    set.log_sha256 = index.reading.sha256;
    set.log_lines = index.reading.lines;
    set.log_requests = index.requests;
    set.log_duplicates = index.duplicates;
    set.log_broken = index.broken.count;
    set.broken_examples = index.broken.examples;
    set.seed = settings.seed;
    Coverage coverage = coverage_of(index, drawing.samples, drawing.holdout);
    set.coverage = coverage.covered;
    set.total_variation = coverage.total_variation;
    set.strata = std::move(coverage.strata);
    return set;
}

}  // namespace

record::CalibrationSet assemble(record::Pass& pass, const AssembleOptions& options) {
    const record::WorkLock lock(pass.folder(), "scale assemble");
    const record::Lineage lineage = pass.lineage();
    lineage.require_done(record::Stage::choice);
    const record::CalibrationSection& settings = pass.file().calibration;
    const std::size_t samples = sample_count(settings, options.samples);

    TrafficIndex index = read_traffic(options.log.value_or(pass.resolve(pass.file().traffic.log)), settings.seed);
    const Split split = split_requests(index.distinct, settings.holdout, settings.seed, log_description(index));
    check_disjoint(index.distinct, split);

    const auto original = pass.resolve(pass.file().model.path);
    const auto constraint = lineage.current(record::kind::constraint)->payload.get<record::Constraint>();
    model::require_unchanged(original, constraint.fingerprint.model_sha256);
    const DrawingOptions drawing_options{samples, static_cast<std::size_t>(settings.max_tokens), settings.seed};
    const Drawing drawing = draw(index, split, drawing_options, worker_tokenizer(pass, original));
    if (!drawing.has_template)
        core::say("The model has no chat template; ChatML is used, as the engine's server does.");

    record::CalibrationSet set = describe(index, drawing, settings);
    set.set_sha256 = pass.objects().put(model::to_json_lines(drawing.sample_sequences));
    set.holdout_sha256 = pass.objects().put(model::to_json_lines(drawing.holdout_sequences));
    const record::Entry* decision = lineage.current(record::kind::decision);
    pass.store().append({record::Stage::calibration, record::kind::calibration_set, {decision->hash}, core::Json(set)});
    return set;
}

}  // namespace scale::calibration
