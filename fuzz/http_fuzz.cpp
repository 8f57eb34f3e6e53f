// Feeds arbitrary bytes to the HTTP parser, the request reader and the answer observer. Beside crashes it looks for a
// broken contract: the outcome must not depend on how the bytes are split, and a body whose model was renamed must be
// the same JSON but for the model.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "rollout/gateway/answer_observer.h"
#include "rollout/gateway/request_facts.h"
#include "rollout/http/body_decoder.h"
#include "rollout/http/head_parser.h"
#include "rollout/json/json_cursor.h"

namespace {

using namespace scale::rollout;
using http::Progress;

struct Outcome {
    int refused = 0;
    bool complete = false;
    std::string text;  // what was read
    std::size_t used = 0;
    bool operator==(const Outcome&) const = default;
};

Outcome parse(http::HeadParser::Kind kind, std::string_view bytes, std::size_t step) {
    const http::Limits limits{64, 512, 8, 256, 4, 16};
    Outcome outcome;
    http::HeadParser parser(kind, limits);
    http::BodyDecoder decoder;
    bool in_body = false;
    for (std::size_t at = 0; at < bytes.size() && !outcome.complete && outcome.refused == 0; at += step) {
        std::string_view piece = bytes.substr(at, step);
        const std::size_t before = piece.size();
        if (!in_body) {
            const Progress progress = parser.feed(piece);
            if (progress == Progress::refused) outcome.refused = parser.refusal().status;
            if (progress != Progress::done) continue;
            in_body = true;
            for (const auto& [name, value] : parser.head().headers)
                outcome.text += std::string(name) + "=" + std::string(value) + ";";
            decoder = http::BodyDecoder(parser.head(), limits, limits.body);
        }
        for (;;) {
            const auto [progress, content] = decoder.next(piece);
            outcome.text += content;
            outcome.complete = progress == Progress::done;
            if (progress == Progress::refused) outcome.refused = decoder.refusal().status;
            if (progress != Progress::more || piece.empty()) break;
        }
        if (outcome.complete) outcome.used = at + before - piece.size();
    }
    return outcome;
}

void require(bool holds) {
    if (!holds) std::abort();
}

void check_parser(http::HeadParser::Kind kind, std::string_view bytes, std::size_t step) {
    const Outcome whole = parse(kind, bytes, std::max<std::size_t>(bytes.size(), 1));
    require(whole == parse(kind, bytes, step));
    require(whole == parse(kind, bytes, 1));
}

// The library refuses numbers beyond a double's range, which are valid JSON.
bool may_overflow(std::string_view text) {
    return text.size() > 300 || text.find_first_of("eE") != std::string_view::npos;
}

// The same texts are JSON for our cursor and for the library, which takes a zero byte for the end of its input.
void check_cursor(std::string_view text) {
    if (text.find('\0') != std::string_view::npos) return;
    JsonCursor cursor(text);
    const bool valid = cursor.skip() && cursor.at_end();
    const bool expected = nlohmann::json::accept(text);
    if (valid != expected) require(cursor.too_deep() || (valid && may_overflow(text)));
    if (!valid) return;
    std::string quoted;
    append_quoted(nlohmann::json(text).get_ref<const std::string&>(), quoted);
    require(nlohmann::json::parse(quoted).get<std::string>() == text);
}

void check_renaming(std::string_view body) {
    if (!read_facts(body).facts) return;
    auto expected = nlohmann::json::parse(body, nullptr, false);
    if (expected.is_discarded()) return require(may_overflow(body));
    expected["model"] = "renamed\"";
    require(nlohmann::json::parse(with_model(body, "renamed\"")) == expected);
}

void check_observer(std::string_view bytes, std::size_t step) {
    AnswerObserver whole(true, 100);
    AnswerObserver split(true, 100);
    whole.feed(bytes);
    for (std::size_t at = 0; at < bytes.size(); at += step) split.feed(bytes.substr(at, step));
    require(whole.answer().text == split.answer().text && whole.answer().chunks == split.answer().chunks &&
            whole.between_events() == split.between_events());
    AnswerObserver plain(false, 100);
    plain.feed(bytes);
    plain.finish();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const std::size_t step = data[1] % 31 + 1u;
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
    switch (data[0] % 5) {
        case 0:
            check_parser(http::HeadParser::Kind::request, bytes, step);
            break;
        case 1:
            check_parser(http::HeadParser::Kind::response, bytes, step);
            break;
        case 2:
            check_renaming(bytes);
            break;
        case 3:
            check_cursor(bytes);
            break;
        default:
            check_observer(bytes, step);
    }
    return 0;
}
