// Stages S and C, the budget's declaration and the calibration set.
#include <algorithm>

#include <fmt/format.h>

#include "choice/candidates.h"
#include "choice/trial.h"
#include "core/text.h"
#include "forecast/rates.h"
#include "forecast/steps.h"
#include "quality/looks.h"

namespace scale::forecast {

namespace {

constexpr double trial_memory = 0.7;      // share of the available memory that candidates are grouped by
constexpr double round_seconds = 8;       // of one model, at most; longer shapes are cut (engine/speed.h)
constexpr double answer_share = 0.6;      // of the tokens that a pilot's answer may have
constexpr double channel_tokens = 32768;  // at most (calibration/assemble.cpp)
constexpr double channel_cost = 1.5;      // of a pass that also looks at every input, over a prompt's
constexpr double texts_kept = 320;        // held out and canary
constexpr double token_text = 7;          // bytes of a token in a set's file
constexpr double item_bytes = 1200;       // of an item, and this many a token of its context
constexpr double pilot_prompt = 150;      // tokens
constexpr double log_bytes = 8e6;         // a second: read, redacted, compared with one another

// Seconds of the workload's shapes: a prompt, a sequence alone, and all sequences together.
double round_of(const Facts& facts) {
    const record::Workload& workload = facts.file.constraint.workload;
    return std::min(round_seconds, workload.prompt_tokens / facts.pace.prefill +
                                       workload.completion_tokens / facts.pace.decode +
                                       workload.concurrency * workload.completion_tokens / facts.pace.batch_decode);
}

struct Trial {
    int candidates = 0;
    std::uint64_t bytes = 0;   // of their stand-ins
    std::uint64_t memory = 0;  // of all and the original
    double share = 1;          // of the layers
};

// Wider than 4 bits or with an accepted plan for fewer, and narrower than the original.
Trial trial_of(const Facts& facts) {
    const model::ModelSummary& model = facts.original;
    Trial trial;
    const bool cut =
        model.file_bytes > choice::whole_model_limit && model.layers > static_cast<std::uint64_t>(choice::trial_layers);
    if (cut) trial.share = 1.3 * choice::trial_layers / static_cast<double>(model.layers);  // embedding and head too
    const double own_bits = 8 * static_cast<double>(model.file_bytes) / static_cast<double>(model.parameters);
    const double least = facts.file.choice.qat_plan.empty() ? 4 : 2;
    for (const choice::CandidateType& type : choice::candidate_types()) {
        if (type.target != "llama.cpp" || type.nominal_bits < least || type.nominal_bits >= own_bits - 1) continue;
        ++trial.candidates;
        trial.bytes +=
            static_cast<std::uint64_t>(trial.share * static_cast<double>(bytes_at(type.nominal_bits, model)));
    }
    trial.memory = trial.bytes + static_cast<std::uint64_t>(static_cast<double>(facts.serving_memory) * trial.share) +
                   static_cast<std::uint64_t>(trial.candidates) *
                       (facts.serving_memory - std::min(facts.serving_memory, model.tensor_bytes));
    return trial;
}

}  // namespace

record::Forecast of_set(const Facts& facts) {
    const int rounds = facts.file.choice.trial_rounds;
    const auto bytes = static_cast<double>(facts.original.file_bytes);
    record::Forecast step;
    step.seconds = 2 * rate::job_seconds + bytes / rate::disk_bytes * (facts.to_convert ? 3 : 1) +
                   (rounds + 0.5) * round_of(facts);
    step.seconds_how = fmt::format("{} round{} of the workload {}", rounds, rounds == 1 ? "" : "s", facts.pace.how);
    step.memory = facts.serving_memory + rate::process_bytes;
    step.memory_how = "weights and cache of the workload";
    if (facts.to_convert) {
        step.disk = step.kept = facts.original.file_bytes;
        step.disk_how = "the folder's weights once more, as a GGUF file";
    } else {
        step.disk_how = "logs only";
    }
    return step;
}

record::Forecast of_choose(const Facts& facts) {
    record::Forecast step;
    if (facts.file.deploy.target == "vllm") {
        step.seconds = rate::job_seconds;
        step.seconds_how = "documents decide, nothing is measured";
        step.memory = rate::process_bytes;
        step.memory_how = "no model is loaded";
        step.disk_how = "logs only";
        return step;
    }
    const Trial trial = trial_of(facts);
    const int rounds = facts.file.choice.trial_rounds;
    const double weights = static_cast<double>(facts.original.parameters) * trial.share;
    step.seconds = 2 * rate::job_seconds + trial.candidates * weights / (facts.threads * rate::stock_weights) +
                   (trial.candidates + 1) * (rounds + 0.5) * round_of(facts) * trial.share;
    step.seconds_how = fmt::format("{} stand-ins written, {} round{} each and of the original {}", trial.candidates,
                                   rounds, rounds == 1 ? "" : "s", facts.pace.how);
    const auto limit = static_cast<std::uint64_t>(trial_memory * static_cast<double>(facts.memory_available));
    step.memory = std::min(trial.memory, limit) + rate::process_bytes;
    step.memory_how = trial.memory <= limit
                          ? "the original and all stand-ins side by side"
                          : fmt::format("groups of stand-ins within {:.0f} % of what is free", 100 * trial_memory);
    step.disk = trial.bytes;
    step.disk_how = fmt::format("{} stand-ins at the bits that they promise, removed afterwards", trial.candidates);
    return step;
}

record::Forecast of_declare(const Facts& facts) {
    const record::Budget& budget = facts.file.budget;
    const auto suites = static_cast<double>(budget.scoring.suites.size());
    const bool pilot = budget.scoring.mode == "auto";
    record::Forecast step;
    step.seconds = rate::job_seconds;
    step.seconds_how = "items are generated, no model runs";
    step.memory = rate::process_bytes + facts.original.vocabulary * 200;
    step.memory_how = "the tokenizer";
    if (pilot) {
        step.seconds +=
            suites * budget.scoring.pilot_items *
            (pilot_prompt / facts.pace.prefill + answer_share * budget.scoring.answer_tokens / facts.pace.batch_decode);
        step.seconds_how =
            fmt::format("a pilot of {} items in each of {} suites, answers of {} tokens {}", budget.scoring.pilot_items,
                        suites, budget.scoring.answer_tokens, facts.pace.how);
        step.memory = facts.serving_memory + rate::process_bytes;
        step.memory_how = "weights and cache of the original";
    }
    step.disk = step.kept =
        static_cast<std::uint64_t>(quality::most_items(budget) * (suites * item_bytes + token_text * budget.context));
    step.disk_how = fmt::format("{} items a suite", quality::most_items(budget));
    return step;
}

record::Forecast of_assemble(const Facts& facts) {
    const record::CalibrationSection& settings = facts.file.calibration;
    const double each = sample_tokens(facts);
    const double read = std::min(channel_tokens, 2 * settings.samples * each);
    record::Forecast step;
    step.seconds = 2 * rate::job_seconds + static_cast<double>(facts.traffic_bytes) / log_bytes;
    step.seconds_how = fmt::format("{} of the log", core::human_bytes(facts.traffic_bytes));
    step.memory = rate::process_bytes + 4 * facts.traffic_bytes + facts.original.vocabulary * 200;
    step.memory_how = "the log and its index";
    if (settings.channels != "off") {
        step.seconds += rate::job_seconds + channel_cost * read / facts.pace.prefill;
        step.seconds_how += fmt::format(", {:.0f} tokens of candidates {}", read, facts.pace.how);
        step.memory = std::max(step.memory, facts.serving_memory + rate::process_bytes);
        step.memory_how = "weights of the original, or the log and its index";
    }
    if (settings.answers == "generate") {
        step.seconds += settings.samples * settings.answer_tokens / facts.pace.batch_decode;
        step.seconds_how += fmt::format(", {} answers of {} tokens", settings.samples, settings.answer_tokens);
    }
    step.disk = step.kept =
        static_cast<std::uint64_t>((settings.samples + texts_kept) * each * token_text) + facts.original.layers * 40000;
    step.disk_how = fmt::format("token lists of about {:.0f} tokens a sample", each);
    return step;
}

}  // namespace scale::forecast
