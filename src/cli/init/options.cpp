#include "cli/init/options.h"

#include <vector>

#include <fmt/format.h>

#include "cli/terminal/interrupt.h"
#include "core/error.h"

namespace scale::cli {

namespace {

void require_target(bool stated, const std::string& kind, const std::string& option) {
    if (!stated)
        throw core::usage_error("--kind " + kind + " without its target", option, "state it, or leave --kind out");
}

// A target without a kind says which kind it is of.
std::string kind_of(const InitOptions& options) {
    if (!options.kind.empty()) return options.kind;
    if (options.memory_mib > 0) return "memory";
    if (options.requests_per_minute > 0) return "throughput";
    return options.price_per_hour > 0 || options.price_per_million_tokens > 0 ? "cost" : "";
}

}  // namespace

bool states_wishes(const InitOptions& options) {
    return !options.kind.empty() || options.memory_mib > 0 || options.requests_per_minute > 0 ||
           options.price_per_hour > 0 || options.price_per_million_tokens > 0 || !options.quality.empty() ||
           !options.traffic.empty();
}

void apply(const InitOptions& options, record::PassFile& file) {
    record::ConstraintSection& constraint = file.constraint;
    const std::string kind = kind_of(options);
    if (kind == "throughput")
        require_target(options.requests_per_minute > 0, "throughput", "--requests-per-minute N");
    if (kind == "cost")
        require_target(options.price_per_hour > 0 && options.price_per_million_tokens > 0, "cost",
                       "--price-per-hour and --price-per-million-tokens");
    if (kind == "memory")
        require_target(options.memory_mib > 0 || constraint.memory_mib > 0, "memory", "--memory-mib N");
    if (!kind.empty()) {
        constraint.kind = kind;
        if (kind != "memory") constraint.memory_mib = 0;  // that was suggested for another kind
    }
    if (options.memory_mib > 0) constraint.memory_mib = options.memory_mib;
    if (options.requests_per_minute > 0) constraint.requests_per_minute = options.requests_per_minute;
    if (options.price_per_hour > 0) constraint.price_per_hour = options.price_per_hour;
    if (options.price_per_million_tokens > 0) constraint.price_per_million_tokens = options.price_per_million_tokens;
    if (!options.quality.empty()) file.choice.quality = options.quality;
    if (!options.traffic.empty()) file.traffic.log = options.traffic;
}

std::string equivalent_command(const InitOptions& options, const std::filesystem::path& folder) {
    std::vector<std::string> words{"scale", "init", options.model};
    const auto add = [&](const char* name, const std::string& value) {
        if (!value.empty()) words.insert(words.end(), {name, value});
    };
    const auto number = [](double value) { return value > 0 ? fmt::format("{}", value) : std::string(); };
    if (folder != ".") add("--dir", folder.string());
    add("--kind", options.kind);
    add("--memory-mib", number(options.memory_mib));
    add("--requests-per-minute", number(options.requests_per_minute));
    add("--price-per-hour", number(options.price_per_hour));
    add("--price-per-million-tokens", number(options.price_per_million_tokens));
    add("--quality", options.quality);
    add("--traffic", options.traffic);
    if (options.force) words.push_back("--force");
    std::vector<const char*> pointers;
    for (const std::string& word : words) pointers.push_back(word.c_str());
    return shell_line(static_cast<int>(pointers.size()), pointers.data());
}

}  // namespace scale::cli
