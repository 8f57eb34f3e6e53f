#include "model/token_set.h"

#include <limits>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "core/json.h"
#include "core/text.h"

namespace scale::model {

namespace {

constexpr std::size_t max_sequences = 100'000;
constexpr std::size_t max_tokens = std::size_t{1} << 24;

std::vector<std::int32_t> parse_tokens(const core::Json& line, const std::string& where) {
    const auto member = line.find("tokens");
    if (member == line.end() || !member->is_array() || member->empty())
        throw core::input_error(where + ": no 'tokens'", "a non-empty array of token numbers");
    if (member->size() > max_tokens)
        throw core::input_error(fmt::format("{}: {} tokens", where, member->size()),
                                fmt::format("at most {}", max_tokens));
    std::vector<std::int32_t> tokens;
    tokens.reserve(member->size());
    for (const core::Json& token : *member) {
        const bool fits = token.is_number_unsigned() &&
                          token.get<std::uint64_t>() <= std::uint64_t{std::numeric_limits<std::int32_t>::max()};
        if (!fits)
            throw core::input_error(fmt::format("{}: token {} is {}", where, tokens.size(), token.dump().substr(0, 40)),
                                    "an integer from 0 to 2147483647");
        tokens.push_back(static_cast<std::int32_t>(token.get<std::uint64_t>()));
    }
    return tokens;
}

}  // namespace

std::string to_json_lines(const std::vector<TokenSequence>& sequences) {
    std::string text;
    for (const TokenSequence& sequence : sequences) {
        text += core::canonical(
            {{"id", sequence.id}, {"stratum", sequence.stratum}, {"text", sequence.text}, {"tokens", sequence.tokens}});
        text += '\n';
    }
    return text;
}

std::vector<TokenSequence> parse_token_set(std::string_view json_lines, const std::string& source) {
    const auto lines = core::split_lines(json_lines);
    if (lines.size() > max_sequences)
        throw core::input_error(fmt::format("{}: {} sequences", source, lines.size()),
                                fmt::format("at most {}", max_sequences));
    std::vector<TokenSequence> sequences;
    sequences.reserve(lines.size());
    for (const std::string_view line : lines) {
        const std::string where = fmt::format("{} line {}", source, sequences.size() + 1);
        const core::Json value = core::parse_json(line, where);
        TokenSequence sequence;
        sequence.id = core::required<std::string>(value, "id", where);
        sequence.stratum = core::required<std::string>(value, "stratum", where);
        sequence.text = core::required<std::string>(value, "text", where);
        sequence.tokens = parse_tokens(value, where);
        sequences.push_back(std::move(sequence));
    }
    return sequences;
}

std::uint64_t count_tokens(const std::vector<TokenSequence>& sequences) {
    std::uint64_t tokens = 0;
    for (const TokenSequence& sequence : sequences) tokens += sequence.tokens.size();
    return tokens;
}

}  // namespace scale::model
