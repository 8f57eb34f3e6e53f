#include "report/html.h"

#include <cassert>

#include "report/describe.h"

namespace scale::report {

std::string escaped(std::string_view text) {
    std::string safe;
    for (const char c : visible(text)) {
        switch (c) {
            case '&':
                safe += "&amp;";
                break;
            case '<':
                safe += "&lt;";
                break;
            case '>':
                safe += "&gt;";
                break;
            case '"':
                safe += "&quot;";
                break;
            case '\'':
                safe += "&#39;";
                break;
            default:
                safe += c;
        }
    }
    return safe;
}

void Html::start(std::string_view tag, Attributes attributes) {
    out_ += '<';
    out_ += tag;
    for (const auto& [name, value] : attributes) {
        out_ += ' ';
        out_ += name;
        out_ += "=\"" + escaped(value) + '"';
    }
}

Html& Html::open(std::string_view tag, Attributes attributes) {
    start(tag, attributes);
    out_ += '>';
    open_.emplace_back(tag);
    return *this;
}

Html& Html::close() {
    assert(!open_.empty());
    out_ += "</" + open_.back() + ">\n";
    open_.pop_back();
    return *this;
}

Html& Html::text(std::string_view text) {
    out_ += escaped(text);
    return *this;
}

Html& Html::element(std::string_view tag, std::string_view text_inside, Attributes attributes) {
    return open(tag, attributes).text(text_inside).close();
}

Html& Html::within(std::string_view tag, std::string_view text_inside) {
    element(tag, text_inside);
    out_.pop_back();
    return *this;
}

Html& Html::empty(std::string_view tag, Attributes attributes) {
    start(tag, attributes);
    out_ += "/>\n";
    return *this;
}

namespace {

core::Json made_visible(const core::Json& value) {
    if (value.is_string()) return visible(value.get_ref<const std::string&>());
    if (!value.is_structured()) return value;
    core::Json result = value;
    for (core::Json& member : result) member = made_visible(member);
    return result;
}

}  // namespace

Html& Html::data(const core::Json& value) {
    // In JSON these characters stand in strings only, where an escape means the same.
    std::string safe;
    for (const char c : core::canonical(made_visible(value))) {
        if (c == '<' || c == '>' || c == '&')
            safe += c == '<' ? "\\u003c" : c == '>' ? "\\u003e" : "\\u0026";
        else
            safe += c;
    }
    out_ += "<script type=\"application/json\">" + safe + "</script>\n";
    return *this;
}

std::string Html::take() {
    assert(open_.empty());
    return std::move(out_);
}

}  // namespace scale::report
