#include "choice/qat/write.h"

#include <cmath>
#include <map>

#include <fmt/format.h>

#include "choice/qat/effort.h"
#include "choice/qat/grids.h"
#include "choice/qat/plan.h"
#include "core/clock.h"
#include "core/error.h"
#include "core/file.h"
#include "core/text.h"

namespace scale::choice {

namespace {

// "1.30e+18" reads badly in a document: 1.30·10^18.
std::string power(double value) {
    const int exponent = value > 0 ? static_cast<int>(std::floor(std::log10(value))) : 0;
    return fmt::format("{:.2f}·10^{}", value / std::pow(10.0, exponent), exponent);
}

std::string millions(double value) {
    return value < 1e9 ? fmt::format("{:.1f} million", value / 1e6) : fmt::format("{:.2f} billion", value / 1e9);
}

std::string heading(const QatFacts& facts) {
    const auto& summary = facts.gathered.summary;
    return fmt::format(
        "# Plan: train {} onto {}\n\n"
        "Accepted by: TBD (a name and a date; without them no type below 4 bits is chosen)\n\n"
        "Written by scale on {} for {}: {}, {} parameters, {} layers of width {}, vocabulary {}; SHA-256 of the "
        "original "
        "{}. Chosen type: {} ({}). Figures are marked measured or estimated.\n\n",
        summary.name.empty() ? "the model" : summary.name, facts.candidate.name,
        core::to_rfc3339(core::now()).substr(0, 10), facts.gathered.model.filename().string(), summary.architecture,
        summary.parameters, summary.layers, summary.width, summary.vocabulary,
        facts.gathered.situation.constraint.fingerprint.model_sha256, facts.candidate.name, facts.because);
}

std::string budget(const QatFacts& facts) {
    const record::Budget& budget = facts.budget;
    std::string text = fmt::format(
        "## 1. Budget: bytes and quality\n\n"
        "- Constraint: {}\n"
        "- Bytes: the file has {} ({} bytes, exact), {:.2f} bits per weight; with caches and buffers for the workload "
        "{} "
        "of {} allowed (estimated).\n",
        facts.gathered.situation.constraint.sentence, core::human_bytes(facts.candidate.bytes), facts.candidate.bytes,
        facts.candidate.bits_per_weight, core::human_bytes(facts.candidate.memory.total()),
        core::human_bytes(facts.memory_limit));
    text += fmt::format("- The smallest type of 4 bits or more, {}, needs {}{}.\n", facts.narrowest_unlocked.name,
                        core::human_bytes(facts.narrowest_unlocked.memory.total()),
                        facts.narrowest_unlocked.memory.total() > facts.memory_limit
                            ? " and does not fit"
                            : " and fits: prefer it unless it fails the gate");
    text += fmt::format(
        "- Quality ({}): mean KL at most {:g} nats a token, top-1 agreement at least {:g} %, perplexity ratio at most "
        "{:g}, tasks at most {:g} points below the original on {} items a suite, one-sided error {:g}.\n\n",
        facts.budget_declared ? "declared in the record"
                              : "intended in scale.toml; declare it with scale lock --declare",
        budget.kl_mean, 100 * budget.top1_agreement, budget.perplexity_ratio, budget.points, budget.items,
        budget.alpha);
    return text;
}

std::string untrained(const QatFacts& facts) {
    const Untrained& result = facts.untrained;
    const double limit = facts.budget.kl_mean;
    std::string text = fmt::format("## 2. PTQ result and gap\n\n");
    if (result.measured) {
        text += fmt::format("- Without training, {} has mean KL {:.4f} nats a token{} on {} tokens; {}. Verdict: {}.\n",
                            result.type, result.kl,
                            result.top1 > 0 ? fmt::format(" and top-1 agreement {:.2f} %", 100 * result.top1) : "",
                            result.tokens, result.source, result.verdict);
    } else {
        text += fmt::format(
            "- Without training, mean KL {:.3f} nats a token is expected ({:.3f} to {:.3f}); {}.\n"
            "- Measure it before any training is paid for: choose the type, scale quantize, scale lock; "
            "then write this plan anew, and the measured result stands here.\n",
            result.kl, result.kl_low, result.kl_high, result.source);
    }
    text += fmt::format("- Gap: {:.1f} times the budget's {:g}{}.\n\n", result.kl / limit, limit,
                        result.kl > limit ? "" : ", so that no training is called for on this figure");
    return text;
}

std::string grid(const QatFacts& facts) {
    std::map<std::string, std::pair<int, std::uint64_t>> types;
    int fallbacks = 0;
    for (const PlannedTensor& tensor : facts.tensors) {
        ++types[tensor.type].first;
        types[tensor.type].second += tensor.bytes;
        fallbacks += tensor.fallback;
    }
    std::string text = fmt::format(
        "## 3. Grid and types, frozen\n\n"
        "llama.cpp's mix {} on this model; {} tensors fall back to other types. Training rounds to exactly these "
        "values, "
        "with d, dmin and the sub-scales as stored (binary16 and integers, inside the forward pass), never to a float "
        "approximation of them: a release whose 16-bit scales were rounded differently on export lost most of its "
        "gain.\n\n",
        facts.candidate.name, fallbacks);
    for (const auto& [type, sum] : types) {
        const std::string_view words = grid_in_words(type);
        text += fmt::format("- {}: {} tensors, {}{}{}\n", type, sum.first, core::human_bytes(sum.second),
                            words.empty() ? "" : ". ", words);
    }
    text += "\n```\n";
    for (const PlannedTensor& tensor : facts.tensors)
        text += fmt::format("{:<8} {:>12} {}\n", tensor.type, tensor.bytes, tensor.name);
    return text + "```\n\n";
}

std::string teacher_and_loss(const QatFacts& facts) {
    const auto vocabulary = facts.gathered.summary.vocabulary;
    const auto kept = std::min<std::uint64_t>(512, vocabulary);
    return fmt::format(
        "## 4. Teacher\n\n"
        "The original, {} (SHA-256 {}…), in its own precision, frozen, run on the same tokens with the same chat "
        "template. "
        "No larger model: what is to be restored is this model's behaviour.\n\n"
        "## 5. Loss\n\n"
        "Forward KL from the teacher's distribution to the student's, at every token of the answer and the prompt, "
        "temperature 1. Teacher probabilities may be cut to the {} largest of {} plus their remaining mass ({} bytes a "
        "token stored). Optional warm-up, {} blocks one after the other: mean squared error of each block's output "
        "against "
        "the unquantised block, inputs from the already trained prefix; best held-out state kept. No cross-entropy on "
        "labels: it moves an instruction-tuned model away from its reference.\n\n",
        facts.gathered.model.filename().string(),
        facts.gathered.situation.constraint.fingerprint.model_sha256.substr(0, 12), kept, vocabulary, 6 * kept,
        facts.gathered.summary.layers);
}

std::string data(const Effort& effort) {
    return fmt::format(
        "## 6. Data: mixture, licence, decontamination, tokens\n\n"
        "- Tokens: {} = {} steps of {} sequences of {} ({:g} tokens a parameter, bounded to 100 million … 2 billion). "
        "Estimated: from 3 bits on, weights compensate; at 2 bits representations are rebuilt, which takes several "
        "times "
        "as many (ParetoQ). The gates at 10 and 30 % decide whether the rest is spent.\n"
        "- Mixture: 50 % redacted traffic of this deployment (prompts with the teacher's own answers), 30 % open "
        "instruction and reasoning data, 10 % code, 10 % text in the languages of the traffic. Where traffic holds "
        "fewer "
        "tokens than its share, the teacher's answers to varied prompts make up the rest; no text is seen more than 3 "
        "times.\n"
        "- Licence: per source, named in the data card that goes with the run; only licences that allow training and "
        "redistribution of weights; personal data redacted before it leaves the traffic log.\n"
        "- Decontamination: every text whose 13-token pieces occur in the pass's held-out set or in the gate's items "
        "is "
        "dropped, and so is whatever the calibration set shares with them; the counts go to the data card.\n\n",
        millions(effort.tokens), effort.steps, effort.batch, effort.length, effort.tokens_per_parameter);
}

std::size_t quantised(const QatFacts& facts) {
    std::size_t count = 0;
    for (const PlannedTensor& tensor : facts.tensors) count += !grid_in_words(tensor.type).empty();
    return count;
}

std::string start_and_schedule(const QatFacts& facts, const Effort& effort) {
    return fmt::format(
        "## 7. Initialisation\n\n"
        "The best result without training: the artefact of scale quantize for {} (error feedback on whole input "
        "moments), "
        "decoded to F32, so that step 0 already lies on the grid.\n\n"
        "## 8. Trainable set\n\n"
        "The {} quantised matrices with straight-through gradients (scales searched anew every 100 steps on the moving "
        "weights, re-stored as binary16 and integers each time), all norms and biases in F32. Frozen: types, the "
        "tokenizer, position tables.\n\n"
        "## 9. Schedule: learning rate, batch, length, precision\n\n"
        "- Learning rate {:.0e}, chosen among {:.1e}, {:.0e} and {:.0e} by held-out KL after {} steps each; AdamW, β "
        "0.9 "
        "and 0.95, no weight decay (it pulls off the grid), gradient norm clipped at 1.\n"
        "- {} steps: {} of linear warm-up, constant, cosine to a tenth over the last 30 %.\n"
        "- Batch {} sequences of {} tokens; BF16 arithmetic, F32 master weights and F32 fake quantisation.\n\n",
        facts.candidate.name, quantised(facts), effort.learning_rate, effort.learning_rate / 3,
        effort.learning_rate, effort.learning_rate * 3, std::max<std::int64_t>(20, effort.steps / 50), effort.steps,
        effort.warm_up, effort.batch, effort.length);
}

std::string cost(const QatFacts& facts, const Effort& effort) {
    const double n = static_cast<double>(facts.gathered.summary.parameters);
    std::string text = fmt::format(
        "## 10. Cost\n\n"
        "- Flop (estimated): 6·N·T for the student + 2·N·T for the teacher = 8 · {} · {} = {}. The three-fold search "
        "of the "
        "learning rate adds {:.0f} %.\n"
        "- State (estimated): 18 bytes a parameter = {}.\n\n"
        "| hardware | devices | hours | price | how (estimated) |\n|---|---|---|---|---|\n",
        power(n), power(effort.tokens), power(effort.flop),
        100.0 * 3 * static_cast<double>(std::max<std::int64_t>(20, effort.steps / 50)) /
            static_cast<double>(effort.steps),
        core::human_bytes(static_cast<std::uint64_t>(effort.state_bytes)));
    for (const Accelerator& each : accelerators()) {
        const Cost cost = cost_on(each, effort);
        text += fmt::format(
            "| {} | {} | {:.2g} | ${:.2f} | {} flop ÷ ({:.0f} % of {:.0f} TFLOP/s × {}); ${:.2f} a device "
            "and hour is assumed |\n",
            each.name, cost.devices, cost.hours, cost.dollars, power(effort.flop), 100 * utilisation,
            each.peak_flop / 1e12, cost.devices, each.price_per_hour);
    }
    const record::Constraint& constraint = facts.gathered.situation.constraint;
    if (const double hours = hours_at(constraint.speed.prefill.median, effort); hours > 0)
        text += fmt::format(
            "| this machine ({}) | 1 | {:.3g} | – | 4 · tokens ÷ {:.0f} prompt tokens a second (measured in "
            "stage S) |\n",
            constraint.hardware.empty() ? "as measured" : constraint.hardware, hours, constraint.speed.prefill.median);
    return text + "\n";
}

std::string checkpoints(const QatFacts& facts, const Effort& effort) {
    const auto n = facts.gathered.summary.parameters;
    const std::int64_t every = std::max<std::int64_t>(1, effort.steps / 50);
    return fmt::format(
        "## 11. Checkpoints\n\n"
        "Every {} steps (2 %): the whole state ({}, estimated), the last three kept; and the weights alone, rounded to "
        "the "
        "grid, as F32 GGUF ({}, estimated), kept at 10, 30 and 100 % and at the best held-out KL. Each with step, "
        "tokens "
        "seen, data position, random state, so that a killed run goes on with the same numbers.\n\n",
        every, core::human_bytes(16 * n), core::human_bytes(4 * n));
}

std::string gates(const QatFacts& facts, const Effort& effort) {
    const double start = facts.untrained.kl, limit = facts.budget.kl_mean;
    const char* label = facts.untrained.measured ? "measured" : "estimated; replace it once measured";
    return fmt::format(
        "## 12. Evaluation gates at 10, 30 and 100 %\n\n"
        "Held-out traffic of the pass, never trained on; mean KL with a 95 % interval over texts. Start: {:.4f} "
        "({}).\n\n"
        "| at | tokens | go on only if |\n|---|---|---|\n"
        "| 10 % | {} | KL at most {:.4f} (a tenth of the way in ln KL, and below the start by more than its interval) "
        "|\n"
        "| 30 % | {} | KL at most {:.4f} (half of the way in ln KL) and no task suite below the start |\n"
        "| 100 % | {} | scale quantize --import, then scale lock: upper limit of KL at most {:g}, top-1 at least {:g} "
        "%, "
        "tasks within {:g} points, as declared |\n\n",
        start, label, millions(0.1 * effort.tokens), start * std::pow(limit / start, 0.1),
        millions(0.3 * effort.tokens), start * std::pow(limit / start, 0.5), millions(effort.tokens), limit,
        100 * facts.budget.top1_agreement, facts.budget.points);
}

std::string ending(const QatFacts& facts, const std::string& plan_path) {
    const double start = facts.untrained.kl;
    return fmt::format(
        "## 13. Stop and rollback\n\n"
        "- Stop at a failed gate; where held-out KL has not fallen for 10 % of the tokens; at a loss that is not "
        "finite.\n"
        "- Held-out KL rising while training KL falls is over-fitting: go back to the best checkpoint, halve the "
        "learning "
        "rate, once. The second time, stop.\n"
        "- A failed run changes nothing: the original serves on, and the untrained artefact remains the fallback. In "
        "production the rollout's own rules bring back the original.\n\n"
        "## 14. Export proof\n\n"
        "- Export the weights as an F32 GGUF, on the grid. scale quantize --import trained.gguf packs them: every "
        "decoded "
        "weight must equal the trained one bit for bit, or the first tensor that does not is named and nothing is "
        "made. "
        "The comparison is kept in the record.\n"
        "- Logits: the trainer's fake-quantised forward pass against the artefact on stock llama-server on 64 held-out "
        "texts, mean KL below 0.002 (llama.cpp rounds activations to 8 bits, a floor of about 0.0006 to 0.0014).\n"
        "- Then scale choose --type {} --because \"trained by this plan\" --qat-plan {}, scale lock, scale "
        "evaluate.\n\n"
        "## 15. Risks\n\n"
        "- The expected start ({:.3f} nats) {}. A start above 1 nat means a broken model: training then amounts to "
        "pre-training, and a wider type is cheaper.\n"
        "- KL to the original and task scores may disagree: both are gated, neither alone decides.\n"
        "- Wrong chat template or tokenizer in the data: compare 100 templated texts token by token before the run.\n"
        "- Drift of a model tuned by reinforcement learning: forward KL only, no labels.\n"
        "- A grid mismatch at export: the proof above finds it at step 0 already; run it there first.\n"
        "- Small models lose more at these widths than the prior's 8-billion model.\n",
        facts.candidate.name, plan_path, start,
        facts.untrained.measured ? "is measured" : "is an estimate with a factor of about 1.6 either way");
}

}  // namespace

std::string qat_plan_text(const QatFacts& facts, const std::string& plan_path) {
    const Effort effort =
        plan_effort(facts.gathered.summary.parameters, facts.candidate.nominal_bits, facts.gathered.summary.context);
    return heading(facts) + budget(facts) + untrained(facts) + grid(facts) + teacher_and_loss(facts) +
           data(effort) + start_and_schedule(facts, effort) + cost(facts, effort) + checkpoints(facts, effort) +
           gates(facts, effort) + ending(facts, plan_path);
}

WrittenPlan write_qat_plan(const record::Pass& pass, const std::filesystem::path& path, const std::string& pinned) {
    if (std::filesystem::exists(path))
        throw core::refused(path.string() + " exists already", "a new file", "name another, or remove it");
    const QatFacts facts = gather_qat_facts(pass, pinned);
    const std::string text = qat_plan_text(facts, path.filename().string());
    if (const QatPlan plan = parse_qat_plan(text); !plan.missing.empty() || !plan.empty.empty())
        throw core::worker_error("the plan that was written is incomplete: " + describe_gaps(plan));
    core::write_file_atomic(path, text);
    return {path, facts.candidate.name};
}

}  // namespace scale::choice
