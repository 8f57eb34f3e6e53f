#include "record/stage.h"

namespace scale::record {

namespace {

struct StageFacts {
    std::string_view name;
    char letter;
    std::string_view title;
    std::string_view question;
    std::string_view command;
};

constexpr std::array<StageFacts, 5> facts{{
    {"constraint", 'S', "Set the constraint", "What are we relieving: memory, throughput or cost?", "scale set"},
    {"choice", 'C', "Choose precision and format",
     "How many bits, which format, and do its kernels really run faster here?", "scale choose"},
    {"calibration", 'A', "Assemble calibration", "Which 128–512 samples look like our traffic?", "scale assemble"},
    {"quality", 'L', "Lock in quality", "Is it still good enough by a bar fixed beforehand?", "scale lock"},
    {"rollout", 'E', "Evaluate in production", "Does it hold against the original on live traffic?",
     "scale evaluate start"},
}};

const StageFacts& of(Stage stage) {
    return facts[static_cast<std::size_t>(stage)];
}

}  // namespace

std::string_view stage_name(Stage stage) {
    return of(stage).name;
}
char stage_letter(Stage stage) {
    return of(stage).letter;
}
std::string_view stage_title(Stage stage) {
    return of(stage).title;
}
std::string_view stage_question(Stage stage) {
    return of(stage).question;
}
std::string_view stage_command(Stage stage) {
    return of(stage).command;
}

std::optional<Stage> stage_from_name(std::string_view name) {
    for (const Stage stage : all_stages)
        if (stage_name(stage) == name) return stage;
    return std::nullopt;
}

}  // namespace scale::record
