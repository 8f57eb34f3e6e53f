#include "quality/endpoint/prompt_scores.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "core/error.h"
#include "core/json.h"

namespace scale::quality {
namespace {

constexpr const char* no_number = "a log probability that is no number";
constexpr int deepest = 64;
constexpr double sum_tolerance = 1e-3;  // of float32 log probabilities of a whole vocabulary

// How many containers are open where the reader stands: {"choices": [{"prompt_logprobs": [{"5": {"logprob": 0}}]}]}.
enum Depth { in_root = 1, in_choices, in_choice, in_places, in_place, in_token };

// Handler of nlohmann's event parser. An event that returns false ends the reading; `fault` then says why.
class ScoreReader {
  public:
    using number_integer_t = core::Json::number_integer_t;
    using number_unsigned_t = core::Json::number_unsigned_t;
    using number_float_t = core::Json::number_float_t;
    using string_t = core::Json::string_t;
    using binary_t = core::Json::binary_t;

    ScoreReader(const ScoredPrompt& prompt, const KnownLimits& limits) : prompt_(prompt), limits_(limits) {}

    std::vector<PlaceScores> scores;
    std::size_t places = 0;  // of the whole prompt
    bool found = false;      // prompt_logprobs is an array
    std::string fault;

    bool null() { return at_place() ? end_place(false) : value(); }
    bool boolean(bool) { return value(); }
    bool number_integer(number_integer_t number) { return number_value(static_cast<double>(number)); }
    bool number_unsigned(number_unsigned_t number) { return number_value(static_cast<double>(number)); }
    bool number_float(number_float_t number, const string_t&) { return number_value(number); }
    bool string(string_t&) { return value(); }
    bool binary(binary_t&) { return value(); }

    bool start_object(std::size_t) {
        if (inside_ && depth_ == in_place) token_scored_ = false;
        return (!at_score() || fail(no_number)) && open();
    }
    bool end_object() {
        --depth_;
        if (inside_ && depth_ == in_place && !token_scored_) return fail("a token without a log probability");
        return at_place() ? end_place(true) : true;
    }
    bool start_array(std::size_t) {
        if (depth_ == in_choice && key_is_scores_) {
            if (found) return fail("log probabilities of more than one prompt");
            found = true;
            inside_ = true;
        }
        if (inside_ && (depth_ == in_places || depth_ == in_place)) return fail("a list where a place's tokens belong");
        return (!at_score() || fail(no_number)) && open();
    }
    bool end_array() {
        --depth_;
        if (depth_ == in_choice) inside_ = false;
        return true;
    }
    bool key(string_t& name) {
        if (depth_ == in_root) key_is_choices_ = name == "choices";
        if (depth_ == in_choice) key_is_scores_ = key_is_choices_ && name == "prompt_logprobs";
        if (inside_ && depth_ == in_place) return take_token(name);
        if (inside_ && depth_ == in_token) key_is_score_ = name == "logprob";
        return true;
    }
    bool parse_error(std::size_t at, const std::string&, const nlohmann::detail::exception&) {
        return fail(fmt::format("no JSON, at byte {}", at));
    }

  private:
    bool at_place() const { return inside_ && depth_ == in_places; }
    bool at_score() const { return inside_ && depth_ == in_token && key_is_score_; }
    bool kept() const { return places > prompt_.first && places < prompt_.tokens.size(); }

    bool fail(const std::string& what) {
        if (fault.empty()) fault = what;
        return false;
    }
    bool open() { return ++depth_ <= deepest || fail("JSON that is nested too deep"); }

    // A value that is none of the expected ones.
    bool value() {
        if (inside_ && (depth_ == in_places || depth_ == in_place))
            return fail("something else where a place's tokens belong");
        return !at_score() || fail(no_number);
    }

    bool number_value(double number) {
        if (!at_score()) return value();
        if (!std::isfinite(number) || number > sum_tolerance)
            return fail(fmt::format("a log probability of {}", number));
        if (token_scored_) return fail("two log probabilities of one token");
        token_scored_ = true;
        if (kept()) place_.known.push_back({token_, std::min(number, 0.0)});
        return true;
    }

    bool take_token(const std::string& name) {
        const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), token_);
        if (error != std::errc() || end != name.data() + name.size() || token_ < 0 ||
            static_cast<std::size_t>(token_) >= limits_.vocabulary)
            return fail("a token that the original's vocabulary does not have");
        key_is_score_ = false;
        if (place_.known.size() >= limits_.tokens)
            return fail(fmt::format("more than {} tokens at a place", limits_.tokens));
        return true;
    }

    bool end_place(bool scored) {
        if (places >= prompt_.tokens.size()) return fail("more places than the prompt has tokens");
        if (kept() && !(scored && finish())) return fail(fmt::format("no log probability of token {}", places));
        ++places;
        return fault.empty();
    }

    // Orders the place's tokens and checks what they must have in common.
    bool finish() {
        auto& known = place_.known;
        const auto by_token = [](const TokenScore& a, const TokenScore& b) { return a.token < b.token; };
        std::sort(known.begin(), known.end(), by_token);
        double sum = 0;
        for (std::size_t i = 0; i < known.size(); ++i) {
            sum += std::exp(known[i].log_probability);
            if (i > 0 && known[i].token == known[i - 1].token) return fail("a token twice at one place");
        }
        if (sum > 1 + sum_tolerance) return fail(fmt::format("probabilities that sum to {:.4g}", sum));
        const TokenScore wanted{prompt_.tokens[places], 0};
        const auto stands = std::lower_bound(known.begin(), known.end(), wanted, by_token);
        if (stands == known.end() || stands->token != wanted.token) return false;
        place_.log_probability = stands->log_probability;
        scores.push_back(std::move(place_));
        place_ = {};
        return true;
    }

    const ScoredPrompt& prompt_;
    const KnownLimits& limits_;
    int depth_ = 0;
    bool key_is_choices_ = false, key_is_scores_ = false, key_is_score_ = false;
    bool inside_ = false;  // prompt_logprobs
    bool token_scored_ = false;
    engine::Token token_ = 0;
    PlaceScores place_;
};

}  // namespace

std::vector<PlaceScores> parse_prompt_scores(std::string_view body, const ScoredPrompt& prompt,
                                             const KnownLimits& limits, const std::string& source) {
    ScoreReader reader(prompt, limits);
    const bool whole = core::Json::sax_parse(body.begin(), body.end(), &reader);
    if (whole && !reader.found)
        throw core::input_error(source + " gives no log probabilities of a prompt",
                                "\"prompt_logprobs\" in the answer, which vLLM gives and llama-server does not",
                                "serve with vLLM, or declare distribution = \"engine\" in [quality] of scale.toml");
    if (whole && reader.places != prompt.tokens.size())
        reader.fault = fmt::format("{} places for a prompt of {} tokens", reader.places, prompt.tokens.size());
    if (!whole || !reader.fault.empty())
        throw core::io_error(fmt::format("{} sent {}", source, reader.fault),
                             "log probabilities of every token of the prompt, as vLLM writes them",
                             "see to the server, then scale lock goes on where it was");
    return std::move(reader.scores);
}

}  // namespace scale::quality
