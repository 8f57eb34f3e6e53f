// The artefact and its gate.
#include <algorithm>

#include <fmt/format.h>

#include "core/text.h"
#include "forecast/rates.h"
#include "forecast/steps.h"
#include "quality/looks.h"
#include "quantize/effort.h"

namespace scale::forecast {

namespace {

constexpr double statistics_cost = 1.4;    // of a pass that also sums every input, over a prompt's
constexpr double moments_cost = 2.5;       // of one that also multiplies every input with itself
constexpr double gradient_cost = 6;        // over a prompt's
constexpr double search_roundings = 3;     // of every weight, for the errors of every type and for probes
constexpr std::uint64_t float_copies = 2;  // of the weights: themselves and their gradients
constexpr double tuning_cost = 30;         // over a prompt's, of each token of the set
constexpr std::uint64_t moments_limit = 4ULL << 30;
constexpr double suite_item = 45;        // tokens that an item by likelihood costs (quality/measure_items.cpp)
constexpr double written_token = 2.5;    // and one that is written, a token of the answer
constexpr double noise_share = 1.0 / 6;  // of the first look, for the noise floor
constexpr double noise_cost = 2;         // small batches, and a thread less

// Whole second moments of every distinct input, two halves in float: three inputs as wide as the model and one as its
// feed-forward part, a layer.
std::uint64_t moment_bytes(const model::ModelSummary& model) {
    const std::uint64_t layer = 3 * model.width * model.width + model.feed_forward * model.feed_forward;
    return std::min(moments_limit, 2 * sizeof(float) * model.layers * layer);
}

bool for_server(const Facts& facts) {
    return facts.file.deploy.target == "vllm";
}

// What the engine runs: a server's checkpoint decodes to F32.
std::uint64_t candidate_bytes(const Facts& facts) {
    if (facts.artefact) return facts.artefact->bytes;
    return for_server(facts) ? facts.original.parameters * sizeof(float) : expected_type(facts).bytes;
}

double scored_tokens(const Facts& facts, const record::Budget& budget, const record::GateLook& look) {
    double items = 0;
    for (const std::string& suite : budget.scoring.suites) {
        const auto known = facts.scoring.find(suite);
        const bool written =
            known != facts.scoring.end() ? known->second == "generation" : budget.scoring.mode == "generation";
        const double share = suite == "consistency" ? 0.5 : 1;
        items += share * look.items * (suite_item + (written ? written_token * budget.scoring.answer_tokens : 0));
    }
    return items + static_cast<double>(look.tokens);
}

// What making the artefact consists of.
struct Making {
    ExpectedType type;
    bool checkpoint = false;
    bool searched = false;  // for types
    bool refined = false;
    bool tuned = false;
};

Making making_of(const Facts& facts) {
    const record::CalibrationSection& settings = facts.file.calibration;
    Making making{expected_type(facts), for_server(facts)};
    const bool narrow = making.type.bits < 8;
    making.searched = narrow && !making.checkpoint && settings.allocation != "stock";
    making.refined = making.checkpoint || (narrow && settings.rounding != "stock");
    making.tuned = !making.checkpoint && settings.rounding == "tuned";
    return making;
}

void add_time(const Facts& facts, const Making& making, record::Forecast& step) {
    const auto weights = static_cast<double>(facts.original.parameters);
    const auto tokens = static_cast<double>(calibration_tokens(facts));
    double passes = statistics_cost * tokens;  // tokens at a prompt's cost
    double rounded = 0;                        // weights, with error feedback
    const auto effort = quantize::effort_for(facts.original.parameters,
                                             std::max(facts.original.width, facts.original.feed_forward));
    step.seconds_how = fmt::format("{}, statistics on {:.0f} tokens", making.type.name, tokens);
    if (making.searched) {
        passes += gradient_cost * static_cast<double>(effort.search_gradients) +
                  moments_cost * static_cast<double>(effort.search_inputs) +
                  rate::probe_looks * static_cast<double>(effort.search_probes) +
                  rate::held_out_looks * static_cast<double>(effort.search_held_out);
        rounded += search_roundings * weights;
        step.seconds_how += ", the search for types";
    }
    if (making.refined) {
        passes += moments_cost * std::min(tokens, static_cast<double>(effort.refinement));
        rounded += weights;
        step.seconds_how += ", refinement";
    }
    if (making.tuned) {
        passes += tuning_cost * tokens;
        step.seconds_how += ", tuning";
    }
    step.seconds = 6 * rate::job_seconds + passes / facts.pace.prefill +
                   rounded / (facts.threads * rate::refined_weights) + weights / (facts.threads * rate::stock_weights) +
                   2 * weights / (facts.threads * rate::read_weights) +
                   static_cast<double>(facts.original.file_bytes) / rate::disk_bytes;
    step.seconds_how += " " + facts.pace.how;
}

void add_memory(const Facts& facts, const Making& making, record::Forecast& step) {
    const std::uint64_t floats = facts.original.parameters * sizeof(float);
    step.memory = facts.original.file_bytes + candidate_bytes(facts);
    step.memory_how = "the original and the artefact";
    const auto at_least = [&](std::uint64_t bytes, const char* how) {
        if (bytes <= step.memory) return;
        step.memory = bytes;
        step.memory_how = how;
    };
    if (making.searched || making.refined)
        at_least(step.memory + moment_bytes(facts.original), "original, artefact and the moments of inputs");
    if (making.searched || making.tuned)
        at_least(facts.original.file_bytes + float_copies * floats, "the model in float with its gradients");
    step.memory += 2 * rate::process_bytes;
}

void add_disk(const Facts& facts, const Making& making, record::Forecast& step) {
    if (making.checkpoint) {
        step.disk = step.kept = candidate_bytes(facts) + making.type.bytes;
        step.disk_how = "the checkpoint and the model that it decodes to, in F32";
        return;
    }
    step.kept = making.type.bytes + facts.original.file_bytes / 100;
    step.disk = step.kept +
                std::max(making.searched ? 2 * facts.original.file_bytes : 0, making.refined ? making.type.bytes : 0);
    step.disk_how = fmt::format("the artefact of {}{}{}", core::human_bytes(making.type.bytes),
                                making.searched ? ", two copies of the original for the search" : "",
                                making.refined ? ", the refinement's journal" : "");
}

}  // namespace

record::Forecast of_quantize(const Facts& facts) {
    const Making making = making_of(facts);
    record::Forecast step;
    add_time(facts, making, step);
    add_memory(facts, making, step);
    add_disk(facts, making, step);
    return step;
}

record::Forecast of_lock(const Facts& facts) {
    const record::Budget& budget = facts.budget ? *facts.budget : facts.file.budget;
    const bool compressed = facts.file.model.stakes == "low";
    const std::vector<record::GateLook> looks = quality::plan_looks(budget, compressed);
    const double tokens = scored_tokens(facts, budget, looks.front());
    const double most = scored_tokens(facts, budget, looks.back());
    const std::uint64_t artefact = candidate_bytes(facts);
    record::Forecast step;
    step.seconds = 2 * rate::job_seconds + 2 * tokens / facts.pace.prefill * (1 + noise_share * noise_cost) +
                   static_cast<double>(facts.original.file_bytes + artefact) / rate::disk_bytes;
    step.seconds_how = fmt::format("{} items a suite and {} tokens of text through both models {}", looks.front().items,
                                   looks.front().tokens, facts.pace.how);
    if (looks.size() > 1)
        step.seconds_how += fmt::format("; the first look, all {} would take {}", looks.size(),
                                        core::human_duration(step.seconds * most / std::max(tokens, 1.0)));
    step.memory = facts.original.file_bytes + artefact + 3 * rate::process_bytes +
                  std::min<std::uint64_t>(std::uint64_t{512} << 20, facts.original.vocabulary * sizeof(float) * 512);
    step.memory_how = "both models, and the original's predictions of a text";
    step.kept =
        static_cast<std::uint64_t>(22 * static_cast<double>(looks.front().tokens) +
                                   600.0 * looks.front().items * static_cast<double>(budget.scoring.suites.size()));
    step.disk = 2 * step.kept;
    step.disk_how = "results by item and token, twice while the gate runs";
    return step;
}

}  // namespace scale::forecast
