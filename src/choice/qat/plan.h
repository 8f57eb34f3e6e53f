// A plan for quantisation-aware training (QAT): the document without which no type below 4 bits is chosen.
//
// A Markdown file. Every subject below has a heading (any level) that contains its key word, and text under it that is
// more than a placeholder (TODO, TBD, …). A line "Accepted by: NAME, DATE" anywhere outside code says who answers for
// it. The subjects are those that a QAT run stands or falls with (ParetoQ, QAD and EfficientQAT reports; an export that
// rounds differently from training has cost 16 points of agreement, hence the export proof).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace scale::choice {

struct PlanSection {
    std::string_view name;                    // as shown to people
    std::vector<std::string_view> key_words;  // lower case; a heading that contains one opens the section
    std::string_view content;                 // what belongs there
};

const std::vector<PlanSection>& required_plan_sections();

struct QatPlan {
    std::vector<std::string> missing;  // names of required sections without a heading
    std::vector<std::string> empty;    // with a heading, but without text
    std::string accepted_by;           // "" where the line is missing
    bool accepted() const { return missing.empty() && empty.empty() && !accepted_by.empty(); }
};

QatPlan parse_qat_plan(std::string_view markdown);

// What the plan lacks, as one phrase; "" for an accepted plan.
std::string describe_gaps(const QatPlan& plan);

}  // namespace scale::choice
