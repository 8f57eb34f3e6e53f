// The small real model with held-out texts and items, and what is measured of it and a candidate made from it.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/file.h"
#include "engine/model.h"
#include "engine/stock_quantize.h"
#include "model/token_set.h"
#include "quality/jobs.h"
#include "support/test_model.h"

namespace scale::test {

inline const char* const held_out_texts[] = {
    "Natalia sold clips to 48 of her friends in April, and then she sold half as many clips in May.",
    "I would like to book a table for two people at seven in the evening, please.",
    "The river rises in the hills to the north of the town and flows into the sea after forty miles.",
    "What say you, my lord? The night is long, and I have seen the king walk upon the wall.",
    "Weng earns 12 dollars an hour for babysitting. Yesterday, she just did 50 minutes of babysitting.",
    "Can you find me a cheap hotel in the centre of the city with free parking for three nights?",
    "Write a short poem about the first snow of the year and how the children wait for it.",
    "The album was released in the autumn of that year and reached number four in the charts.",
    "There is a bus at nine from the main station. Would you like to buy one ticket or two?",
    "A robe takes 2 bolts of blue fiber and half that much white fiber. How many bolts does it take?",
    "Good morrow, cousin. Is the day so young? But new struck nine. Ay me, sad hours seem long.",
    "Please play the new song by that band in the kitchen, and then tell me the weather in Paris."};

class MeasuredModels : public testing::Test {
  protected:
    void SetUp() override {
        const auto path = test_model();
        if (!path) GTEST_SKIP() << "no test model";
        original_ = *path;
        const engine::Model model(original_, {.vocabulary_only = true});
        std::vector<model::TokenSequence> set;
        for (const char* text : held_out_texts)
            set.push_back({std::to_string(set.size()), "text", text, model.tokenize(text, false, false)});
        core::write_file_atomic(held_out(), model::to_json_lines(set));
        make_items("likelihood");
    }

    void make_items(const std::string& mode) const {
        quality::ItemsRequest request;
        request.original = original_.string();
        request.output = items().string();
        request.items = 24;
        request.context = 256;
        request.seed = 1;
        request.scoring.suites = {"reasoning", "instructions", "long_context", "consistency"};
        request.scoring.mode = mode;
        request.scoring.answer_tokens = 24;
        request.scoring.pilot_items = 8;
        engine::QuietContext quiet;
        quality::items_job(request, quiet);
    }

    std::filesystem::path held_out() const { return folder_.path() / "held_out.jsonl"; }
    std::filesystem::path items() const { return folder_.path() / "items.json"; }
    std::filesystem::path checkpoint() const { return folder_.path() / "work" / "checkpoint.jsonl"; }

    std::filesystem::path candidate(const std::string& mix) const {
        const auto path = folder_.path() / (mix + ".gguf");
        engine::quantize(original_, path, {.mix = mix});
        return path;
    }

    quality::MeasureRequest request(const std::filesystem::path& candidate) const {
        return {original_.string(),    candidate.string(), items().string(), held_out().string(),
                checkpoint().string(), 400,                1,                1};
    }

    core::Json measure(const std::filesystem::path& candidate) const {
        engine::QuietContext quiet;
        return quality::measure_job(request(candidate), quiet);
    }

    std::filesystem::path original_;
    core::TemporaryFolder folder_;
};

}  // namespace scale::test
