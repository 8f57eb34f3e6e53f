// The report of a pass: one HTML file without fonts, images or links to elsewhere, for the reviewer who asks who said
// this was good enough. Everything in it comes from the record; missing stages are shown as open. Its one script draws
// plots of what the tables say.
#pragma once

#include <string>
#include <vector>

#include "record/lineage.h"
#include "record/verify.h"

namespace scale::report {

struct ReportInput {
    const record::Lineage& lineage;
    const record::Verification& verification;
    std::vector<std::string> changed;  // parts of the fingerprint, see view_status
    std::string now;                   // core::to_rfc3339
    std::string tool;                  // record::tool_name
};

std::string render_report(const ReportInput& input);

}  // namespace scale::report
