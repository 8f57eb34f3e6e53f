#include "report/handoff/serving.h"
#include "report/sections/parts.h"

namespace scale::report {

void write_handoff(Html& page, const Context& context) {
    page.open("section", {{"id", "handoff"}, {"aria-labelledby", "handoff-title"}});
    page.element("h2", "Serve it", {{"id", "handoff-title"}});
    page.element("p", "Lines to copy, from the folder of the pass.", {{"class", "question"}});
    with_entry(page, context, record::kind::artefact, [&](const record::Entry& entry) {
        const record::Entry* constraint = record::latest(context.lineage.entries, record::kind::constraint);
        const auto workload = constraint ? constraint->payload.value("workload", record::Workload{}) : record::Workload{};
        for (const ServingLines& one : serving_lines(entry.payload.get<record::Artefact>(), workload))
            page.element("h3", one.server).element("pre", one.lines).element("p", one.note, {{"class", "plain"}});
        page.open("p").text("The model card with these lines: ").element("code", "scale report --format card").close();
    });
    page.close();
}

}  // namespace scale::report
