#include <map>

#include <fmt/format.h>

#include "report/describe.h"
#include "report/sections/parts.h"

namespace scale::report {

namespace {

std::string short_hash(const std::string& hash) {
    return hash.substr(0, 12);
}

void write_entries(Html& page, const record::Lineage& lineage) {
    std::map<std::string, std::uint64_t> seq_of;
    for (const record::Entry& entry : lineage.entries) seq_of[entry.hash] = entry.seq;
    std::vector<Cells> rows;
    for (const record::Entry& entry : lineage.entries) {
        std::string parents;
        for (const std::string& parent : entry.parents) {
            const auto found = seq_of.find(parent);
            parents += (parents.empty() ? "" : ", ") +
                       (found == seq_of.end() ? short_hash(parent) : fmt::format("{}", found->second));
        }
        rows.push_back({fmt::format("{}", entry.seq), entry.time, entry.kind, one_line(describe(entry), 80), parents,
                        entry.tool, entry.hash});
    }
    table(
        page, "Every entry of the record",
        {{"entry", true}, {"time"}, {"kind"}, {"what", false, true}, {"builds on"}, {"tool"}, {"SHA-256", false, true}},
        rows);
}

void write_verification(Html& page, const record::Verification& verification) {
    std::vector<Cells> rows;
    for (const record::Finding& finding : verification.findings)
        rows.push_back({std::string(record::outcome_name(finding.outcome)), finding.check, finding.detail});
    table(page, "What `scale verify` found when this report was written",
          {{"outcome"}, {"check"}, {"detail", false, true}}, rows);
}

}  // namespace

namespace {

// Which command gives each figure again, and what must come out the same.
void write_repeats(Html& page, const Context& context) {
    const auto hash_of = [&](const char* kind, const char* member) {
        const record::Entry* entry = record::latest(context.lineage.entries, kind);
        return entry ? entry->payload.value(member, "") : std::string();
    };
    struct Repeat {
        const char* figure;
        const char* command;
        const char* outcome;
        std::string sha256;
    };
    const std::vector<Repeat> repeats{
        {"speed and memory of the original", "scale set", "speeds within the range of their rounds, on this machine", ""},
        {"sizes, estimates and speeds of the candidates", "scale choose", "the same sizes; speeds within their range", ""},
        {"the calibration set", "scale assemble", "these bytes, from the same log and seed",
         hash_of(record::kind::calibration_set, "set_sha256")},
        {"the artefact", "scale quantize --again", "these bytes, from the same set, plan and engine",
         hash_of(record::kind::artefact, "sha256")},
        {"the types of its tensors", "scale quantize --dry-run --json", "this plan",
         hash_of(record::kind::artefact, "plan_sha256")},
        {"items, losses and limits of the gate", "scale lock",
         "the same items; figures within the noise floor. Nothing is measured twice for one artefact and budget",
         hash_of(record::kind::gate_started, "items_sha256")},
        {"live evidence", "scale evaluate status", "counted anew from the gateway's log", ""},
    };
    std::vector<Cells> rows;
    for (const Repeat& repeat : repeats)
        rows.push_back({repeat.figure, repeat.command, repeat.outcome, repeat.sha256.empty() ? "–" : repeat.sha256});
    table(page, "Getting each figure again, in the folder of the pass with the same scale.toml",
          {{"figure"}, {"command", false, true}, {"what comes out", false, true}, {"SHA-256", false, true}}, rows);
}

}  // namespace

void write_provenance(Html& page, const Context& context) {
    page.open("section", {{"id", "provenance"}, {"aria-labelledby", "provenance-title"}});
    page.element("h2", "Provenance", {{"id", "provenance-title"}});
    page.element("p", "Who can check this, and how to do it again.", {{"class", "question"}});
    write_verification(page, context.verification);
    write_entries(page, context.lineage);
    if (const record::Entry* entry = record::latest(context.lineage.entries, record::kind::constraint)) {
        const core::Json fingerprint = entry->payload.value("fingerprint", core::Json::object());
        std::vector<Cells> rows;
        for (const auto& [key, value] : fingerprint.items())
            rows.push_back({key, value.is_string() ? value.get<std::string>() : value.dump()});
        table(page, "Fingerprint: a change of any part opens stage S again", {{"part"}, {"value", false, true}}, rows);
    }
    page.element("h3", "Check it without trusting this page").element("pre", "scale verify --dir PASS");
    page.element("h3", "Get the numbers again");
    write_repeats(page, context);
    page.close();
}

}  // namespace scale::report
