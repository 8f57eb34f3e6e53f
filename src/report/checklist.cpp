#include "report/checklist.h"

#include <algorithm>

#include <fmt/format.h>

#include "report/checklist_boxes.h"
#include "report/describe.h"
#include "report/formats/markdown_text.h"

namespace scale::report {

namespace {

std::string evidence_of(const Box& box) {
    const std::string evidence = one_line(box.evidence, 240);
    if (box.entry == 0) return evidence;
    return fmt::format("{}{}(entry {})", evidence, evidence.empty() ? "" : " ", box.entry);
}

std::string heading(record::Stage stage) {
    return fmt::format("{} · {}", record::stage_letter(stage), record::stage_title(stage));
}

}  // namespace

std::size_t Checklist::ticked() const {
    return static_cast<std::size_t>(
        std::count_if(boxes.begin(), boxes.end(), [](const Box& box) { return box.ticked; }));
}

Checklist check(const record::Lineage& lineage, const std::string& now) {
    Checklist checklist;
    for (const auto& boxes : {constraint_boxes(lineage), choice_boxes(lineage), calibration_boxes(lineage, now),
                              quality_boxes(lineage), rollout_boxes(lineage)})
        checklist.boxes.insert(checklist.boxes.end(), boxes.begin(), boxes.end());
    return checklist;
}

std::string to_text(const Checklist& checklist) {
    std::string text;
    for (const record::Stage stage : record::all_stages) {
        text += heading(stage) + "\n";
        for (const Box& box : checklist.boxes)
            if (box.stage == stage)
                text += fmt::format("  [{}] {}\n        {}\n", box.ticked ? 'x' : ' ', box.text, evidence_of(box));
        text += "\n";
    }
    return text + fmt::format("{} of {} ticked, from the record alone", checklist.ticked(), checklist.boxes.size());
}

std::string to_markdown(const Checklist& checklist) {
    std::string text = "# SCALE checklist\n";
    for (const record::Stage stage : record::all_stages) {
        text += fmt::format("\n## {}\n\n", heading(stage));
        for (const Box& box : checklist.boxes)
            if (box.stage == stage)
                text += fmt::format("- [{}] {} – {}\n", box.ticked ? 'x' : ' ', plain_markdown(box.text),
                                    plain_markdown(evidence_of(box)));
    }
    return text + fmt::format("\n{} of {} ticked, from the record alone.", checklist.ticked(), checklist.boxes.size());
}

core::Json to_json(const Checklist& checklist) {
    core::Json boxes = core::Json::array();
    for (const Box& box : checklist.boxes)
        boxes.push_back({{"stage", record::stage_name(box.stage)},
                         {"text", box.text},
                         {"ticked", box.ticked},
                         {"evidence", box.evidence},
                         {"entry", box.entry}});
    return {{"boxes", boxes}, {"ticked", checklist.ticked()}, {"total", checklist.boxes.size()}};
}

}  // namespace scale::report
