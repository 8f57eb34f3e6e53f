// Does it matter how calibration samples are chosen? KL divergence on held-out traffic of files that differ in nothing
// but the set they were calibrated on.
//
// usage: bench_ablation MODEL DATA FOLDER [SEEDS [HELD_OUT]]
//
// DATA holds banking77/, sgd/, self_instruct/ and arena_hard/. The traffic: 1,500 questions of banking77, the user's
// turns of 120 SGD dialogues with their history, all of Self-Instruct and Arena-Hard; drawn anew for every seed, as is
// the split. Sets of 16 and of 64 samples are chosen at random, by strata, by facility location within strata, and
// by channel coverage within those; each is written as Q4_K_S and Q3_K_S with its activation statistics and refined on
// it. One thread. Prints a line of JSON for every file; docs/measurements/calibration-ablation.md sums them up.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "calibration/channels/channels_job.h"
#include "calibration/channels/rerank.h"
#include "calibration/drawn.h"
#include "calibration/selection.h"
#include "calibration/split.h"
#include "calibration/tokenize_job.h"
#include "core/file.h"
#include "core/random.h"
#include "divergence.h"
#include "engine/session.h"
#include "quantize/refine_job.h"
#include "quantize/statistics_job.h"
#include "quantize/write_job.h"
#include "traffic_files.h"

namespace {

using namespace scale;
namespace fs = std::filesystem;

constexpr std::size_t max_tokens = 256;
const std::vector<std::string> methods{"random", "stratified", "facility", "channels"};
const std::vector<std::string> mixes{"Q4_K_S", "Q3_K_S"};
const std::vector<std::size_t> sizes{16, 64};

engine::QuietContext quiet;

void write_log(const fs::path& data, const fs::path& log, std::uint64_t seed) {
    core::Random random(seed, "traffic");
    std::map<std::string, int> topics;
    auto questions = bench::read_banking((data / "banking77/train.csv").string(), topics);
    random.shuffle(questions);
    std::vector<core::Json> lines;
    for (std::size_t i = 0; i < 1500; ++i) lines.push_back(bench::request_line({{"user", questions[i].text}}, "", ""));
    std::vector<bench::SgdDialogue> dialogues;
    for (const char* file : {"001", "002", "010", "011"})
        for (auto& dialogue : bench::read_sgd((data / fmt::format("sgd/test_dialogues_{}.json", file)).string()))
            dialogues.push_back(std::move(dialogue));
    random.shuffle(dialogues);
    for (std::size_t i = 0; i < 120; ++i) bench::add_dialogue(dialogues[i], lines);
    for (const char* file : {"seed_tasks.jsonl", "user_oriented_instructions.jsonl"})
        for (auto& line : bench::self_instruct_lines((data / "self_instruct" / file).string())) lines.push_back(line);
    for (auto& line : bench::arena_hard_lines((data / "arena_hard/question.jsonl").string())) lines.push_back(line);
    random.shuffle(lines);
    std::string text;
    for (const core::Json& line : lines) text += core::canonical(line) + "\n";
    core::write_file_atomic(log, text);
}

// One seed's traffic, split.
struct World {
    World(const fs::path& model_path, const fs::path& log, std::uint64_t with_seed)
        : seed(with_seed), traffic(calibration::open_source(log, "requests"), std::nullopt) {
        index = calibration::index_traffic(traffic, log, {.seed = seed});
        split = calibration::split_requests(index, {0.25, 0, seed}, log.string());
        jobs.max_tokens = max_tokens;
        jobs.tokenize = [model_path](const core::Json& request) {
            core::Json complete = request;
            complete["model"] = model_path.string();
            return calibration::tokenize_job(complete, quiet);
        };
    }
    std::vector<model::TokenSequence> sequences(const std::vector<std::size_t>& requests) {
        calibration::Drawn drawn;
        calibration::make_sequences(index, traffic, requests, jobs, drawn);
        std::vector<model::TokenSequence> all;
        for (const std::size_t request : requests)
            if (drawn.sequences.count(request) > 0) all.push_back(drawn.sequences.at(request));
        return all;
    }
    calibration::Strata strata() const { return calibration::ordered_strata(index, split.calibration, seed); }

    std::uint64_t seed;
    calibration::Traffic traffic;
    calibration::TrafficIndex index;
    calibration::Split split;
    calibration::SamplingJobs jobs;
};

struct Candidates {
    std::vector<std::size_t> requests;
    std::vector<calibration::Seats> strata;  // positions in `requests`
    std::vector<calibration::LayerOutliers> outliers;
};

Candidates candidates_of(World& world, const fs::path& model, std::size_t count) {
    Candidates candidates;
    candidates.strata = calibration::covering_candidates(world.index, world.strata(), count, {}, max_tokens, 2);
    for (calibration::Seats& stratum : candidates.strata)
        for (std::size_t& request : stratum.candidates) {
            candidates.requests.push_back(request);
            request = candidates.requests.size() - 1;
        }
    core::Json sequences = core::Json::array();
    for (const auto& sequence : world.sequences(candidates.requests)) sequences.push_back(sequence.tokens);
    if (sequences.size() != candidates.requests.size()) throw std::runtime_error("the template refuses a candidate");
    candidates.outliers = calibration::parse_outliers(calibration::channels_job(
        {{"model", model.string()}, {"threads", 1}, {"tokens", 1u << 20}, {"sequences", sequences}}, quiet));
    return candidates;
}

std::vector<std::size_t> choose(World& world, const Candidates& candidates, const std::string& method,
                                std::size_t count) {
    if (method == "random") {
        auto pool = world.split.calibration;
        core::Random random(world.seed, fmt::format("random set of {}", count));
        random.shuffle(pool);
        pool.resize(count);
        return pool;
    }
    if (method == "stratified") return calibration::select(world.index, world.strata(), count, {}, max_tokens);
    std::vector<std::size_t> chosen;
    for (const std::size_t position :
         calibration::rerank(candidates.outliers, candidates.strata, method == "channels" ? "cover" : "report", 1)
             .chosen)
        chosen.push_back(candidates.requests[position]);
    return chosen;
}

// The original's logits on the held-out traffic, kept for all files of a seed.
struct HeldOut {
    std::vector<model::TokenSequence> texts;
    std::vector<std::vector<float>> rows;
};

HeldOut held_out_of(World& world, const engine::Model& original, std::size_t count) {
    HeldOut held_out;
    const auto strata = calibration::ordered_strata(world.index, world.split.holdout, world.seed);
    held_out.texts =
        world.sequences(calibration::select(world.index, strata, count, {.exponent = 1, .floor = 0}, max_tokens));
    engine::SessionOptions options;
    options.context = max_tokens;
    engine::Session session(original, options);
    for (const auto& text : held_out.texts) {
        held_out.rows.emplace_back();
        session.logits(text.tokens, 0, [&](std::size_t, std::span<const float> row) {
            held_out.rows.back().insert(held_out.rows.back().end(), row.begin(), row.end());
        });
    }
    return held_out;
}

// Nats a token over all positions.
double divergence_of(const fs::path& file, const HeldOut& held_out) {
    const engine::Model candidate(file);
    engine::SessionOptions options;
    options.context = max_tokens;
    engine::Session session(candidate, options);
    double sum = 0;
    std::size_t positions = 0;
    for (std::size_t i = 0; i < held_out.texts.size(); ++i)
        session.logits(held_out.texts[i].tokens, 0, [&](std::size_t position, std::span<const float> row) {
            const auto truth = std::span(held_out.rows[i]).subspan(position * row.size(), row.size());
            sum += bench::compare_rows(truth, row).kl;
            ++positions;
        });
    return sum / static_cast<double>(positions);
}

struct Files {
    fs::path model, set, statistics, target, journal;
};

core::Json measure(const Files& files, const std::vector<model::TokenSequence>& set, const HeldOut& held_out) {
    core::write_file_atomic(files.set, model::to_json_lines(set));
    const core::Json statistics = quantize::statistics_job({{"model", files.model.string()},
                                                            {"set", files.set.string()},
                                                            {"target", files.statistics.string()},
                                                            {"fingerprint", "ablation"},
                                                            {"threads", 1},
                                                            {"every", 1000000}},
                                                           quiet);
    core::Json result{{"tokens", statistics.at("tokens")},
                      {"half_difference", statistics.at("stability").at("median")}};
    for (const std::string& mix : mixes) {
        fs::remove(files.journal);
        quantize::write_job({{"original", files.model.string()},
                             {"target", files.target.string()},
                             {"mix", mix},
                             {"types", core::Json::object()},
                             {"statistics", files.statistics.string()},
                             {"threads", 1}},
                            quiet);
        quantize::refine_job({{"original", files.model.string()},
                              {"target", files.target.string()},
                              {"set", files.set.string()},
                              {"journal", files.journal.string()},
                              {"fingerprint", "ablation"},
                              {"tokens", 32768},
                              {"threads", 1}},
                             quiet);
        result[mix] = divergence_of(files.target, held_out);
    }
    return result;
}

void run(const fs::path& model_path, const fs::path& data, const fs::path& folder, std::uint64_t seeds,
         std::size_t held_out_count) {
    fs::create_directories(folder);
    const engine::Model original(model_path);
    const Files files{model_path, folder / "set.jsonl", folder / "statistics.bin", folder / "candidate.gguf",
                      folder / "journal.jsonl"};
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        write_log(data, folder / "traffic.jsonl", seed);
        World world(model_path, folder / "traffic.jsonl", seed);
        const HeldOut held_out = held_out_of(world, original, held_out_count);
        for (const std::size_t count : sizes) {
            const Candidates candidates = candidates_of(world, model_path, count);
            for (const std::string& method : methods) {
                core::Json line = measure(files, world.sequences(choose(world, candidates, method, count)), held_out);
                line.update({{"seed", seed}, {"samples", count}, {"method", method}});
                line["held_out_tokens"] = model::count_tokens(held_out.texts);
                std::puts(line.dump().c_str());
                std::fflush(stdout);
            }
        }
    }
}

}  // namespace

int main(int count, char** arguments) {
    if (count < 4) {
        std::fputs("usage: bench_ablation MODEL DATA FOLDER [SEEDS [HELD_OUT]]\n", stderr);
        return 2;
    }
    try {
        run(arguments[1], arguments[2], arguments[3], count > 4 ? std::strtoull(arguments[4], nullptr, 10) : 5,
            count > 5 ? std::strtoull(arguments[5], nullptr, 10) : 96);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "bench_ablation: %s\n", error.what());
        return 1;
    }
    return 0;
}
