#include "quality/measuring.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/hash.h"
#include "core/progress.h"
#include "quality/noise.h"

namespace scale::quality {
namespace {

namespace fs = std::filesystem;

constexpr int noise_share = 6;
constexpr int noise_batch = 64;

}  // namespace

Measuring::Measuring(const record::Pass& pass, const Subject& subject, const std::string& items_sha256,
                     const std::vector<record::GateLook>& looks, int threads)
    : log_(pass.work_folder() / "lock.log") {
    const record::QualitySection& settings = pass.file().quality;
    const std::string key =
        core::sha256_hex(subject.artefact.sha256 + subject.artefact.original_sha256 + subject.budget_entry.hash +
                         items_sha256 + subject.held_out_sha256 + subject.kv_type + settings.original_url +
                         settings.candidate_url + settings.original_model + settings.candidate_model)
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
    request_.original_server = {settings.original_url, settings.original_model, settings.key_variable};
    request_.candidate_server = {settings.candidate_url, settings.candidate_model, settings.key_variable};
    request_.served = subject.served();
    request_.top_tokens = subject.budget.scoring.top_tokens;
}

record::ServedMeasurement Measuring::agreement() const {
    if (!request_.served) return {};
    MeasureRequest request = request_;
    request.kl_tokens = request.first_tokens;
    core::Progress progress("comparing the servers with the engine");
    return engine::run_job("quality.agreement", request, log_, &progress).get<record::ServedMeasurement>();
}

record::NoiseFloor Measuring::noise(const record::Budget& budget) const {
    MeasureRequest request = request_;
    request.candidate = request.original;
    request.candidate_server = request.original_server;
    request.checkpoint = noise_checkpoint_.string();
    request.kv_type = "f16";
    request.kl_tokens = std::max<std::uint64_t>(request.first_tokens / noise_share, 256);
    request.items_per_suite = std::max(8, request.items_per_suite / noise_share);
    request.candidate_batch = noise_batch;
    request.candidate_threads = request.threads > 1 ? request.threads - 1 : 2;
    request.other_order = true;
    core::Progress progress("measuring the original against itself");
    const auto measured = engine::run_job("quality.measure", request, log_, &progress).get<Measurements>();
    if (request.served) return noise_floor(measured, "its server asked twice, in other orders", budget);
    std::string how = fmt::format("batch {} and {} threads against batch 512 and {}", noise_batch,
                                  request.candidate_threads, request.threads);
    if (!request.original_server.url.empty()) how += "; written answers: its server asked twice";
    return noise_floor(measured, how, budget);
}

core::Json Measuring::look(const record::GateLook& look) const {
    MeasureRequest request = request_;
    request.kl_tokens = look.tokens;
    request.items_per_suite = look.items;
    core::Progress progress("measuring original and candidate");
    return engine::run_job("quality.measure", request, log_, &progress);
}

void Measuring::forget() const {
    fs::remove(checkpoint_);
    fs::remove(noise_checkpoint_);
}

}  // namespace scale::quality
