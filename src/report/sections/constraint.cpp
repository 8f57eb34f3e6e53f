#include <fmt/format.h>

#include "core/text.h"
#include "report/sections/parts.h"

namespace scale::report {

namespace {

void write_speeds(Html& page, const record::Speed& speed) {
    const auto row = [](const char* what, const record::Measured& figure) {
        return Cells{what, fmt::format("{:.1f}", figure.median), fmt::format("{:.1f}–{:.1f}", figure.low, figure.high),
                     fmt::format("{}", figure.rounds)};
    };
    table(page, fmt::format("Speed of the original, tokens per second, measured with {} threads", speed.threads),
          {{"work"}, {"median", true}, {"range", true}, {"rounds", true}},
          {row("prompt", speed.prefill), row("one sequence", speed.decode),
           row(fmt::format("{} sequences together", speed.concurrency).c_str(), speed.batch_decode)});
}

std::string target_text(const core::Json& target) {
    std::string text;
    if (!target.is_object()) return text;
    for (const auto& [key, value] : target.items())
        if (value.is_number() ? value.get<double>() != 0 : !value.is_null())
            text += fmt::format("{} = {}\n", key, value.dump(-1, ' ', false, core::Json::error_handler_t::replace));
    return text;
}

}  // namespace

void write_constraint(Html& page, const Context& context) {
    begin_stage(page, context, record::Stage::constraint);
    with_entry(page, context, record::kind::constraint, [&](const record::Entry& entry) {
        const auto constraint = entry.payload.get<record::Constraint>();
        page.element("p", constraint.sentence, {{"class", "lead"}});
        if (!constraint.because.empty())
            page.element("p", "Accepted against the measurement, because: " + constraint.because, {{"class", "note"}});
        if (constraint.stakes == "low")
            page.element("p", "Low stakes, so stages L and E are compressed: " + constraint.stakes_reason,
                         {{"class", "note"}});
        page.open("p");
        tag(page, true, "speeds, on " + constraint.hardware);
        page.close();
        const auto& memory = constraint.memory;
        tiles(page,
              {{"Memory, all", core::human_bytes(memory.total()),
                fmt::format("◇ estimated by the engine's allocation plan: weights {}, KV cache {}, compute {}",
                            core::human_bytes(memory.weights), core::human_bytes(memory.kv_cache),
                            core::human_bytes(memory.compute))},
               {"Rate", fmt::format("{:.1f} a minute", constraint.speed.requests_per_minute),
                fmt::format("● measured: requests of {} + {} tokens, {} at a time", constraint.workload.prompt_tokens,
                            constraint.workload.completion_tokens, constraint.workload.concurrency)},
               {"Price",
                constraint.price_per_million_tokens > 0 ? fmt::format("{:.3f}", constraint.price_per_million_tokens)
                                                        : std::string("not stated"),
                "per million tokens, ● from the measured rate"}});
        write_speeds(page, constraint.speed);
        page.element("h3", "Stated target").element("pre", target_text(constraint.target));
    });
    page.close();
}

}  // namespace scale::report
