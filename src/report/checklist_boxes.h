// The boxes of each stage.
#pragma once

#include <string>
#include <vector>

#include "report/checklist.h"

namespace scale::report {

std::vector<Box> constraint_boxes(const record::Lineage& lineage);
std::vector<Box> choice_boxes(const record::Lineage& lineage);
std::vector<Box> calibration_boxes(const record::Lineage& lineage, const std::string& now);
std::vector<Box> quality_boxes(const record::Lineage& lineage);
std::vector<Box> rollout_boxes(const record::Lineage& lineage);

// Collects the boxes of one stage; each is judged on the payload of the current entry of a kind, or stays open.
class BoxList {
  public:
    BoxList(const record::Lineage& lineage, record::Stage stage) : lineage_(lineage), stage_(stage) {}

    // `judge` fills ticked and evidence of the box from the entry's payload as T.
    template <typename T, typename Judge>
    void add(const std::string& text, const char* kind, Judge judge) {
        Box box{stage_, text, false, std::string("no current entry '") + kind + "'", 0};
        if (const record::Entry* entry = lineage_.current(kind)) {
            box.evidence.clear();
            box.entry = entry->seq;
            judge(entry->payload.get<T>(), box);
        }
        boxes_.push_back(std::move(box));
    }
    void add(Box box) { boxes_.push_back(std::move(box)); }

    std::vector<Box> take() { return std::move(boxes_); }

  private:
    const record::Lineage& lineage_;
    record::Stage stage_;
    std::vector<Box> boxes_;
};

}  // namespace scale::report
