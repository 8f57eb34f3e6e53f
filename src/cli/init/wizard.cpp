#include "cli/init/wizard.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <iostream>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/error.h"
#include "core/text.h"

namespace scale::cli {

namespace {

// Asks until the answer is one of `allowed` or begins just one of them.
std::string ask_one_of(const Ask& ask, const std::string& question, const std::vector<std::string>& allowed,
                       const std::string& suggested) {
    for (std::string shown = question;;) {
        const std::string answer = core::to_lower(ask(fmt::format("{} ({})", shown, fmt::join(allowed, ", ")), suggested));
        std::vector<std::string> begun;
        for (const std::string& one : allowed)
            if (!answer.empty() && one.rfind(answer, 0) == 0) begun.push_back(one);
        if (begun.size() == 1) return begun[0];
        shown = fmt::format("\"{}\" is none of them. {}", answer, question);
    }
}

double ask_number(const Ask& ask, const std::string& question, double suggested) {
    const std::string offer = suggested > 0 ? fmt::format("{:.0f}", suggested) : "";
    for (std::string shown = question;;) {
        const std::string answer = ask(shown, offer);
        double value = 0;
        const auto [end, failure] = std::from_chars(answer.data(), answer.data() + answer.size(), value);
        if (failure == std::errc() && end == answer.data() + answer.size() && value > 0) return value;
        shown = fmt::format("\"{}\" is not a number above 0. {}", answer, question);
    }
}

}  // namespace

void ask_wishes(InitOptions& options, const Suggestions& suggestions, const Ask& ask) {
    if (options.kind.empty())
        options.kind = ask_one_of(ask, "What is to be relieved?", {"memory", "throughput", "cost", "measure"},
                                  suggestions.memory_mib > 0 ? "memory" : "measure");
    if (options.kind == "memory" && options.memory_mib <= 0)
        options.memory_mib =
            ask_number(ask, "MiB that weights, KV cache and compute buffers may take", suggestions.memory_mib);
    if (options.kind == "throughput" && options.requests_per_minute <= 0)
        options.requests_per_minute = ask_number(ask, "Requests a minute that this machine has to serve", 0);
    if (options.kind == "cost" && options.price_per_hour <= 0)
        options.price_per_hour = ask_number(ask, "What the machine costs an hour", 0);
    if (options.kind == "cost" && options.price_per_million_tokens <= 0)
        options.price_per_million_tokens = ask_number(ask, "What a million tokens may cost", 0);
    if (options.quality.empty())
        options.quality = ask_one_of(ask, "How much does quality matter?", {"balanced", "paramount"}, "balanced");
    if (options.traffic.empty())
        options.traffic = ask("Log of real requests, one a line", record::TrafficSection().log);
}

std::string ask_on_terminal(const std::string& question, const std::string& suggested) {
    fmt::print(stderr, "{}{}: ", question, suggested.empty() ? "" : " [" + suggested + "]");
    std::fflush(stderr);
    std::string line;
    if (!std::getline(std::cin, line))
        throw core::input_error("the input ended before the questions did", {}, "scale init --defaults asks nothing");
    const std::string answer = core::trimmed(line);
    return answer.empty() ? suggested : answer;
}

}  // namespace scale::cli
