#include "report/sections/parts.h"

#include <algorithm>

#include <fmt/format.h>

#include "report/describe.h"

namespace scale::report {

std::string state_class(record::StageState state) {
    using record::StageState;
    const char* tone = state == StageState::done     ? "good"
                       : state == StageState::failed ? "bad"
                       : state == StageState::open   ? "plain"
                                                     : "warn";
    return std::string("state ") + tone;
}

void begin_stage(Html& page, const Context& context, record::Stage stage) {
    const auto& stages = context.status.stages;
    const auto& status = stages.at(static_cast<std::size_t>(stage));
    const std::string name(record::stage_name(stage));
    page.open("section", {{"id", name}, {"aria-labelledby", name + "-title"}}).open("div", {{"class", "heading"}});
    page.open("h2", {{"id", name + "-title"}}).element("b", std::string(1, record::stage_letter(stage)));
    page.text(record::stage_title(stage)).close();
    page.element("span", record::state_name(status.state), {{"class", state_class(status.state)}}).close();
    page.element("p", record::stage_question(stage), {{"class", "question"}});
    if (status.state == record::StageState::stale)
        page.element("p", fmt::format("{}: {}", record::state_name(status.state), status.why), {{"class", "note"}});
}

void with_entry(Html& page, const Context& context, const char* kind,
                const std::function<void(const record::Entry& entry)>& body) {
    const record::Entry* entry = record::latest(context.lineage.entries, kind);
    if (!entry) {
        page.element("p", fmt::format("Open: the record has no '{}' yet.", kind), {{"class", "open"}});
        return;
    }
    try {
        body(*entry);
    } catch (const core::Json::exception& problem) {
        page.element("p", fmt::format("Entry {} cannot be shown: {}", entry->seq, problem.what()), {{"class", "note"}});
    }
}

void tag(Html& page, bool measured, const std::string& how) {
    page.element("span", measured ? "● measured" : "◇ estimated",
                 {{"class", measured ? "tag measured" : "tag estimated"}});
    if (!how.empty()) page.text(" " + how);
}

void tiles(Html& page, const std::vector<Tile>& all) {
    page.open("dl", {{"class", "tiles"}});
    for (const Tile& tile : all) {
        page.open("div").element("dt", tile.name).open("dd").text(tile.value);
        if (!tile.note.empty()) page.element("small", tile.note);
        page.close().close();
    }
    page.close();
}

namespace {

std::string layout_of(const Column& column) {
    return column.number ? "number" : column.is_long ? "long" : "";
}

std::string tone_of(const Column& column, const std::string& cell) {
    if (cell == "PASS") return " good";
    if (cell == "FAIL" || cell == "FAILED") return " bad";
    if (cell == "INCONCLUSIVE" || cell == "NO POWER") return " warn";
    if (cell.empty() || cell == "–" || column.source == Source::unmarked) return "";
    return column.source == Source::measured ? " measured" : " estimated";
}

}  // namespace

void table(Html& page, const std::string& caption, const std::vector<Column>& columns, const std::vector<Cells>& rows,
           int chosen) {
    page.open("div", {{"class", "scroll"}, {"tabindex", "0"}, {"role", "region"}, {"aria-label", caption}});
    page.open("table").element("caption", caption).open("thead").open("tr");
    for (std::size_t c = 0; c < columns.size(); ++c)
        page.element("th", columns[c].name, {{"scope", "col"}, {"class", layout_of(columns[c])}});
    page.close().close().open("tbody");
    for (std::size_t r = 0; r < rows.size(); ++r) {
        page.open("tr", {{"class", static_cast<int>(r) == chosen ? "chosen" : ""}});
        for (std::size_t c = 0; c < columns.size() && c < rows[r].size(); ++c)
            page.element("td", rows[r][c], {{"class", layout_of(columns[c]) + tone_of(columns[c], rows[r][c])}});
        page.close();
    }
    page.close().close().close();
}

}  // namespace scale::report
