#include "report/handoff/model_card.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/error.h"
#include "core/text.h"
#include "model/gguf.h"
#include "record/payload.h"
#include "record/payload/trial_server.h"
#include "record/store.h"
#include "report/describe.h"
#include "report/figures.h"
#include "report/formats/markdown_text.h"
#include "report/handoff/serving.h"

namespace scale::report {

namespace {

namespace fs = std::filesystem;

template <typename Payload>
Payload newest(const record::Lineage& lineage, const char* kind) {
    const record::Entry* entry = record::latest(lineage.entries, kind);
    return entry ? entry->payload.get<Payload>() : Payload{};
}

// A block for a shell that its text cannot end.
std::string fenced(const std::string& lines) {
    std::string text = visible(lines);
    std::replace(text.begin(), text.end(), '`', '\'');
    return "```sh\n" + text + "\n```\n";
}

// A YAML scalar in double quotes: no text in it can become a key or end the front matter.
std::string yaml(const std::string& text) {
    return core::Json(text).dump(-1, ' ', true, core::Json::error_handler_t::replace);
}

std::string front_matter(const record::Artefact& artefact, const Origin& origin) {
    std::string text = "---\n";
    const std::string base = origin.repository.empty() ? origin.name : origin.repository;
    if (!base.empty()) text += "base_model: " + yaml(base) + "\nbase_model_relation: quantized\n";
    if (!origin.license.empty()) text += "license: " + yaml(origin.license) + "\n";
    text += "tags:\n  - gguf\n  - quantized\n";
    if (!artefact.checkpoint.format.empty()) text += "  - " + yaml(artefact.checkpoint.format) + "\n";
    return text + "---\n";
}

const record::Candidate* chosen_of(const record::Decision& decision) {
    for (const record::Candidate& candidate : decision.candidates)
        if (candidate.chosen) return &candidate;
    return nullptr;
}

std::string where_tried(const record::DecisionAtServers& made, const record::Candidate& chosen,
                        const record::Constraint& constraint) {
    for (const record::TrialServer& server : made.servers)
        if (server.candidate == chosen.name)
            return "at a server" + plain_markdown(server.software.empty() ? "" : ", " + server.software);
    return "on " + plain_markdown(constraint.hardware);
}

std::string facts(const record::Lineage& lineage, const record::Artefact& artefact) {
    const auto constraint = newest<record::Constraint>(lineage, record::kind::constraint);
    const auto made = newest<record::DecisionAtServers>(lineage, record::kind::decision);
    const record::Decision& decision = made.decision;
    const auto set = newest<record::CalibrationSet>(lineage, record::kind::calibration_set);
    std::vector<std::vector<std::string>> rows{
        {"file", code_markdown(artefact.path), core::human_bytes(artefact.bytes)},
        {"SHA-256", code_markdown(artefact.sha256), ""},
        {"original, SHA-256", code_markdown(artefact.original_sha256), core::human_bytes(constraint.model_bytes)},
        {"width", fmt::format("{:.2f} bits per weight", artefact.bits_per_weight), "counted: file over parameters"},
        {"how", plain_markdown(artefact.method), ""},
        {"calibration", fmt::format("{} samples, {} tokens", set.samples, set.tokens),
         "of the traffic this was made for; not published"}};
    if (const record::Candidate* chosen = chosen_of(decision); chosen && chosen->trialled)
        rows.push_back({"speed",
                        fmt::format("{:.2f}× the original ({:.2f}–{:.2f})", chosen->speedup.median, chosen->speedup.low,
                                    chosen->speedup.high),
                        "measured with a stand-in of the type " + plain_markdown(chosen->name) + " " +
                            where_tried(made, *chosen, constraint)});
    if (!artefact.checkpoint.folder.empty())
        rows.push_back({"checkpoint", code_markdown(artefact.checkpoint.folder),
                        fmt::format("{}, {:.2f} bits per weight", plain_markdown(artefact.checkpoint.format),
                                    artefact.checkpoint.bits_per_weight)});
    return table_markdown({"", "", ""}, {}, rows);
}

std::string quality(const record::Lineage& lineage, const record::Artefact& artefact) {
    const auto verdict = newest<record::Verdict>(lineage, record::kind::verdict);
    if (verdict.verdict.empty() || verdict.artefact_sha256 != artefact.sha256)
        return "Not measured: no gate has judged this file.\n";
    std::vector<std::vector<std::string>> rows;
    for (const record::GateCheck& check : verdict.checks)
        if (!is_slice(check))
            rows.push_back({plain_markdown(title_of(check)), check.result, figure_of(check, check.difference),
                            figure_of(check, check.upper), figure_of(check, check.margin), fmt::format("{}", check.n)});
    return plain_markdown(verdict.sentence) + "\n\n" +
           table_markdown({"against the original", "result", "loss", "upper limit", "margin", "n"},
                          {false, false, true, true, true, true}, rows) +
           "\nMeasured on both models with the same items and texts; the margins were declared before.\n";
}

std::string serving(const record::Lineage& lineage, const record::Artefact& artefact) {
    const auto constraint = newest<record::Constraint>(lineage, record::kind::constraint);
    std::string text;
    for (const ServingLines& one : serving_lines(artefact, constraint.workload))
        text += fmt::format("### {}\n\n{}\n\n{}\n", one.server, one.note, fenced(one.lines));
    return text;
}

}  // namespace

Origin origin_of(const fs::path& artefact) {
    try {
        const model::GgufFile file(artefact);
        return {file.text("general.name"), file.text("general.license"),
                file.text("general.base_model.0.repo_url", file.text("general.source.repo_url"))};
    } catch (const core::Error&) {
        return {};
    }
}

std::string model_card(const record::Lineage& lineage, const Origin& origin) {
    const record::Entry* entry = record::latest(lineage.entries, record::kind::artefact);
    if (!entry) throw core::input_error("the record has no artefact", "a pass with stage A done", "scale quantize");
    const auto artefact = entry->payload.get<record::Artefact>();
    const std::string name = fs::path(artefact.path).stem().string();
    std::string text = front_matter(artefact, origin);
    text += fmt::format("\n# {}\n\n{} quantised for one purpose: {}\n\n", plain_markdown(name),
                        origin.name.empty() ? "A model" : plain_markdown(origin.name),
                        plain_markdown(newest<record::Constraint>(lineage, record::kind::constraint).sentence));
    text += facts(lineage, artefact);
    text += "\n## Quality\n\n" + quality(lineage, artefact);
    text += "\n## Serve it\n\n" + serving(lineage, artefact);
    text += "## Check it\n\n" +
            fenced("sha256sum " + one_line(artefact.path, 200) + "   # " + artefact.sha256 +
                   "\nscale verify BUNDLE.scale.tar") +
            "\n";
    text +=
        "Judged for the traffic of the pass that made it; for other traffic the gate has to be run again. Made by " +
        plain_markdown(entry->tool) + ".\n";
    return text;
}

}  // namespace scale::report
