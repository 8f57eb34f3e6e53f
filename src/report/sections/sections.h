// The sections of the report, from top to bottom.
#pragma once

#include <string>

#include "record/lineage.h"
#include "record/verify.h"
#include "report/checklist.h"
#include "report/html.h"
#include "report/status.h"

namespace scale::report {

struct Context {
    const record::Lineage& lineage;
    StatusView status;
    Checklist checklist;
    const record::Verification& verification;
    std::string now;
};

void write_summary(Html& page, const Context& context);
void write_constraint(Html& page, const Context& context);
void write_decision(Html& page, const Context& context);
void write_calibration(Html& page, const Context& context);  // the set and the artefact made with it
void write_artefact(Html& page, const Context& context);     // within the calibration section
void write_regressions(Html& page, const Context& context);  // within the quality section, as is the next
void write_predictions(Html& page, const Context& context);
void write_quality(Html& page, const Context& context);
void write_rollout(Html& page, const Context& context);
void write_handoff(Html& page, const Context& context);  // serving lines
void write_checklist(Html& page, const Context& context);
void write_provenance(Html& page, const Context& context);

// The class of a state's badge: good, bad, warn or plain.
std::string state_class(record::StageState state);

}  // namespace scale::report
