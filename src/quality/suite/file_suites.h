// Public evaluation sets, read from files that scale.toml names.
//
//   gsm8k      JSON lines {"question", "answer"} whose answer ends in "#### number" (Cobbe et al., 2021). Either
//   scoring. ifeval     JSON lines {"key", "prompt", "instruction_id_list", "kwargs"} (Zhou et al., 2023). Generation
//   only. lambada    JSON lines {"text"}; the last word is to be continued with (Paperno et al., 2016). Greedy
//   continuation. piqa       JSON lines {"goal", "sol1", "sol2"}, labels in NAME-labels.lst beside NAME.jsonl.
//   Likelihood only. hellaswag  JSON lines {"ctx", "endings", "label"}, or llama.cpp's text form of six lines an item.
//   Likelihood by
//              length only.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "quality/suite/item.h"

namespace scale::quality {

struct FileSuite {
    std::vector<Item> items;  // all of the file, in an order drawn by the seed
    std::string sha256;       // of the file, and of the labels beside it
};

// What the suite can be scored by: "likelihood", "generation", or "" for either.
std::string only_scoring(const std::string& suite);

// `extraction` of GSM8K's numbers, "strict" or "flexible". Throws an input error that names the line of what cannot be
// used.
FileSuite read_file_suite(const std::string& suite, const std::filesystem::path& path, const SuiteRequest& request,
                          const std::string& extraction);

}  // namespace scale::quality
