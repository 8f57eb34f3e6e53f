// Why the log is read: llama_quant_compute_types of the engine assumes that no statistics are given, and for some mixes
// the types differ then. A dry run takes the very path of the real run; its types appear in the log only.
#include "engine/dry_run.h"

#include <regex>
#include <set>

#include "core/error.h"
#include "core/text.h"
#include "engine/log.h"

namespace scale::engine {

namespace {

core::Error failed(const std::filesystem::path& original, const std::filesystem::path& target,
                   const std::string& reason) {
    // A stream of the engine fails without saying more.
    if (reason.find("iostream") != std::string::npos || reason.find("basic_ios") != std::string::npos)
        return core::io_error("the engine cannot write " + target.string() + ": " + reason,
                              "a folder that can be written and has room for the file");
    return core::input_error("the engine cannot quantise " + original.string() + (reason.empty() ? "" : ": " + reason));
}

}  // namespace

std::vector<TensorLine> parse_quantizer_log(const std::string& log) {
    static const std::regex tensor_line(R"(\[ *\d+/ *\d+\] +(\S+) +- \[[^\]]*\], type = +(\w+),(.*))");
    static const std::regex new_type(R"(-> +[\d.]+ MiB \((\w+)\)|converting to (\w+) )");
    static const std::regex fallback_line(R"(warning: +(\S+) +- ncols)");
    std::set<std::string> fallbacks;
    std::vector<TensorLine> tensors;
    for (const std::string_view line : core::split_lines(log)) {
        const std::string text(line);
        std::smatch match;
        if (std::regex_search(text, match, fallback_line)) fallbacks.insert(match[1]);
        if (!std::regex_search(text, match, tensor_line)) continue;
        TensorLine tensor{match[1], match[2], false};
        const std::string rest = match[3];
        if (std::regex_search(rest, match, new_type)) tensor.type = match[1].matched ? match[1] : match[2];
        tensor.fallback = fallbacks.contains(tensor.name);
        tensors.push_back(std::move(tensor));
    }
    return tensors;
}

std::vector<TensorLine> run_quantizer(const std::filesystem::path& original, const std::filesystem::path& target,
                                      const llama_model_quantize_params& parameters) {
    const LogCapture log;
    std::uint32_t status = 1;
    std::string reason;
    try {
        status = llama_model_quantize(original.c_str(), target.c_str(), &parameters);
        if (status != 0) reason = log.after("failed to quantize: ");
    } catch (const std::exception& error) {
        reason = error.what();
    }
    if (status != 0) throw failed(original, target, reason);
    return parse_quantizer_log(log.text());
}

}  // namespace scale::engine
