// Measures the redaction on labelled text: recall and precision of each kind with Wilson intervals.
//
//   bench_redaction FILE [even|odd|all]     labelled text
//   bench_redaction FILE plain               any text: what is found in it, by kind, for false alarms
//
// FILE is in the format of presidio-research: an array of {"full_text", "spans": [{"entity_type", "start_position",
// "end_position"}]}, positions in characters. The rules were tuned on the texts with an even "template_id" and are
// reported on the odd ones: texts of one template are alike, so a split by text would report on what was tuned on.
//
// A labelled value counts as found where a finding of its kind covers all of its letters and digits; as removed where
// findings of any kind together do. A finding is right where it touches a label of its kind.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "calibration/redaction/redactor.h"
#include "core/file.h"
#include "core/json.h"
#include "interval.h"

namespace {

using namespace scale;
using calibration::Finding;
using calibration::Sensitive;

const std::vector<std::pair<Sensitive, std::string>>& labels() {
    static const std::vector<std::pair<Sensitive, std::string>> table{
        {Sensitive::email, "EMAIL_ADDRESS"}, {Sensitive::phone, "PHONE_NUMBER"}, {Sensitive::card, "CREDIT_CARD"},
        {Sensitive::iban, "IBAN_CODE"},      {Sensitive::national_id, "US_SSN"}, {Sensitive::ip_address, "IP_ADDRESS"}};
    return table;
}

struct Tally {
    int labelled = 0;
    int found = 0;
    int removed = 0;
    int findings = 0;
    int right = 0;
    int other_label = 0;  // of the findings that are not right: on personal data of another type
    std::vector<std::string> missed;
    std::vector<std::string> wrong;
};

struct Span {
    std::string type;
    std::size_t begin;
    std::size_t end;
};

// Byte offsets of every character, and the end.
std::vector<std::size_t> character_starts(const std::string& text) {
    std::vector<std::size_t> starts;
    for (std::size_t i = 0; i < text.size(); ++i)
        if ((text[i] & 0xc0) != 0x80) starts.push_back(i);
    starts.push_back(text.size());
    return starts;
}

bool covered(const std::string& text, const Span& span, const std::vector<Finding>& findings, const Sensitive* kind) {
    for (std::size_t at = span.begin; at < span.end; ++at) {
        if (!calibration::is_word_byte(text[at])) continue;
        const bool inside = std::any_of(findings.begin(), findings.end(), [&](const Finding& finding) {
            return finding.begin <= at && at < finding.end && (!kind || finding.kind == *kind);
        });
        if (!inside) return false;
    }
    return true;
}

bool touches(const Finding& finding, const Span& span) {
    return finding.begin < span.end && span.begin < finding.end;
}

void tally_text(const std::string& text, const std::vector<Span>& spans, std::map<Sensitive, Tally>& tallies) {
    const std::vector<Finding> findings = calibration::find_sensitive(text);
    for (const auto& [kind, label] : labels())
        for (const Span& span : spans) {
            if (span.type != label) continue;
            Tally& tally = tallies[kind];
            const bool found = covered(text, span, findings, &kind);
            ++tally.labelled;
            tally.found += found ? 1 : 0;
            tally.removed += covered(text, span, findings, nullptr) ? 1 : 0;
            if (!found) tally.missed.push_back(text.substr(span.begin, span.end - span.begin));
        }
    for (const Finding& finding : findings) {
        Tally& tally = tallies[finding.kind];
        const auto own =
            std::find_if(labels().begin(), labels().end(), [&](const auto& row) { return row.first == finding.kind; });
        ++tally.findings;
        bool right = false;
        bool other = false;
        for (const Span& span : spans) {
            if (!touches(finding, span)) continue;
            (own != labels().end() && span.type == own->second ? right : other) = true;
        }
        tally.right += right ? 1 : 0;
        if (right) continue;
        tally.other_label += other ? 1 : 0;
        tally.wrong.push_back(text.substr(finding.begin, finding.end - finding.begin));
    }
}

std::vector<Span> spans_of(const core::Json& item, const std::string& text) {
    const auto starts = character_starts(text);
    std::vector<Span> spans;
    for (const core::Json& span : item.at("spans"))
        spans.push_back({span.at("entity_type").get<std::string>(),
                         starts.at(span.at("start_position").get<std::size_t>()),
                         starts.at(span.at("end_position").get<std::size_t>())});
    return spans;
}

void print(const std::map<Sensitive, Tally>& tallies, int texts, const std::string& part, bool examples) {
    fmt::print(
        "{} texts ({})\n\n| kind | labelled | found as this kind | removed by any kind | findings | precision | other "
        "personal data |\n|---|---|---|---|---|---|---|\n",
        texts, part);
    for (const auto& [kind, tally] : tallies) {
        fmt::print("| {} | {} | {} | {} | {} | {} | {} |\n", calibration::sensitive_name(kind), tally.labelled,
                   bench::rate_with_interval(tally.found, tally.labelled),
                   bench::rate_with_interval(tally.removed, tally.labelled), tally.findings,
                   bench::rate_with_interval(tally.right, tally.findings), tally.other_label);
        if (!examples) continue;
        for (const auto& text : tally.missed)
            fmt::print(stderr, "missed {}: {}\n", calibration::sensitive_name(kind), text);
        for (const auto& text : tally.wrong)
            fmt::print(stderr, "wrong {}: {}\n", calibration::sensitive_name(kind), text);
    }
}

void print_plain(const std::string& text, bool examples) {
    std::map<Sensitive, int> counts;
    for (const Finding& finding : calibration::find_sensitive(text)) {
        ++counts[finding.kind];
        if (examples)
            fmt::print(stderr, "{}: {}\n", calibration::sensitive_name(finding.kind),
                       text.substr(finding.begin, finding.end - finding.begin));
    }
    fmt::print("{:.2f} MB:", static_cast<double>(text.size()) / 1e6);
    for (const auto& [kind, count] : counts) fmt::print(" {} {},", calibration::sensitive_name(kind), count);
    fmt::print("\n");
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) {
        fmt::print(stderr, "bench_redaction FILE [even|odd|all] [examples]\n");
        return 2;
    }
    const std::string part = argc > 2 ? argv[2] : "odd";
    if (part == "plain") {
        print_plain(core::read_file(argv[1]), argc > 3);
        return 0;
    }
    const core::Json items = core::parse_json(core::read_file(argv[1]), argv[1]);
    std::map<Sensitive, Tally> tallies;
    int texts = 0;
    for (const core::Json& item : items) {
        const int number = item.at("template_id").get<int>();
        if (part != "all" && (number % 2 == 0) != (part == "even")) continue;
        const std::string text = item.at("full_text").get<std::string>();
        tally_text(text, spans_of(item, text), tallies);
        ++texts;
    }
    print(tallies, texts, part, argc > 3);
    return 0;
}
