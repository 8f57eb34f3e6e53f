#include <fmt/format.h>

#include "report/sections/parts.h"

namespace scale::report {

void write_checklist(Html& page, const Context& context) {
    page.open("section", {{"id", "checklist"}, {"aria-labelledby", "checklist-title"}});
    page.element("h2", "Checklist", {{"id", "checklist-title"}});
    page.element("p",
                 fmt::format("{} of {} ticked, from the record alone.", context.checklist.ticked(),
                             context.checklist.boxes.size()),
                 {{"class", "question"}});
    for (const record::Stage stage : record::all_stages) {
        page.element("h3", fmt::format("{} · {}", record::stage_letter(stage), record::stage_title(stage)));
        page.open("ul", {{"class", "boxes"}});
        for (const Box& box : context.checklist.boxes) {
            if (box.stage != stage) continue;
            page.open("li").element("span", box.ticked ? "☑ " : "☐ ",
                                    {{"class", box.ticked ? "good" : "plain"},
                                     {"aria-label", box.ticked ? "ticked" : "open"},
                                     {"role", "img"}});
            page.text(" " + box.text);
            page.element("small", box.evidence + (box.entry > 0 ? fmt::format(" (entry {})", box.entry) : "")).close();
        }
        page.close();
    }
    page.close();
}

}  // namespace scale::report
