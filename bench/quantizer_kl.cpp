// KL divergence from the original of stock-quantised and refined files of the same types and bytes; with --allocation,
// of refined files with the mix's types and with types searched within the mix's bytes.
//
// usage: bench_quantizer [--allocation] MODEL TYPE[,TYPE…] CALIBRATION_TEXT CALIBRATION_TOKENS EVALUATED_TOKENS FOLDER
// TEXT…
//
// Calibration and evaluated texts are cut into sequences of 512 tokens. Every type is written by llama.cpp's quantiser
// with activation statistics of the calibration text, a copy is refined on the same text, and both are compared with
// the original on each TEXT, sequence by sequence. The difference is paired by sequence; ± is the standard error over
// sequences.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "core/error.h"
#include "core/file.h"
#include "core/hash.h"
#include "divergence.h"
#include "engine/session.h"
#include "engine/stock_quantize.h"
#include "quantize/allocation/allocate.h"
#include "quantize/refine/refine_file.h"
#include "quantize/tune/tune_file.h"

namespace {

using namespace scale;
namespace fs = std::filesystem;

using bench::mean_of;
using bench::MeanError;
using bench::sequence_tokens;
using bench::sequences_of;

int threads() {
    return static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
}

struct Divergence {
    std::vector<double> per_sequence;  // mean KL, nats a token
    double same_first_choice = 0;
};

Divergence compare(const engine::Model& original, const fs::path& candidate_path,
                   const std::vector<model::TokenSequence>& texts) {
    const engine::Model candidate(candidate_path);
    engine::SessionOptions options;
    options.context = static_cast<int>(sequence_tokens);
    options.threads = threads();
    engine::Session truth(original, options), other(candidate, options);
    Divergence result;
    std::size_t positions = 0, agreed = 0;
    for (const auto& text : texts) {
        std::vector<float> rows;
        truth.logits(text.tokens, 1,
                     [&](std::size_t, std::span<const float> row) { rows.insert(rows.end(), row.begin(), row.end()); });
        double sum = 0;
        std::size_t count = 0;
        other.logits(text.tokens, 1, [&](std::size_t, std::span<const float> row) {
            const auto found =
                bench::compare_rows(std::span<const float>(rows).subspan(count * row.size(), row.size()), row);
            sum += found.kl;
            agreed += found.same_first_choice;
            ++count;
        });
        positions += count;
        result.per_sequence.push_back(sum / static_cast<double>(count));
    }
    result.same_first_choice = static_cast<double>(agreed) / static_cast<double>(positions);
    return result;
}

engine::Statistics statistics_of(const engine::Model& model, const std::vector<model::TokenSequence>& calibration) {
    engine::ActivationTap tap;
    engine::SessionOptions options;
    options.context = static_cast<int>(sequence_tokens);
    options.threads = threads();
    options.tap = &tap;
    engine::Session session(model, options);
    for (const auto& sequence : calibration)
        session.logits(sequence.tokens, sequence_tokens, [](std::size_t, std::span<const float>) {});
    return tap.statistics();
}

class Clock {
  public:
    double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }

  private:
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

// SCALE_BENCH_REGULARISATION="shrinkage:ridge,…" replaces the candidates, to see what generalises.
void read_regularisations(quantize::RefinerOptions& options) {
    const char* given = std::getenv("SCALE_BENCH_REGULARISATION");
    if (!given) return;
    options.regularisations.clear();
    std::istringstream list(given);
    for (std::string item; std::getline(list, item, ',');) {
        quantize::Regularisation choice;
        if (std::sscanf(item.c_str(), "%lf:%lf", &choice.shrinkage, &choice.ridge) == 2)
            options.regularisations.push_back(choice);
    }
}

void report_refinement(const std::vector<quantize::RefineLine>& lines, double seconds) {
    double stock = 0, refined = 0;
    int count = 0;
    std::map<std::string, int> choices;
    for (const auto& line : lines) {
        stock += line.stock_loss;
        refined += line.refined ? line.refined_loss : line.stock_loss;
        count += line.refined;
        if (line.refined) ++choices[fmt::format("{:g}:{:g}", line.chosen.shrinkage, line.chosen.ridge)];
    }
    std::string chosen;
    for (const auto& [choice, times] : choices) chosen += fmt::format(" {}×{}", choice, times);
    fmt::print("  refined {} of {} tensors in {:.0f} s; held-out loss {:.3f} of stock; shrinkage:ridge{}\n", count,
               lines.size(), seconds, refined / std::max(stock, 1e-30), chosen);
}

struct Setting {
    fs::path original_path;
    fs::path folder;
    const engine::Model& original;
    const std::vector<model::TokenSequence>& calibration;
    const engine::Statistics& statistics;
    fs::path calibration_text;
};

void write_stock(const Setting& setting, const std::string& mix, const engine::TensorTypes& types,
                 const fs::path& target) {
    engine::QuantizeOptions options;
    options.mix = mix;
    options.statistics = &setting.statistics;
    options.threads = threads();
    options.types = types;
    engine::quantize(setting.original_path, target, options);
}

void refine(const Setting& setting, const fs::path& target) {
    quantize::RefineRequest request;
    request.original = setting.original_path;
    request.target = target;
    request.journal = target.string() + ".journal";
    quantize::RefineJournal::remove(request.journal);
    request.options.threads = threads();
    read_regularisations(request.options);
    const Clock refining;
    const auto lines = quantize::refine_file(request, setting.calibration, [](double, double, const std::string&) {});
    report_refinement(lines, refining.seconds());
    quantize::RefineJournal::remove(request.journal);
}

// SCALE_BENCH_TUNING=tokens: also tunes the refined file on so many tokens of the calibration text.
std::size_t tuning_tokens() {
    const char* given = std::getenv("SCALE_BENCH_TUNING");
    return given ? static_cast<std::size_t>(std::atoll(given)) : 0;
}

fs::path tuned(const Setting& setting, const fs::path& refined, std::size_t tokens) {
    quantize::TuneRequest request;
    request.original = setting.original_path;
    request.target = refined.parent_path() / ("tuned." + refined.filename().string());
    request.options.threads = threads();
    request.options.tokens = tokens;
    fs::copy_file(refined, request.target, fs::copy_options::overwrite_existing);
    const Clock tuning;
    const auto result = quantize::tune_file(request, sequences_of(setting.original, setting.calibration_text, tokens),
                                            [](double, double, const std::string&) {});
    fmt::print("  tuned on {} tokens in {:.0f} s; KL on {} held-out calibration tokens {:.5f} → {:.5f}{}\n",
               result.training_tokens, tuning.seconds(), result.held_out_tokens, result.loss_before, result.loss_after,
               result.unsupported);
    return request.target;
}

// One row of the table: candidate b against a.
void report(const std::string& name, const fs::path& text, const Divergence& a, const Divergence& b) {
    std::vector<double> change;
    for (std::size_t i = 0; i < a.per_sequence.size(); ++i) change.push_back(b.per_sequence[i] - a.per_sequence[i]);
    const MeanError x = mean_of(a.per_sequence), y = mean_of(b.per_sequence), d = mean_of(change);
    fmt::print(
        "| {} | {} | {} | {:.5f} ± {:.5f} | {:.5f} ± {:.5f} | {:+.5f} ± {:.5f} | {:+.1f} % | {:.2f} → {:.2f} % |\n",
        name, text.filename().string(), a.per_sequence.size(), x.mean, x.error, y.mean, y.error, d.mean, d.error,
        100 * d.mean / x.mean, 100 * a.same_first_choice, 100 * b.same_first_choice);
    std::fflush(stdout);
}

std::string counted(const engine::TensorTypes& types) {
    std::map<std::string, int> counts;
    for (const auto& [tensor, type] : types) ++counts[type];
    std::string text;
    for (const auto& [type, count] : counts) text += fmt::format(" {}×{}", type, count);
    return text;
}

// What the search is to use, from SCALE_BENCH_ALLOCATION="gradients:probes:swaps,…" (0 or 1, a number, 0 or 1), to see
// what each part gives. One variant, everything, by default.
std::vector<quantize::AllocationRequest> variants() {
    std::vector<quantize::AllocationRequest> list;
    const char* given = std::getenv("SCALE_BENCH_ALLOCATION");
    std::istringstream items(given ? given : "");
    for (std::string item; std::getline(items, item, ',');) {
        quantize::AllocationRequest request;
        int gradients = 1, swaps = 1;
        if (std::sscanf(item.c_str(), "%d:%zu:%d", &gradients, &request.most_probes, &swaps) != 3) continue;
        request.gradients = gradients != 0;
        request.swaps = swaps != 0;
        list.push_back(request);
    }
    if (list.empty()) list.emplace_back();
    return list;
}

engine::TensorTypes search(const Setting& setting, const std::string& mix, quantize::AllocationRequest request) {
    request.original = setting.original_path;
    request.mix = mix;
    request.work_folder = setting.folder;
    request.journal = setting.folder / "allocation.jsonl";
    request.threads = threads();
    const Clock searching;
    const auto outcome =
        quantize::allocate_types(request, setting.calibration, [](double, double, const std::string&) {});
    fs::remove(request.journal);
    fmt::print(
        "  types searched in {:.0f} s{}{}{}: {} of {} bytes,{}; {} probes, {} of {} exchanges; on held-out "
        "calibration text {:.5f}, the mix {:.5f}; sum of errors {:.5f}, the mix {:.5f}\n",
        searching.seconds(), request.gradients ? "" : ", no gradients",
        request.most_probes < 1000 ? ", few probes" : "", request.swaps ? "" : ", no exchanges",
        outcome.plan.file_bytes, outcome.plan.budget_bytes, counted(outcome.plan.types), outcome.probes,
        outcome.swaps_accepted, outcome.swaps_tried, outcome.plan.kl, outcome.stock_kl, outcome.additive_kl,
        outcome.additive_kl_stock);
    std::fflush(stdout);
    return outcome.plan.types;
}

void compare_roundings(const Setting& setting, const std::string& type, const std::vector<fs::path>& texts,
                       std::size_t tokens) {
    const fs::path stock = setting.folder / ("stock." + type + ".gguf"),
                   ours = setting.folder / ("refined." + type + ".gguf");
    write_stock(setting, type, {}, stock);
    fmt::print("{}: {} bytes each\n", type, fs::file_size(stock));
    fs::copy_file(stock, ours, fs::copy_options::overwrite_existing);
    refine(setting, ours);
    std::map<std::string, fs::path> candidates{{type, ours}};
    if (const std::size_t limit = tuning_tokens(); limit > 0)
        candidates[type + ", tuned"] = tuned(setting, ours, limit);
    for (const fs::path& text : texts) {
        const auto sequences = sequences_of(setting.original, text, tokens);
        const Divergence base = compare(setting.original, stock, sequences);
        for (const auto& [name, path] : candidates)
            report(name, text, base, compare(setting.original, path, sequences));
    }
}

void compare_allocations(const Setting& setting, const std::string& type, const std::vector<fs::path>& texts,
                         std::size_t tokens) {
    const fs::path mix = setting.folder / ("refined." + type + ".gguf"),
                   ours = setting.folder / ("searched." + type + ".gguf");
    write_stock(setting, type, {}, mix);
    fmt::print("{}: {} bytes\n", type, fs::file_size(mix));
    refine(setting, mix);
    std::vector<Divergence> of_mix;
    for (const fs::path& text : texts)
        of_mix.push_back(compare(setting.original, mix, sequences_of(setting.original, text, tokens)));
    for (const auto& variant : variants()) {
        write_stock(setting, type, search(setting, type, variant), ours);
        refine(setting, ours);
        for (std::size_t t = 0; t < texts.size(); ++t)
            report(type, texts[t], of_mix[t],
                   compare(setting.original, ours, sequences_of(setting.original, texts[t], tokens)));
    }
}

void run(bool allocation, const std::vector<std::string>& arguments) {
    const fs::path original_path = arguments[0], folder = arguments[5];
    const auto calibration_tokens = static_cast<std::size_t>(std::stoull(arguments[3]));
    const auto evaluated_tokens = static_cast<std::size_t>(std::stoull(arguments[4]));
    fs::create_directories(folder);
    const engine::Model original(original_path);
    const auto calibration = sequences_of(original, arguments[2], calibration_tokens);
    const Clock gathering;
    const engine::Statistics statistics = statistics_of(original, calibration);
    fmt::print("{}, calibrated on {} ({} sequences of {} tokens; statistics {:.0f} s, {} threads)\n",
               original_path.filename().string(), fs::path(arguments[2]).filename().string(), calibration.size(),
               sequence_tokens, gathering.seconds(), threads());
    const Setting setting{original_path, folder, original, calibration, statistics, arguments[2]};
    const std::vector<fs::path> texts(arguments.begin() + 6, arguments.end());
    std::istringstream types(arguments[1]);
    for (std::string type; std::getline(types, type, ',');)
        (allocation ? compare_allocations : compare_roundings)(setting, type, texts, evaluated_tokens);
}

}  // namespace

int main(int count, char** arguments) {
    std::vector<std::string> given(arguments + 1, arguments + count);
    const bool allocation = !given.empty() && given.front() == "--allocation";
    if (allocation) given.erase(given.begin());
    if (given.size() < 7) {
        std::fputs(
            "usage: bench_quantizer [--allocation] MODEL TYPE[,TYPE…] CALIBRATION_TEXT CALIBRATION_TOKENS "
            "EVALUATED_TOKENS FOLDER TEXT…\n",
            stderr);
        return 2;
    }
    try {
        run(allocation, given);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "bench_quantizer: %s\n", error.what());
        return 1;
    }
    return 0;
}
