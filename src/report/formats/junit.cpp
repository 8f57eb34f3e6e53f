#include <array>
#include <vector>

#include <fmt/format.h>

#include "record/payload.h"
#include "record/store.h"
#include "report/figures.h"
#include "report/formats/formats.h"
#include "report/html.h"
#include "report/status.h"

namespace scale::report {

namespace {

// What a case came to; the elements' names are JUnit's. `passed` has none.
enum class Result { passed, failure, error, skipped };

struct Case {
    std::string name;
    Result result = Result::passed;
    std::string message;
};

struct Suite {
    std::string name;
    std::string time;  // of the entry that it is about, "" for none
    double seconds = 0;
    std::vector<Case> cases;
};

std::size_t count(const Suite& suite, Result result) {
    std::size_t number = 0;
    for (const Case& one : suite.cases) number += one.result == result ? 1 : 0;
    return number;
}

std::string counts_of(std::size_t tests, std::size_t failures, std::size_t errors, std::size_t skipped) {
    return fmt::format(R"(tests="{}" failures="{}" errors="{}" skipped="{}")", tests, failures, errors, skipped);
}

std::string element_of(const Suite& suite, const Case& one) {
    const std::string head =
        fmt::format(R"(    <testcase classname="scale.{}" name="{}" time="0")", suite.name, escaped(one.name));
    static constexpr std::array names{"", "failure", "error", "skipped"};
    const char* name = names[static_cast<std::size_t>(one.result)];
    if (one.result == Result::passed) return head + "/>\n";
    return fmt::format("{}>\n      <{} message=\"{}\"/>\n    </testcase>\n", head, name, escaped(one.message));
}

std::string element_of(const Suite& suite) {
    std::string text = fmt::format(
        "  <testsuite name=\"{}\" {} time=\"{:.3f}\"{}>\n", suite.name,
        counts_of(suite.cases.size(), count(suite, Result::failure), count(suite, Result::error),
                  count(suite, Result::skipped)),
        suite.seconds, suite.time.empty() ? "" : " timestamp=\"" + escaped(suite.time) + "\"");
    for (const Case& one : suite.cases) text += element_of(suite, one);
    return text + "  </testsuite>\n";
}

Suite stages(const StatusView& status) {
    Suite suite{"stages", "", 0, {}};
    for (const record::StageStatus& stage : status.stages) {
        using record::StageState;
        Case one{fmt::format("{} {}", record::stage_letter(stage.stage), record::stage_title(stage.stage)),
                 Result::passed,
                 fmt::format("{}: {}", record::state_name(stage.state), stage.why)};
        if (stage.state == StageState::failed) one.result = Result::failure;
        if (stage.state == StageState::stale || stage.state == StageState::inconclusive) one.result = Result::error;
        if (stage.state == StageState::open || stage.state == StageState::running) one.result = Result::skipped;
        suite.cases.push_back(std::move(one));
    }
    return suite;
}

Result result_of(const record::GateCheck& check) {
    if (check.result == "PASS") return Result::passed;
    if (check.result == "FAIL") return Result::failure;
    return check.result == "INCONCLUSIVE" ? Result::error : Result::skipped;
}

std::string message_of(const record::GateCheck& check) {
    std::string text = fmt::format("{}: loss {}, upper limit {}, margin {}, n {}", check.result,
                                   figure_of(check, check.difference), figure_of(check, check.upper),
                                   figure_of(check, check.margin), check.n);
    if (check.items_needed > 0) text += fmt::format(", items needed {}", check.items_needed);
    return check.note.empty() ? text : text + "; " + check.note;
}

Suite gate(const record::Lineage& lineage) {
    Suite suite{"gate", "", 0, {}};
    const record::Entry* entry = record::latest(lineage.entries, record::kind::verdict);
    if (!entry) return suite;
    suite.time = entry->time;
    try {
        const auto verdict = entry->payload.get<record::Verdict>();
        suite.seconds = verdict.seconds;
        for (const record::GateCheck& check : verdict.checks)
            suite.cases.push_back({title_of(check), result_of(check), message_of(check)});
    } catch (const core::Json::exception& problem) {
        suite.cases.push_back({"verdict", Result::error, fmt::format("entry {}: {}", entry->seq, problem.what())});
    }
    return suite;
}

Suite verification(const record::Verification& verified) {
    Suite suite{"record", "", 0, {}};
    for (const record::Finding& finding : verified.findings) {
        std::string name = finding.check;
        for (const std::uint64_t entry : finding.entries) name += fmt::format(" {}", entry);
        suite.cases.push_back(
            {name, finding.outcome == record::Outcome::failed ? Result::failure : Result::passed, finding.detail});
    }
    return suite;
}

}  // namespace

std::string report_junit(const ReportInput& input) {
    const std::vector<Suite> suites{stages(view_status(input.lineage, input.changed)), gate(input.lineage),
                                    verification(input.verification)};
    std::size_t tests = 0, failures = 0, errors = 0, skipped = 0;
    double seconds = 0;
    std::string text;
    for (const Suite& suite : suites) {
        tests += suite.cases.size();
        failures += count(suite, Result::failure);
        errors += count(suite, Result::error);
        skipped += count(suite, Result::skipped);
        seconds += suite.seconds;
        text += element_of(suite);
    }
    return fmt::format("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"scale\" {} time=\"{:.3f}\">\n{}"
                       "</testsuites>\n",
                       counts_of(tests, failures, errors, skipped), seconds, text);
}

}  // namespace scale::report
