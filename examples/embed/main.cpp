// A program that embeds the quantiser and the gate.
//
//   embed gate [MARGIN]                         pairs "right right" a line on stdin: original, candidate (0 or 1)
//   embed quantize ORIGINAL TARGET MIX TEXT…    files of calibration text
#include <scale/gate.h>
#include <scale/quantizer.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

namespace {

int gate(double margin) {
    std::vector<scale::embed::Outcome> outcomes;
    bool original = false, candidate = false;
    while (std::cin >> original >> candidate) outcomes.push_back({original, candidate, static_cast<int>(outcomes.size())});
    const auto comparison = scale::embed::compare(outcomes, margin);
    std::printf("%s: %zu items, loss %.4f, at most %.4f; lost %d, won %d (%s)\n", scale::embed::name_of(comparison.result),
                outcomes.size(), comparison.loss, comparison.upper, comparison.original_only, comparison.candidate_only,
                comparison.method.c_str());
    return comparison.result == scale::embed::Result::pass ? 0 : 1;
}

int quantize(int count, char** arguments) {
    scale::embed::QuantizeRequest request;
    request.original = arguments[0];
    request.target = arguments[1];
    request.mix = arguments[2];
    for (int i = 3; i < count; ++i) {
        std::ifstream file(arguments[i]);
        request.texts.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    }
    const auto result = scale::embed::quantize(request);
    std::printf("%llu bytes, %.2f bits per weight; %d of %d tensors rounded better than stock on %llu tokens\n",
                static_cast<unsigned long long>(result.bytes), result.bits_per_weight, result.refined, result.considered,
                static_cast<unsigned long long>(result.tokens));
    return 0;
}

}  // namespace

int main(int argc, char** argv) try {
    const std::string command = argc > 1 ? argv[1] : "";
    if (command == "gate") return gate(argc > 2 ? std::atof(argv[2]) : 0.01);
    if (command == "quantize" && argc > 5) return quantize(argc - 2, argv + 2);
    std::fprintf(stderr, "usage: embed gate [MARGIN] | embed quantize ORIGINAL TARGET MIX TEXT…\n");
    return 2;
} catch (const std::exception& error) {
    std::fprintf(stderr, "embed: %s\n", error.what());
    return 1;
}
