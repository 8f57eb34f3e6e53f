#include "choice/qat/plan.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "core/text.h"

namespace scale::choice {

namespace {

bool is_heading(std::string_view line) {
    const std::size_t marks = std::min(line.find_first_not_of('#'), line.size());
    return marks >= 1 && marks <= 6 && (marks == line.size() || line[marks] == ' ' || line[marks] == '\t');
}

bool is_fence(std::string_view line) {
    return line.starts_with("```") || line.starts_with("~~~");
}

// Text that stands for itself, not a promise to write some.
bool is_content(std::string_view line) {
    const std::string text = core::to_lower(line);
    static constexpr std::string_view placeholders[] = {"todo",  "tbd", "to be done", "to be decided",
                                                        "fixme", "…",   "..."};
    const bool placeholder = std::any_of(std::begin(placeholders), std::end(placeholders),
                                         [&](std::string_view start) { return text.starts_with(start); });
    const bool rule = text.find_first_not_of("-*_= ") == std::string::npos;
    return !text.empty() && !placeholder && !rule && !text.starts_with("<!--");
}

std::string acceptance(std::string_view line) {
    static constexpr std::string_view label = "accepted by:";
    std::string plain;
    for (const char c : line)
        if (c != '*' && c != '_') plain += c;
    plain = core::trimmed(plain);
    if (!core::to_lower(plain).starts_with(label)) return {};
    const std::string name = core::trimmed(plain.substr(label.size()));
    return is_content(name) ? name : std::string();
}

bool names_section(std::string_view heading, const PlanSection& section) {
    const std::string text = core::to_lower(heading);
    return std::any_of(section.key_words.begin(), section.key_words.end(),
                       [&](std::string_view word) { return text.find(word) != std::string::npos; });
}

// Which sections have a heading, and whether any of them has text.
class PlanReader {
  public:
    void take(std::string_view raw) {
        const std::string line = core::trimmed(raw);
        if (is_fence(line)) {
            fenced_ = !fenced_;
            return;
        }
        if (!fenced_ && is_heading(line)) return open(line);
        if (!fenced_ && accepted_by.empty()) accepted_by = acceptance(line);
        if (!is_content(line)) return;
        for (const std::string_view name : current_) filled[name] = true;
    }

    std::map<std::string_view, bool> filled;  // section → has text; absent: has no heading
    std::string accepted_by;

  private:
    void open(std::string_view heading) {
        std::vector<std::string_view> named;
        for (const PlanSection& section : required_plan_sections())
            if (names_section(heading, section)) named.push_back(section.name);
        const std::size_t level = heading.find_first_not_of('#');
        // A deeper heading that names no section belongs to the one above it.
        if (named.empty() && level != std::string_view::npos && level > level_ && !current_.empty()) return;
        level_ = level == std::string_view::npos ? heading.size() : level;
        current_ = named;
        for (const std::string_view name : current_) filled.try_emplace(name, false);
    }

    bool fenced_ = false;
    std::size_t level_ = 0;
    std::vector<std::string_view> current_;
};

}  // namespace

const std::vector<PlanSection>& required_plan_sections() {
    static const std::vector<PlanSection> sections{
        {"Budget", {"budget"}, "target bytes and the quality budget (KL, top-1, task deltas) that fails without QAT"},
        {"PTQ result", {"ptq", "post-training"}, "the measured result without training, and its gap to the budget"},
        {"Grid", {"grid"}, "exact grid and type of every tensor, frozen"},
        {"Teacher", {"teacher"}, "the model whose probabilities are matched"},
        {"Loss", {"loss"}, "forward KL or what else, and any warm-up"},
        {"Data", {"data", "training mixture"}, "mixture, licence, decontamination, token count and why"},
        {"Initialisation", {"initialisation", "initialization", "initial "}, "what training starts from"},
        {"Trainable set", {"trainable"}, "which weights, scales, norms and biases move"},
        {"Schedule", {"schedule", "learning rate"}, "learning rate and its sweep, warm-up, batch, length, precision"},
        {"Cost", {"cost"}, "flop, hours and price on named hardware"},
        {"Checkpoints", {"checkpoint"}, "what is kept and when"},
        {"Evaluation gates", {"evaluation", "gates"}, "what is measured at 10, 30 and 100 % and what stops the run"},
        {"Stop and rollback", {"rollback", "stop"}, "rules for ending and for going back"},
        {"Export proof", {"export"}, "bit-exact repack, and logits that match on the stock runtime"},
        {"Risks", {"risk"}, "what may go wrong, and what then"},
    };
    return sections;
}

QatPlan parse_qat_plan(std::string_view markdown) {
    PlanReader reader;
    for (const std::string_view line : core::split_lines(markdown)) reader.take(line);
    QatPlan plan;
    plan.accepted_by = reader.accepted_by;
    for (const PlanSection& section : required_plan_sections()) {
        const auto found = reader.filled.find(section.name);
        if (found == reader.filled.end())
            plan.missing.emplace_back(section.name);
        else if (!found->second)
            plan.empty.emplace_back(section.name);
    }
    return plan;
}

std::string describe_gaps(const QatPlan& plan) {
    std::vector<std::string> gaps;
    if (!plan.missing.empty()) gaps.push_back(fmt::format("it has no section on {}", fmt::join(plan.missing, ", ")));
    if (!plan.empty.empty()) gaps.push_back(fmt::format("nothing is written under {}", fmt::join(plan.empty, ", ")));
    if (plan.accepted_by.empty()) gaps.emplace_back("no line says \"Accepted by: NAME, DATE\"");
    return fmt::format("{}", fmt::join(gaps, "; "));
}

}  // namespace scale::choice
