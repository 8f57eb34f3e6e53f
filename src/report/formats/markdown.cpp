#include <fmt/format.h>

#include "core/text.h"
#include "record/gate_endpoint.h"
#include "record/payload.h"
#include "record/store.h"
#include "report/checklist.h"
#include "report/describe.h"
#include "report/figures.h"
#include "report/formats/formats.h"
#include "report/formats/markdown_text.h"
#include "report/status.h"
#include "report/step_figures.h"

namespace scale::report {

namespace {

using record::Entry;

// `{}` where the record has no such entry, or one of a newer program that cannot be read.
template <typename Payload, typename Write>
std::string of_latest(const record::Lineage& lineage, const char* kind, Write write) {
    const Entry* entry = record::latest(lineage.entries, kind);
    if (!entry) return {};
    try {
        return write(entry->payload.template get<Payload>());
    } catch (const core::Json::exception& problem) {
        return fmt::format("\nEntry {} cannot be shown: {}\n", entry->seq, plain_markdown(problem.what()));
    }
}

std::string folded(const std::string& summary, const std::string& body) {
    return fmt::format("\n<details><summary>{}</summary>\n\n{}\n</details>\n", summary, body);
}

std::string stages(const StatusView& status) {
    std::vector<std::vector<std::string>> rows;
    for (const record::StageStatus& stage : status.stages)
        rows.push_back({fmt::format("**{}** {}", record::stage_letter(stage.stage), record::stage_title(stage.stage)),
                        std::string(record::state_name(stage.state)), plain_markdown(stage.why)});
    return "\n" + table_markdown({"stage", "state", "why"}, {}, rows);
}

std::string decision(const record::Decision& decision) {
    std::vector<std::vector<std::string>> rows;
    for (const record::Candidate& candidate : decision.candidates) {
        const std::string name = code_markdown(candidate.name);
        rows.push_back({candidate.chosen ? "**→** " + name : name,
                        candidate.bits_per_weight > 0 ? fmt::format("{:.2f}", candidate.bits_per_weight) : "–",
                        mib(candidate.bytes),
                        !candidate.kl_source.empty() ? fmt::format("{:.4f}", candidate.kl_estimate) : "–",
                        candidate.trialled ? fmt::format("{:.2f}×", candidate.speedup.median) : "–",
                        plain_markdown(candidate.reason.empty() ? candidate.rule : candidate.reason)});
    }
    return fmt::format("\n## Decision: {} in {}\n\n{} (rule {})\n", plain_markdown(decision.type),
                       plain_markdown(decision.format), plain_markdown(decision.reason), code_markdown(decision.rule)) +
           folded(fmt::format("{} candidates", decision.candidates.size()),
                  table_markdown({"candidate", "true bits", "MiB", "KL (estimated)", "speed (measured)", "why"},
                                 {false, true, true, true, true}, rows));
}

std::string artefact(const record::Artefact& artefact) {
    return fmt::format("\n## Artefact\n\n{}: {}, {:.2f} bits per weight, SHA-256 {}\n\n{}\n",
                       code_markdown(artefact.path), core::human_bytes(artefact.bytes), artefact.bits_per_weight,
                       code_markdown(artefact.sha256), plain_markdown(artefact.method));
}

std::string verdict(const record::Verdict& verdict) {
    std::vector<std::vector<std::string>> rows;
    std::size_t slices = 0;
    for (const record::GateCheck& check : verdict.checks) {
        if (is_slice(check) && check.result != "FAIL") {
            ++slices;
            continue;
        }
        rows.push_back(
            {plain_markdown(title_of(check)), check.result == "PASS" ? check.result : "**" + check.result + "**",
             figure_of(check, check.difference), figure_of(check, check.upper), figure_of(check, check.margin),
             fmt::format("{}", check.n),
             record::counts_in_points(check) ? fmt::format("{} / {}", check.base_only, check.candidate_only) : "–"});
    }
    std::string text =
        fmt::format("\n## Gate: {}\n\n{}\n\n", plain_markdown(verdict.verdict), plain_markdown(verdict.sentence)) +
        table_markdown({"comparison", "result", "loss", "upper limit", "margin", "n", "lost / won"},
                       {false, false, true, true, true, true, true}, rows);
    if (slices > 0) text += fmt::format("\n{} slices of the traffic, none of which fails.\n", slices);
    return text + "\nMeasured on both models, same items and texts; each upper limit must stay below its margin.\n";
}

std::string taken(const record::Lineage& lineage) {
    std::vector<std::vector<std::string>> rows;
    try {
        for (const StepFigures& step : step_figures(lineage.entries)) rows.push_back(cells_of(step));
    } catch (const core::Json::exception& problem) {
        return fmt::format("\nWhat the steps took cannot be shown: {}\n", plain_markdown(problem.what()));
    }
    if (rows.empty()) return {};
    for (auto& row : rows) row.front() = code_markdown(row.front());
    return folded("Predicted (estimated) and actual (measured) time, memory and disk",
                  table_markdown(
                      {"step", "time, predicted", "actual", "memory, predicted", "actual", "disk, predicted", "actual"},
                      {false, true, true, true, true, true, true}, rows));
}

std::string boxes(const Checklist& checklist) {
    std::string list;
    for (const Box& box : checklist.boxes)
        list += fmt::format("- [{}] {}\n", box.ticked ? 'x' : ' ', plain_markdown(box.text));
    return folded(
        fmt::format("Checklist: {} of {} ticked, from the record alone", checklist.ticked(), checklist.boxes.size()),
        list);
}

std::string provenance(const ReportInput& input) {
    std::vector<std::vector<std::string>> rows;
    for (const Entry& entry : input.lineage.entries)
        rows.push_back({fmt::format("{}", entry.seq), entry.time, plain_markdown(entry.kind),
                        plain_markdown(one_line(describe(entry), 80)), code_markdown(entry.hash.substr(0, 16))});
    std::string text = "\n## Provenance\n\n";
    for (const record::Finding& finding : input.verification.findings)
        if (finding.outcome == record::Outcome::failed)
            text += fmt::format("- **FAILED** {}: {}\n", plain_markdown(finding.check), plain_markdown(finding.detail));
    text += input.verification.ok() ? "`scale verify` recomputed the record and found it whole.\n"
                                    : "\n`scale verify` found the record damaged.\n";
    return text + folded(fmt::format("{} entries", rows.size()),
                         table_markdown({"entry", "time", "kind", "what", "hash"}, {true}, rows));
}

}  // namespace

std::string report_markdown(const ReportInput& input) {
    const record::Lineage& lineage = input.lineage;
    const StatusView status = view_status(lineage, input.changed);
    std::string text = "# SCALE report\n\n";
    text += (status.sentence.empty() ? "No constraint is set yet." : plain_markdown(status.sentence)) + "\n";
    text += stages(status);
    for (const std::string& part : status.changed) text += "\n> Changed since stage S: " + plain_markdown(part) + "\n";
    text += of_latest<record::Decision>(lineage, record::kind::decision, decision);
    text += of_latest<record::Artefact>(lineage, record::kind::artefact, artefact);
    text += of_latest<record::Verdict>(lineage, record::kind::verdict, verdict);
    text += taken(lineage);
    text += boxes(check(lineage, input.now));
    text += provenance(input);
    if (!status.next.empty()) text += "\nNext: " + code_markdown(status.next) + "\n";
    return text;
}

}  // namespace scale::report
