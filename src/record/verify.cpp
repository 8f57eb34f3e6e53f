#include "record/verify.h"

#include <algorithm>
#include <functional>
#include <set>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "core/file.h"
#include "core/text.h"
#include "record/store.h"
#include "record/verify_checks.h"

namespace scale::record {

namespace {

std::string sentence_of(const core::Error& error) {
    return error.expected().empty() ? error.found() : error.found() + " (expected: " + error.expected() + ")";
}

// A payload of the wrong shape, or a file that cannot be read, fails the check that needed it and no other.
void run(Verification& result, const std::string& check, const std::function<std::vector<Finding>()>& body) {
    try {
        for (Finding& finding : body()) result.findings.push_back(std::move(finding));
    } catch (const core::Error& error) {
        result.findings.push_back({check, Outcome::failed, sentence_of(error), {}});
    } catch (const std::exception& error) {
        result.findings.push_back({check, Outcome::failed, std::string("cannot be judged: ") + error.what(), {}});
    }
}

std::vector<Finding> check_tail(const Store& store) {
    const std::uint64_t torn = store.torn_bytes();
    if (torn == 0) return {{"tail", Outcome::ok, "the last line is whole", {}}};
    return {{"tail",
             Outcome::note,
             fmt::format("{} bytes after the last whole line are torn (an interrupted write); they count for nothing, "
                         "and the next command that writes cuts them",
                         torn),
             {}}};
}

std::set<std::string> read_left_out(const std::filesystem::path& pass_folder) {
    const std::filesystem::path file = pass_folder / ".scale" / "left-out";
    std::set<std::string> names;
    if (!std::filesystem::is_regular_file(file)) return names;
    const std::string text = core::read_file(file);
    for (const std::string_view line : core::split_lines(text)) names.emplace(line);
    return names;
}

}  // namespace

bool Verification::ok() const {
    return std::none_of(findings.begin(), findings.end(),
                        [](const Finding& finding) { return finding.outcome == Outcome::failed; });
}

std::vector<Finding> findings_of(const std::string& check, std::vector<Finding> faults, const std::string& detail) {
    if (faults.empty()) return {{check, Outcome::ok, detail, {}}};
    for (Finding& fault : faults) fault.check = check;
    return faults;
}

Verification verify(const std::filesystem::path& pass_folder) {
    Verification result;
    const std::set<std::string> left_out = read_left_out(pass_folder);
    const Store store(pass_folder);
    std::vector<Entry> entries;
    bool whole = false;
    run(result, "chain", [&]() -> std::vector<Finding> {
        if (!std::filesystem::exists(store.file()))
            return {{"chain", Outcome::note, "there is no record in this folder yet", {}}};
        entries = store.read();
        whole = true;
        return {{"chain",
                 Outcome::ok,
                 fmt::format("{} entries: every hash, every link and every sequence number recomputed", entries.size()),
                 {}}};
    });
    result.entries = entries.size();
    if (!whole && !result.ok()) {
        result.findings.push_back(
            {"order", Outcome::failed, "not judged: what a damaged record says cannot be relied on", {}});
    } else {
        run(result, "tail", [&] { return check_tail(store); });
        run(result, "order", [&] { return check_order(entries); });
        run(result, "budget before result", [&] { return check_budget_priority(entries); });
        run(result, "verdict", [&] { return check_verdicts(entries); });
        run(result, "artefact", [&] { return check_artefacts(entries, pass_folder, left_out); });
        run(result, "calibration and gate apart", [&] { return check_holdout(entries, pass_folder); });
    }
    run(result, "objects", [&] { return check_objects(entries, pass_folder, left_out); });
    return result;
}

std::string_view outcome_name(Outcome outcome) {
    if (outcome == Outcome::ok) return "ok";
    return outcome == Outcome::note ? "note" : "FAILED";
}

core::Json to_json(const Verification& verification) {
    core::Json findings = core::Json::array();
    for (const Finding& finding : verification.findings)
        findings.push_back({{"check", finding.check},
                            {"outcome", outcome_name(finding.outcome)},
                            {"detail", finding.detail},
                            {"entries", finding.entries}});
    return {{"ok", verification.ok()}, {"entries", verification.entries}, {"findings", findings}};
}

}  // namespace scale::record
