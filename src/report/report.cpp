#include "report/report.h"

#include <fmt/format.h>

#include "report/frame.h"
#include "report/html.h"
#include "report/sections/sections.h"

namespace scale::report {

namespace {

void navigation(Html& page, const StatusView& status) {
    page.open("nav", {{"aria-label", "Sections"}}).open("ol");
    for (const record::StageStatus& stage : status.stages) {
        const std::string name(record::stage_name(stage.stage));
        page.open("li").open("a", {{"href", "#" + name}});
        page.element("b", std::string(1, record::stage_letter(stage.stage)));
        page.text(" " + name + " ")
            .element("span", record::state_name(stage.state), {{"class", state_class(stage.state)}});
        page.close().close();
    }
    for (const char* extra : {"handoff", "checklist", "provenance"})
        page.open("li").element("a", extra, {{"href", std::string("#") + extra}}).close();
    page.close().close();
}

}  // namespace

std::string render_report(const ReportInput& input) {
    const Context context{input.lineage, view_status(input.lineage, input.changed, input.now), check(input.lineage, input.now),
                          input.verification, input.now};
    Html page;
    page.element("a", "Skip to the report", {{"class", "skip"}, {"href", "#main"}});
    page.open("header");
    write_summary(page, context);
    page.close();
    navigation(page, context.status);
    page.open("main", {{"id", "main"}});
    write_constraint(page, context);
    write_decision(page, context);
    write_calibration(page, context);
    write_quality(page, context);
    write_rollout(page, context);
    write_handoff(page, context);
    write_checklist(page, context);
    write_provenance(page, context);
    page.close();
    page.open("footer")
        .element("p", fmt::format("Written {} by {} from the record alone.", input.now, input.tool))
        .close();
    return framed(page.take());
}

}  // namespace scale::report
