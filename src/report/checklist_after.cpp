// Boxes of the stages that hold the artefact against the original: quality and rollout.

#include <algorithm>

#include <fmt/format.h>

#include "core/text.h"
#include "record/payload.h"
#include "record/store.h"
#include "report/checklist_boxes.h"

namespace scale::report {

namespace {

namespace kind = record::kind;
using record::GateCheck;
using record::Verdict;

// The first gate that opened the current artefact.
const record::Entry* first_gate(const record::Lineage& lineage) {
    const record::Entry* artefact = lineage.current(kind::artefact);
    if (!artefact) return nullptr;
    for (const record::Entry& entry : lineage.entries)
        if (entry.kind == kind::gate_started &&
            entry.payload.value("artefact_sha256", "") == artefact->payload.value("sha256", ""))
            return &entry;
    return nullptr;
}

Box budget_box(const record::Lineage& lineage) {
    Box box{record::Stage::quality, "The budget was declared before any result", false, "no budget is declared", 0};
    const record::Entry* budget = lineage.current(kind::budget);
    if (!budget) return box;
    const record::Entry* gate = first_gate(lineage);
    box.entry = budget->seq;
    box.ticked = !gate || budget->seq < gate->seq;
    box.evidence =
        !gate ? "declared; nothing is measured yet"
              : fmt::format("declared at {}, first measurement at {} (entry {})", budget->time, gate->time, gate->seq);
    return box;
}

std::string names_in(const Verdict& verdict, const std::string& category, bool only_powerful) {
    std::string names;
    for (const GateCheck& check : verdict.checks)
        if (check.category == category && (!only_powerful || check.result != "NO POWER"))
            names += (names.empty() ? "" : ", ") + check.name + " " + check.result;
    return names;
}

void judge_scored(const Verdict& verdict, Box& box) {
    box.ticked = true;
    for (const char* category : {"reasoning", "instructions", "long_context", "consistency"}) {
        const std::string names = names_in(verdict, category, true);
        if (names.empty()) box.ticked = false;
        box.evidence += fmt::format("{}{}: {}", box.evidence.empty() ? "" : "; ", category,
                                    names.empty() ? "none with power" : names);
    }
}

void judge_beyond_fluency(const Verdict& verdict, Box& box) {
    const auto tasks = std::count_if(verdict.checks.begin(), verdict.checks.end(), [](const GateCheck& check) {
        return check.category != "distribution" && check.category != "identity" && check.result == "PASS";
    });
    box.ticked = tasks > 0;
    box.evidence = fmt::format("{} checks beyond distribution and perplexity passed", tasks);
}

const record::Entry* newest_rollout(const record::Lineage& lineage, std::initializer_list<const char*> kinds) {
    const record::Entry* newest = nullptr;
    for (const char* name : kinds)
        if (const record::Entry* entry = record::latest(lineage.entries, name);
            entry && (!newest || entry->seq > newest->seq))
            newest = entry;
    return newest;
}

Box slice_box(const record::Lineage& lineage) {
    Box box{record::Stage::rollout, "A slice of live traffic behind a flag", false, "no rollout was started", 0};
    if (const record::Entry* started = lineage.current(kind::rollout_started)) {
        box.ticked = true;
        box.entry = started->seq;
        box.evidence = "started " + started->time;
    }
    return box;
}

Box guardrail_box(const record::Lineage& lineage) {
    Box box{record::Stage::rollout, "Guardrails watch the slice against the original", false,
            "the rollout's entry names no guardrails", 0};
    const record::Entry* started = lineage.current(kind::rollout_started);
    if (!started) {
        box.evidence = "no rollout was started";
        return box;
    }
    box.entry = started->seq;
    for (const core::Json& part : {started->payload, started->payload.value("rollout", core::Json::object()),
                                   started->payload.value("settings", core::Json::object())})
        if (const auto found = part.find("guardrails"); found != part.end() && found->is_array() && !found->empty()) {
            box.ticked = true;
            box.evidence = found->dump(-1, ' ', false, core::Json::error_handler_t::replace);
        }
    return box;
}

Box archive_box(const record::Lineage& lineage) {
    Box box{record::Stage::rollout, "The full-precision weights are archived by content", false, "nothing is archived",
            0};
    const record::Entry* archived = record::latest(lineage.entries, kind::archived);
    const record::Entry* constraint = lineage.current(kind::constraint);
    if (!archived || !constraint) return box;
    const auto fingerprint = constraint->payload.value("fingerprint", core::Json::object());
    box.entry = archived->seq;
    box.ticked = archived->payload.value("original_sha256", "") == fingerprint.value("model_sha256", "");
    box.evidence = box.ticked ? fmt::format("{}, SHA-256 {}… as in stage S; `scale verify` reads it again",
                                            core::human_bytes(archived->payload.value("bytes", std::uint64_t{0})),
                                            archived->payload.value("original_sha256", "").substr(0, 12))
                              : "what is archived is not the model of stage S";
    return box;
}

Box end_box(const record::Lineage& lineage) {
    Box box{record::Stage::rollout, "The evidence ended in a promotion or a rollback", false, "still open", 0};
    const record::Entry* started = lineage.current(kind::rollout_started);
    const record::Entry* last = newest_rollout(lineage, {kind::promoted, kind::rolled_back});
    if (started && last && last->seq > started->seq) {
        box.ticked = true;
        box.entry = last->seq;
        box.evidence = last->kind + ": " + last->payload.value("reason", "");
    }
    return box;
}

Box rollback_box(const record::Lineage& lineage) {
    Box box{record::Stage::rollout, "Rollback was done once in this pass", false,
            "no rollback is in the record; `scale rollback` is one command", 0};
    if (const record::Entry* rolled = record::latest(lineage.entries, kind::rolled_back)) {
        box.ticked = true;
        box.entry = rolled->seq;
        box.evidence = rolled->time;
    }
    return box;
}

}  // namespace

std::vector<Box> quality_boxes(const record::Lineage& lineage) {
    BoxList list(lineage, record::Stage::quality);
    list.add(budget_box(lineage));
    list.add<Verdict>("Reasoning, instructions, long context and consistency are scored, with power", kind::verdict,
                      judge_scored);
    list.add<Verdict>("Fluency alone does not pass", kind::verdict, judge_beyond_fluency);
    list.add<Verdict>("The gate is whole, not compressed", kind::verdict, [](const Verdict& v, Box& box) {
        box.ticked = !v.compressed;
        box.evidence = v.compressed ? "compressed: a low-stakes pass" : fmt::format("{} checks", v.checks.size());
    });
    list.add<Verdict>("The verdict is PASS", kind::verdict, [](const Verdict& v, Box& box) {
        box.ticked = v.verdict == "PASS";
        box.evidence = v.sentence.empty() ? v.verdict : v.sentence;
    });
    return list.take();
}

std::vector<Box> rollout_boxes(const record::Lineage& lineage) {
    return {slice_box(lineage), guardrail_box(lineage), archive_box(lineage), end_box(lineage), rollback_box(lineage)};
}

}  // namespace scale::report
