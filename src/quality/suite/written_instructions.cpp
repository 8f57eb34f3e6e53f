#include "quality/suite/written_instructions.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "quality/instruction_checkers/checkers.h"
#include "quality/instruction_checkers/conflicts.h"
#include "quality/suite/words.h"

namespace scale::quality {
namespace {

using core::Json;

struct Instruction {
    Json arguments;
    std::string sentence;
};

struct Topic {
    std::string request;
    std::vector<std::string> words;  // that suit it; those asked for come first, those forbidden last
};

Topic draw_topic(core::Random& random) {
    static const std::vector<std::string> subjects{
        "a trip to the sea",       "the first day of school", "how to bake bread",   "a small garden",
        "learning to swim",        "a long train journey",    "the work of a baker", "keeping a dog",
        "a walk in the mountains", "an old library",          "saving water",        "a birthday party",
        "riding a bicycle",        "a rainy weekend",         "growing tomatoes",    "the night sky"};
    static const std::vector<std::string> forms{"Write a short text about", "Write a letter to a friend about",
                                                "Write a blog post about", "Write a short story about",
                                                "Write an e-mail to a neighbour about"};
    static const std::vector<std::string> words{"water", "friend", "morning", "garden", "simple",  "journey",
                                                "light", "market", "winter",  "music",  "careful", "family"};
    return {fmt::format("{} {}.", random.pick(forms), random.pick(subjects)), sample(words, words.size(), random)};
}

Instruction about_words(const std::string& id, const Topic& topic, core::Random& random) {
    if (id == "keywords:existence")
        return {{{"keywords", {topic.words[0], topic.words[1]}}},
                fmt::format("Use the words \"{}\" and \"{}\".", topic.words[0], topic.words[1])};
    if (id == "keywords:frequency") {
        const auto n = random.between(2, 3);
        return {{{"keyword", topic.words[2]}, {"relation", "at least"}, {"frequency", n}},
                fmt::format("Use the word \"{}\" at least {} times.", topic.words[2], n)};
    }
    if (id == "keywords:forbidden_words")
        return {{{"forbidden_words", {topic.words[10], topic.words[11]}}},
                fmt::format("Do not use the words \"{}\" and \"{}\".", topic.words[10], topic.words[11])};
    const std::string letter(1, "bcdfgkpvw"[random.below(9)]);
    const auto n = random.between(3, 6);
    return {{{"letter", letter}, {"let_relation", "at least"}, {"let_frequency", n}},
            fmt::format("The letter \"{}\" should appear at least {} times.", letter, n)};
}

Instruction about_length(const std::string& id, const Topic& topic, core::Random& random) {
    const bool less = random.below(2) == 0;
    const char* relation = less ? "less than" : "at least";
    if (id == "length_constraints:number_sentences") {
        const auto n = less ? random.between(4, 8) : random.between(2, 4);
        return {{{"relation", relation}, {"num_sentences", n}}, fmt::format("Write {} {} sentences.", relation, n)};
    }
    if (id == "length_constraints:number_words") {
        const auto n = less ? random.between(60, 120) : random.between(30, 60);
        return {{{"relation", relation}, {"num_words", n}}, fmt::format("Write {} {} words.", relation, n)};
    }
    const auto n = random.between(2, 3);
    if (id == "length_constraints:number_paragraphs")
        return {{{"num_paragraphs", n}},
                fmt::format("Write {} paragraphs, separated by a line with three asterisks: ***", n)};
    const auto nth = random.between(1, n);
    return {
        {{"num_paragraphs", n}, {"nth_paragraph", nth}, {"first_word", topic.words[3]}},
        fmt::format("Write {} paragraphs, separated by an empty line and nothing else. Paragraph {} must begin with "
                    "the word \"{}\".",
                    n, nth, topic.words[3])};
}

Instruction about_content(const std::string& id, core::Random& random) {
    const auto n = random.between(2, 3);
    if (id == "detectable_content:number_placeholders")
        return {{{"num_placeholders", n}},
                fmt::format("Include at least {} placeholders in square brackets, such as [name].", n)};
    if (id == "detectable_content:postscript") {
        const char* marker = random.below(2) == 0 ? "P.S." : "P.P.S";
        return {{{"postscript_marker", marker}},
                fmt::format("At the end, add a postscript that starts with {}", marker)};
    }
    if (id == "detectable_format:number_bullet_lists")
        return {{{"num_bullets", n}},
                fmt::format(
                    "Your answer must contain exactly {} bullet points, each on a line that starts with \"* \".", n)};
    if (id == "detectable_format:number_highlighted_sections")
        return {{{"num_highlights", n}},
                fmt::format("Highlight at least {} parts of the text with asterisks, like *this part*.", n)};
    if (id == "detectable_format:multiple_sections")
        return {{{"section_spliter", "Section"}, {"num_sections", n}},
                fmt::format("Divide it into {} sections. Mark the beginning of each with Section and its number, as in "
                            "Section 1.",
                            n)};
    return {Json::object(), "Give it a title in double angular brackets, such as <<a good day>>."};
}

Instruction about_whole(const std::string& id, core::Random& random) {
    if (id == "detectable_format:json_format")
        return {Json::object(), "Write the entire answer as JSON, without anything before or after it."};
    if (id == "combination:two_responses")
        return {Json::object(), "Give two different answers, separated by six asterisks: ******"};
    if (id == "startend:end_checker") {
        static const std::vector<std::string> phrases{"That is all for today.", "I wish you a good time.",
                                                      "Is there anything else?"};
        const std::string& phrase = random.pick(phrases);
        return {{{"end_phrase", phrase}}, fmt::format("Finish with exactly this phrase: {}", phrase)};
    }
    if (id == "startend:quotation") return {Json::object(), "Put the whole answer between double quotation marks."};
    if (id == "change_case:english_capital") return {Json::object(), "Write in English and in capital letters only."};
    if (id == "change_case:english_lowercase")
        return {Json::object(), "Write in English and in small letters only; no capital letter is allowed."};
    if (id == "change_case:capital_word_frequency") {
        const auto n = random.between(2, 4);
        return {{{"capital_relation", "at least"}, {"capital_frequency", n}},
                fmt::format("Write at least {} words in capital letters only.", n)};
    }
    if (id == "language:response_language") {
        static const std::vector<std::pair<std::string, std::string>> languages{
            {"de", "German"}, {"fr", "French"}, {"es", "Spanish"}, {"it", "Italian"}};
        const auto& [code, name] = random.pick(languages);
        return {{{"language", code}}, fmt::format("Answer in {} only.", name)};
    }
    return {Json::object(), "Do not use any commas."};
}

Instruction draw(const std::string& id, const Topic& topic, core::Random& random) {
    if (id.starts_with("keywords:")) return about_words(id, topic, random);
    if (id.starts_with("length_constraints:")) return about_length(id, topic, random);
    if (id.starts_with("detectable_content:") ||
        (id.starts_with("detectable_format:") && id != "detectable_format:json_format"))
        return about_content(id, random);
    return about_whole(id, random);
}

// The first instruction and up to three others that go together with all before them.
std::vector<std::string> draw_ids(const std::string& first, core::Random& random) {
    const auto wanted = 1 + random.below(4);
    std::vector<std::string> others = instruction_ids(), chosen{first};
    random.shuffle(others);
    for (const std::string& id : others) {
        if (chosen.size() >= wanted) break;
        // These two change the request itself and are drawn as first ones only.
        if (id == "combination:repeat_prompt" || id == "detectable_format:constrained_response") continue;
        if (std::none_of(chosen.begin(), chosen.end(), [&](const auto& other) { return conflict(id, other); }))
            chosen.push_back(id);
    }
    return chosen;
}

}  // namespace

Item written_instruction(int number, const SuiteRequest& request) {
    core::Random random(request.seed, fmt::format("written instructions {}", number));
    const auto& known = instruction_ids();
    const std::vector<std::string> ids = draw_ids(known[static_cast<std::size_t>(number) % known.size()], random);
    Topic topic = draw_topic(random);
    std::string asked;
    Json list = Json::array();
    for (const std::string& id : ids) {
        Instruction instruction;
        if (id == "combination:repeat_prompt") {
            instruction = {
                {{"prompt_to_repeat", topic.request}},
                "First repeat the sentence above word for word, then give your answer; write nothing before it."};
        } else if (id == "detectable_format:constrained_response") {
            topic.request = fmt::format("Do you like {}?", topic.request.substr(topic.request.find("about ") + 6));
            topic.request.erase(topic.request.find('.'), 1);
            instruction = {Json::object(),
                           "Answer with one of these: My answer is yes. My answer is no. My answer is maybe."};
        } else {
            instruction = draw(id, topic, random);
        }
        asked += " " + instruction.sentence;
        list.push_back({{"id", id}, {"arguments", instruction.arguments}});
    }
    Item item;
    item.id = fmt::format("instructions/{}", number);
    item.suite = "instructions";
    item.task = ids.front();
    item.cluster = number;
    item.prompt = topic.request + asked;
    Json check{{"kind", "instructions"}, {"list", std::move(list)}};
    check.update(request.rules);
    make_written(item, request, request.answer_tokens, std::move(check), 0);
    return item;
}

}  // namespace scale::quality
