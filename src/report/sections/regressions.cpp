// Where the candidate is furthest from the original, both side by side.
#include <algorithm>

#include <fmt/format.h>

#include "report/sections/parts.h"
#include "report/text_diff.h"

namespace scale::report {

namespace {

using core::Json;

std::string text_of(const Json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

double number_of(const Json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_number() ? found->get<double>() : 0;
}

void asked(Html& page, const std::string& text, const std::string& about) {
    page.open("p", {{"class", "asked"}}).text(text).element("small", about).close();
}

void side(Html& page, const char* who, const char* element, const std::vector<Piece>& pieces) {
    page.open("div").element("h4", who).open("p");
    for (const Piece& piece : pieces) {
        if (piece.differs)
            page.within(element, piece.text);
        else
            page.text(piece.text);
    }
    page.close().close();
}

void write_answer(Html& page, const Json& answer) {
    const std::string problem = text_of(answer, "problem");
    asked(page, text_of(answer, "prompt"),
          fmt::format("{}, {}{}{}", text_of(answer, "id"), text_of(answer, "task"), problem.empty() ? "" : ": ", problem));
    const auto [original, candidate] = compare_words(text_of(answer, "original"), text_of(answer, "candidate"));
    page.open("div", {{"class", "pair"}});
    side(page, "original, right", "del", original);
    side(page, "candidate, wrong", "ins", candidate);
    page.close();
}

void chance(Html& page, const char* who, double probability) {
    const double shown = std::clamp(probability, 0.0, 1.0);
    page.open("div", {{"class", "chance"}}).element("span", who);
    page.element("meter", fmt::format("{:.1f} %", 100 * shown),
                 {{"min", "0"}, {"max", "1"}, {"value", fmt::format("{:.4f}", shown)}, {"aria-label", fmt::format("{}: probability", who)}});
    page.element("span", fmt::format("{:.1f} %", 100 * shown)).close();
}

void write_token(Html& page, const Json& token) {
    const std::string before = text_of(token, "before") + text_of(token, "text");
    page.open("p", {{"class", "asked"}}).text(before).within("strong", text_of(token, "token"));
    page.element("small", fmt::format("{}KL {:.3f} nats at the word in bold; how likely each model finds it:",
                                      text_of(token, "sequence").empty() ? "" : text_of(token, "sequence") + ", ",
                                      number_of(token, "kl")));
    page.close();
    chance(page, "original", number_of(token, "original_probability"));
    chance(page, "candidate", number_of(token, "candidate_probability"));
}

void write_items(Html& page, const Json& items) {
    std::vector<Cells> rows;
    for (const Json& item : items)
        rows.push_back({text_of(item, "task"), text_of(item, "right"), text_of(item, "chosen"),
                        fmt::format("{:+.3f}", number_of(item, "original_margin")),
                        fmt::format("{:+.3f}", number_of(item, "candidate_margin")), text_of(item, "id")});
    table(page, "Options that the original chooses rightly and the candidate does not; lead of the right option in nats",
          {{"task"},
           {"original, right", false, true},
           {"candidate, wrong", false, true},
           {"original's lead", true},
           {"candidate's lead", true},
           {"item"}},
          rows);
}

// A list of the verdict's, with a heading, or a word that there is none.
template <typename Write>
void write_list(Html& page, const char* title, const Json& list, Write write) {
    if (!list.is_array()) return;
    page.element("h4", title);
    if (list.empty()) page.element("p", "None.", {{"class", "plain"}});
    for (const Json& one : list)
        if (one.is_object()) write(page, one);
}

}  // namespace

void write_regressions(Html& page, const Context& context) {
    const record::Entry* entry = record::latest(context.lineage.entries, record::kind::verdict);
    if (!entry) return;
    const Json worst = entry->payload.value("worst", Json());
    if (worst.empty()) return;
    page.element("h3", "Worst regressions, side by side");
    if (worst.is_array()) return write_list(page, "Words", worst, write_token);
    if (!worst.is_object()) return;
    write_list(page, "Written answers that went wrong", worst.value("answers", Json()), write_answer);
    if (const Json items = worst.value("items", Json()); items.is_array() && !items.empty()) write_items(page, items);
    write_list(page, "Words of held-out traffic", worst.value("tokens", Json()), write_token);
}

}  // namespace scale::report
