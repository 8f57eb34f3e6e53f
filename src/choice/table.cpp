#include "choice/table.h"

#include <algorithm>

#include <fmt/format.h>

namespace scale::choice {

namespace {

constexpr double mib = 1024.0 * 1024.0;

std::string kl_cell(const record::Candidate& candidate) {
    if (candidate.kl_source.empty()) return "–";
    if (candidate.kl_estimate == 0) return "0";
    return fmt::format("{:.3g} ({:.2g}–{:.2g})", candidate.kl_estimate, candidate.kl_low, candidate.kl_high);
}

std::string rate_cell(const record::Candidate& candidate) {
    if (!candidate.trialled) return "–";
    const record::Measured& rate = candidate.speed.rate;
    return fmt::format("{:.1f} [{:.1f}–{:.1f}]", rate.median, rate.low, rate.high);
}

std::string speedup_cell(const record::Candidate& candidate) {
    if (!candidate.trialled) return "–";
    const record::Measured& speedup = candidate.speedup;
    return fmt::format("{:.2f} [{:.2f}–{:.2f}]", speedup.median, speedup.low, speedup.high);
}

// fmt pads by code points' estimated width, so the dashes above do not upset the columns.
std::string row(const record::Candidate& candidate) {
    const bool sized = candidate.bytes > 0;
    return fmt::format("{} {:<15} {:>6} {:>9} {:>10}  {:<22} {:<20} {:<18} {}\n", candidate.chosen ? "→" : " ",
                       candidate.name, sized ? fmt::format("{:.2f}", candidate.bits_per_weight) : "–",
                       sized ? fmt::format("{:.1f}", static_cast<double>(candidate.bytes) / mib) : "–",
                       sized ? fmt::format("{:.1f}", static_cast<double>(candidate.memory.total()) / mib) : "–",
                       kl_cell(candidate), rate_cell(candidate), speedup_cell(candidate),
                       candidate.chosen ? "chosen: " + candidate.rule : candidate.rule);
}

// The labels of the figures, once below the table.
std::string legend(const std::vector<record::Candidate>& candidates) {
    std::string speed;
    std::string kl;
    for (const record::Candidate& candidate : candidates) {
        if (candidate.trialled && speed.empty()) speed = candidate.speed_source;
        if (candidate.kl_estimate > 0 && kl.empty()) kl = candidate.kl_source;
    }
    const auto some = [&](auto&& holds) { return std::any_of(candidates.begin(), candidates.end(), holds); };
    const bool at_servers = some([](const record::Candidate& c) { return c.trialled && c.target == "vllm"; });
    std::string text =
        "Bits per weight and file size: planned by the quantiser, after fallbacks. Memory: estimated, for the "
        "workload.\n";
    if (at_servers) text = "Bits per weight, file size and memory: estimated.\n";
    if (!some([](const record::Candidate& c) { return c.trialled; }))
        text = "Bits per weight, file size and memory: estimated. Nothing was measured: kernels as documented.\n";
    if (!kl.empty()) text += fmt::format("KL, nats per token: {}; in brackets ± 1 σ.\n", kl);
    if (!speed.empty()) text += fmt::format("Requests/min and speedup, median [lowest–highest round]: {}.\n", speed);
    return text;
}

std::string millis(const record::Measured& seconds) {
    return fmt::format("{:.1f} [{:.1f}–{:.1f}] ms", 1000 * seconds.median, 1000 * seconds.low, 1000 * seconds.high);
}

std::string times(const record::Measured& ratio) {
    return fmt::format("{:.2f} [{:.2f}–{:.2f}]", ratio.median, ratio.low, ratio.high);
}

}  // namespace

std::string server_table(const record::DecisionAtServers& made) {
    if (made.servers.empty()) return {};
    const record::Measured& rate = made.decision.original_speed.rate;
    std::string text = fmt::format("Original at its server: {:.1f} [{:.1f}–{:.1f}] requests/min (measured)\n",
                                   rate.median, rate.low, rate.high);
    for (const record::TrialServer& server : made.servers) {
        text += fmt::format("  {:<15} {}, model {}{}{}\n", server.candidate, server.url, server.model,
                            server.software.empty() ? "" : ", ", server.software);
        text += fmt::format("  {:<15} first token {}, then {} a token (measured, {} requests)", "",
                            millis(server.first_token), millis(server.next_token), server.requests);
        if (server.candidate != "original")
            text += fmt::format("; {} and {} times as quick as the original", times(server.first_token_speedup),
                                times(server.next_token_speedup));
        text += "\n";
    }
    return text;
}

std::string candidate_table(const std::vector<record::Candidate>& candidates) {
    std::string text = fmt::format("  {:<15} {:>6} {:>9} {:>10}  {:<22} {:<20} {:<18} {}\n", "type", "bpw", "file MiB",
                                   "memory MiB", "KL (estimated)", "requests/min", "speedup", "rule");
    for (const record::Candidate& candidate : candidates) text += row(candidate);
    text += "\n" + legend(candidates) + "\n";
    for (const record::Candidate& candidate : candidates)
        if (!candidate.chosen && !candidate.reason.empty())
            text += fmt::format("  {:<15} {}\n", candidate.name, candidate.reason);
    for (const record::Candidate& candidate : candidates)
        if (candidate.fallback_tensors > 0 && candidate.trialled)
            text +=
                fmt::format("  {:<15} {} tensors fall back to another type: their rows do not divide into its blocks\n",
                            candidate.name, candidate.fallback_tensors);
    return text;
}

}  // namespace scale::choice
