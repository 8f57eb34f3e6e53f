#include <algorithm>
#include <memory>

#include <fmt/format.h>

#include "cli/commands.h"
#include "constraint/set_constraint.h"
#include "core/text.h"
#include "record/pass.h"

namespace scale::cli {

namespace {

std::string speed_line(const char* name, const record::Measured& speed) {
    return fmt::format("  {:<14}{:>9.1f} tokens/s  (measured, {:.1f}–{:.1f})\n", name, speed.median, speed.low,
                       speed.high);
}

std::string measured_lines(const record::Constraint& constraint) {
    const record::Memory& memory = constraint.memory;
    const record::Speed& speed = constraint.speed;
    std::string text = fmt::format("The original, {} ({}), {} thread{}, {} round{}:\n", constraint.model_path,
                                   core::human_bytes(constraint.model_bytes), speed.threads,
                                   speed.threads == 1 ? "" : "s", speed.rate.rounds, speed.rate.rounds == 1 ? "" : "s");
    text += fmt::format(
        "  {:<14}{:>9.1f} MiB       (estimated by the engine's plan: weights {}, KV cache {}, compute {})\n", "memory",
        static_cast<double>(memory.total()) / (1 << 20), core::human_bytes(memory.weights),
        core::human_bytes(memory.kv_cache), core::human_bytes(memory.compute));
    text += speed_line("prefill", speed.prefill);
    text += speed_line("decode", speed.decode);
    text += speed_line(fmt::format("decode × {}", speed.concurrency).c_str(), speed.batch_decode);
    text += fmt::format("  {:<14}{:>9.1f} /min      (measured, {:.1f}–{:.1f})\n", "requests", speed.rate.median,
                        speed.rate.low, speed.rate.high);
    // Two threads that share their cores with other work wait for each other at every layer, and slow down many times
    // over.
    if (speed.rate.high > 1.5 * speed.rate.low)
        text += fmt::format(
            "  warning: the rounds differ by a factor of {:.1f}; something else was running. Set it again on an idle "
            "machine.\n",
            speed.rate.high / std::max(speed.rate.low, 1e-9));
    if (constraint.price_per_million_tokens > 0)
        text +=
            fmt::format("  {:<14}{:>9.4g} per million tokens (from the measured rate and the stated price per hour)\n",
                        "price", constraint.price_per_million_tokens);
    return text;
}

Ending set(const GlobalOptions& global, const std::string& because) {
    record::Pass pass(global.folder);
    const record::Constraint constraint = constraint::set_constraint(pass, because);
    Ending ending;
    ending.text = measured_lines(constraint) + "\n" + constraint.sentence;
    if (!constraint.because.empty()) ending.text += "\nKept against the measurement because: " + constraint.because;
    if (constraint.stakes == "low")
        ending.text += "\nLow stakes, so stages L and E may be compressed: " + constraint.stakes_reason;
    ending.json = constraint;
    ending.next = "scale choose";
    return ending;
}

}  // namespace

void add_set_command(CLI::App& app, Commands& commands) {
    const auto because = std::make_shared<std::string>();
    CLI::App* command =
        commands.add(app, "set", "S: measure the original and name the one constraint", "scale set --dir my-pass",
                     [&commands, because] { return set(commands.global(), *because); });
    command->add_option("--because", *because, "reason to keep a constraint that the measurement contradicts");
}

}  // namespace scale::cli
