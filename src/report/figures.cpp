#include "report/figures.h"

#include <fmt/format.h>

#include "record/gate_endpoint.h"

namespace scale::report {

std::string figure_of(const record::GateCheck& check, double value) {
    if (value >= 1e8) return "no limit";
    if (record::counts_in_points(check) || check.endpoint == "top1_agreement" || check.endpoint == "rms_dp")
        return fmt::format("{:.2f} pp", 100 * value);
    if (check.endpoint == "perplexity_ratio" || check.endpoint == "length")
        return fmt::format("{:+.2f} %", 100 * value);
    if (check.endpoint == "score" || check.endpoint == "identical") return fmt::format("{:.4g}", value);
    return fmt::format("{:.4f} nats", value);
}

std::string title_of(const record::GateCheck& check) {
    if (is_slice(check)) {
        const std::size_t of = check.name.find(" of ");
        return "slice " + (of == std::string::npos ? check.name : check.name.substr(of + 4));
    }
    return check.name + (check.endpoint == "gold_loss" ? " (gold loss)" : "");
}

bool is_slice(const record::GateCheck& check) {
    return check.endpoint == "kl_mean_slice";
}

std::string range_text(const record::Measured& figure, int decimals) {
    if (figure.rounds == 0) return "–";
    return fmt::format("{:.{}f} ({:.{}f}–{:.{}f}, {} rounds)", figure.median, decimals, figure.low, decimals,
                       figure.high, decimals, figure.rounds);
}

std::string mib(std::uint64_t bytes) {
    return bytes == 0 ? "–" : fmt::format("{:.1f}", static_cast<double>(bytes) / (1024.0 * 1024.0));
}

}  // namespace scale::report
