// The report in the forms that other programs show: Markdown for a pull request, JUnit for a CI.
#pragma once

#include <string>

#include "report/report.h"

namespace scale::report {

// GitHub's Markdown; at most some hundred lines, with what is long folded.
std::string report_markdown(const ReportInput& input);

// JUnit's XML: a suite for the stages, one for the gate's comparisons, one for the record's verification. A comparison
// that fails is a failure, an undecided one an error, one without power is skipped; so is a stage that is not reached.
// Format: the XSD that Jenkins' JUnit plugin and pytest agree on (testsuites/testsuite/testcase with failure, error,
// skipped).
std::string report_junit(const ReportInput& input);

}  // namespace scale::report
