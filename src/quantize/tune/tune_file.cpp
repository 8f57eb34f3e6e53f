#include "quantize/tune/tune_file.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include <fmt/format.h>

#include "core/random.h"
#include "model/gguf.h"
#include "quantize/network/head.h"
#include "quantize/network/pass.h"
#include "quantize/tune/samples.h"
#include "quantize/tune/tuned_network.h"

extern "C" void openblas_set_num_threads(int count);

namespace scale::quantize {

namespace {

constexpr int warm_up_steps = 5;
constexpr std::size_t fewest_samples = 4;  // of those that train

SequenceBatch batch_of(const std::vector<const Sample*>& samples, std::vector<float>* states) {
    SequenceBatch batch;
    for (const Sample* sample : samples) {
        batch.add(sample->tokens);
        if (states) states->insert(states->end(), sample->states.begin(), sample->states.end());
    }
    return batch;
}

std::vector<const Sample*> all_of(const std::vector<Sample>& samples) {
    std::vector<const Sample*> pointers;
    for (const Sample& sample : samples) pointers.push_back(&sample);
    return pointers;
}

class Tuning {
  public:
    Tuning(const Network& original, TunedNetwork& tuned, SplitSamples& samples, const TuneOptions& options,
           const TuneProgress& progress)
        : original_(original), tuned_(tuned), samples_(samples), options_(options), progress_(progress) {
        const std::uint64_t training = samples.training_tokens();
        for (const Sample& sample : samples.held_out) held_out_tokens_ += sample.tokens.size();
        // In forward passes of a token: two for the original and the judgements, four for a step.
        total_ = static_cast<double>(training + held_out_tokens_) +
                 4.0 * static_cast<double>(training) * options.epochs +
                 2.0 * static_cast<double>(held_out_tokens_) * (options.judgements + 1);
    }

    TuneResult run() {
        ask_original(samples_.training);
        ask_original(samples_.held_out);
        TuneResult result;
        result.training_tokens = samples_.training_tokens();
        result.held_out_tokens = held_out_tokens_;
        result.matrices = tuned_.matrices();
        result.vectors = tuned_.vectors();
        result.loss_before = best_loss_ = judge();
        train();
        result.loss_after = best_loss_;
        result.kept = !best_.empty();
        return result;
    }

    const StoredTensors& best() const { return best_; }

  private:
    void ask_original(std::vector<Sample>& samples) {
        for (Sample& sample : samples) {
            sample.states = forward(original_, batch_of({&sample}, nullptr), nullptr, options_.threads);
            advance(static_cast<double>(sample.tokens.size()), "asking the original");
        }
    }

    // Mean KL over the held-out tokens, nats.
    double judge() {
        double sum = 0;
        for (const auto& some : in_batches(all_of(samples_.held_out), options_.batch_tokens)) {
            std::vector<float> wanted;
            const SequenceBatch batch = batch_of(some, &wanted);
            sum += divergence_only(original_, wanted, tuned_.network(),
                                   forward(tuned_.network(), batch, nullptr, options_.threads), options_.threads);
            advance(2.0 * batch.size(), note());
        }
        return sum / static_cast<double>(held_out_tokens_);
    }

    std::vector<std::vector<const Sample*>> schedule() const {
        core::Random random(1, "order of tuning");
        std::vector<std::vector<const Sample*>> steps;
        for (int epoch = 0; epoch < options_.epochs; ++epoch) {
            std::vector<const Sample*> order = all_of(samples_.training);
            random.shuffle(order);
            for (auto& step : in_batches(order, options_.batch_tokens)) steps.push_back(std::move(step));
        }
        return steps;
    }

    void train() {
        const auto steps = schedule();
        const auto count = static_cast<double>(steps.size());
        sizes_ = options_.sizes;
        sizes_.codes /= static_cast<float>(std::sqrt(count));
        int judged = 0;
        for (std::size_t i = 0; i < steps.size(); ++i) {
            const double share = std::min(1.0, static_cast<double>(i + 1) / warm_up_steps) * 0.5 *
                                 (1 + std::cos(std::numbers::pi * static_cast<double>(i) / count));
            step(steps[i], static_cast<float>(share));
            if (static_cast<double>(i + 1) * options_.judgements < count * (judged + 1)) continue;
            ++judged;
            const double loss = judge();
            if (!(loss < best_loss_)) continue;
            best_loss_ = loss;
            best_ = tuned_.stored();
        }
    }

    void step(const std::vector<const Sample*>& samples, float share) {
        std::vector<float> wanted;
        const SequenceBatch batch = batch_of(samples, &wanted);
        tuned_.clear_gradients();
        Trace trace;
        const std::vector<float> states = forward(tuned_.network(), batch, &trace, options_.threads);
        HeadLoss loss = divergence(original_, wanted, tuned_.network(), states, &tuned_.gradients(), options_.threads);
        backward(tuned_.network(), batch, trace, std::move(loss.gradient), &tuned_.gradients(), {}, options_.threads);
        ++adam_.step;
        StepSizes sizes = sizes_;
        for (float* size : {&sizes.codes, &sizes.scales, &sizes.norms}) *size *= share;
        tuned_.step(adam_, sizes, options_.threads);
        advance(4.0 * batch.size(), note());
    }

    std::string note() const {
        return best_loss_ > 0 ? fmt::format("KL on held-out samples {:.5f}", best_loss_) : std::string();
    }

    void advance(double work, const std::string& text) {
        done_ += work;
        progress_(std::min(done_, total_), total_, text);
    }

    const Network& original_;
    TunedNetwork& tuned_;
    SplitSamples& samples_;
    const TuneOptions& options_;
    const TuneProgress& progress_;
    std::uint64_t held_out_tokens_ = 0;
    double done_ = 0, total_ = 0;
    Adam adam_;
    StepSizes sizes_;
    double best_loss_ = 0;
    StoredTensors best_;
};

TuneResult refused(std::string reason) {
    TuneResult result;
    result.unsupported = std::move(reason);
    return result;
}

std::uint64_t sample_memory(const SplitSamples& samples, int width) {
    std::uint64_t tokens = samples.training_tokens();
    for (const Sample& sample : samples.held_out) tokens += sample.tokens.size();
    return 4 * tokens * static_cast<std::uint64_t>(width);
}

}  // namespace

std::uint64_t tuning_memory(const NetworkShape& shape, std::uint64_t parameters, const TuneOptions& options) {
    const std::uint64_t trace =
        4 * static_cast<std::uint64_t>(shape.layers) *
        static_cast<std::uint64_t>(5 * shape.width + 2 * shape.feed_forward + shape.query_width());
    const std::uint64_t a_weight = options.sizes.codes > 0 ? 26 : 14;
    return parameters * a_weight + trace * options.batch_tokens +
           std::uint64_t{2} * 4 * 256 * static_cast<std::uint64_t>(shape.vocabulary);
}

TuneResult tune_file(const TuneRequest& request, const std::vector<model::TokenSequence>& calibration,
                     const TuneProgress& progress) {
    openblas_set_num_threads(1);  // tiles are split over threads instead (network/linear.h)
    const TuneOptions& options = request.options;
    const model::GgufFile original_file(request.original), target(request.target);
    const ShapeReading reading = read_shape(target);
    if (!reading.unsupported.empty()) return refused(reading.unsupported);
    SplitSamples samples = split_samples(calibration, {options.tokens, options.batch_tokens, 12});
    if (samples.training.size() < fewest_samples || samples.held_out.empty())
        return refused(fmt::format("a calibration set of {} samples", samples.training.size()));
    const std::uint64_t memory =
        tuning_memory(reading.shape, target.parameters(), options) + sample_memory(samples, reading.shape.width);
    if (memory > options.memory_bytes)
        return refused(fmt::format("{:.1f} GiB of memory needed, {:.1f} GiB there",
                                   static_cast<double>(memory) / 0x1p30,
                                   static_cast<double>(options.memory_bytes) / 0x1p30));
    NetworkReading original = load_network(original_file), quantised = load_network(target);
    if (!original.network) return refused(original.unsupported);
    if (!quantised.network) return refused(quantised.unsupported);
    TunedNetwork tuned(target, std::move(*quantised.network), options.sizes.codes > 0);
    Tuning tuning(*original.network, tuned, samples, options, progress);
    const TuneResult result = tuning.run();
    if (result.kept) store_tensors(request.target, tuning.best());
    return result;
}

}  // namespace scale::quantize
