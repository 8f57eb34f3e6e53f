// Instruction and format adherence: a user's message asks for a form, and two complete answers with the same content
// are offered, one that keeps to the form and one that minimally breaks it. The answers end with the template's end of
// turn, so that stopping too early or too late counts.
//
// Balanced: wherever both forms could have been asked for (lower or upper case, two or three bullets, French or German,
// with the word or without), either is asked for at random. A model that prefers one form and ignores the instruction
// is right half of the time, which is chance. JSON alone is one-sided: broken JSON is never asked for. What it asks:
// telling adherence from a near miss. Whether the model would write such an answer by
// itself is asked by generation (written_instructions.h).
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "quality/suite/item.h"
#include "quality/suite/words.h"
#include "quality/suite/written_instructions.h"

namespace scale::quality {
namespace {

struct Exchange {
    std::string request;
    std::string kept;
    std::string broken;
};

std::string upper(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::toupper(c); });
    return text;
}

std::string plain_sentence(core::Random& random) {
    static const std::vector<std::string> verbs{"sees", "likes", "finds", "follows", "hears"};
    const auto beasts = sample(animals(), 2, random);
    return fmt::format("the {} {} the {}", beasts[0], random.pick(verbs), beasts[1]);
}

std::string title_case(std::string text) {
    for (std::size_t i = 0; i < text.size(); ++i)
        if (i == 0 || text[i - 1] == ' ')
            text[i] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[i])));
    return text;
}

Exchange letter_case(core::Random& random) {
    const std::string sentence = plain_sentence(random);
    const bool lower = random.below(2) == 0;
    return {fmt::format("Write \"{}\" in {}.", title_case(sentence),
                        lower ? "small letters (lower case)" : "CAPITAL LETTERS (UPPER CASE)"),
            lower ? sentence : upper(sentence), lower ? upper(sentence) : sentence};
}

Exchange json_object(core::Random& random) {
    const std::string name = random.pick(person_names());
    const std::string place = random.pick(places());
    const std::int64_t age = random.between(18, 80);
    const std::string kept = fmt::format("{{\"name\": \"{}\", \"age\": {}, \"place\": \"{}\"}}", name, age, place);
    const std::array broken{fmt::format("{{\"name\": \"{}\", \"age\": {} \"place\": \"{}\"}}", name, age, place),
                            fmt::format("{{\"name\": \"{}\", \"age\": {}, \"place\": {}\"}}", name, age, place),
                            fmt::format("{{\"name\": \"{}\", \"age\": {}, \"place\": \"{}\"", name, age, place),
                            fmt::format("{{\"name\": \"{}\", \"place\": \"{}\"}}", name, place),
                            fmt::format("{{\"name\": \"{}\", \"years\": {}, \"place\": \"{}\"}}", name, age, place)};
    return {fmt::format("{} is {} years old and is in the {}. Answer with a JSON object with the keys \"name\", "
                        "\"age\" and \"place\" and nothing else.",
                        name, age, place),
            kept, broken[random.below(broken.size())]};
}

Exchange bullet_count(core::Random& random) {
    const bool three = random.below(2) == 0;
    const auto words = sample(random.below(2) == 0 ? animals() : colours(), 3, random);
    const std::string two_items = fmt::format("- {}\n- {}", words[0], words[1]);
    const std::string three_items = fmt::format("{}\n- {}", two_items, words[2]);
    return {fmt::format("{} {}, {} and {}. Write the first {} of these words as a list with {} bullet points.",
                        "Here are three words:", words[0], words[1], words[2], three ? "three" : "two",
                        three ? "three" : "two"),
            three ? three_items : two_items, three ? two_items : three_items};
}

Exchange ending(core::Random& random) {
    static const std::vector<std::string> phrases{"That is all.",   "Have a nice day.", "Thank you.",
                                                  "Any questions?", "See you soon.",    "Best wishes."};
    const auto chosen = sample(phrases, 2, random);
    std::string sentence = plain_sentence(random);
    sentence[0] = 'T';
    return {fmt::format("Repeat this sentence and end your answer with the words \"{}\": {}.", chosen[0], sentence),
            fmt::format("{}. {}", sentence, chosen[0]), fmt::format("{}. {}", sentence, chosen[1])};
}

Exchange language(core::Random& random) {
    struct Phrase {
        const char* english;
        const char* french;
        const char* german;
    };
    static const std::array<Phrase, 12> phrases{{{"good morning", "bonjour", "guten Morgen"},
                                                 {"thank you very much", "merci beaucoup", "vielen Dank"},
                                                 {"the house is small", "la maison est petite", "das Haus ist klein"},
                                                 {"I am hungry", "j'ai faim", "ich habe Hunger"},
                                                 {"the water is cold", "l'eau est froide", "das Wasser ist kalt"},
                                                 {"good night", "bonne nuit", "gute Nacht"},
                                                 {"where is the station", "où est la gare", "wo ist der Bahnhof"},
                                                 {"my brother is big", "mon frère est grand", "mein Bruder ist groß"},
                                                 {"the dog is black", "le chien est noir", "der Hund ist schwarz"},
                                                 {"we eat bread", "nous mangeons du pain", "wir essen Brot"},
                                                 {"I love you", "je t'aime", "ich liebe dich"},
                                                 {"the book is new", "le livre est nouveau", "das Buch ist neu"}}};
    const Phrase& phrase = phrases[random.below(phrases.size())];
    const bool french = random.below(2) == 0;
    const std::string& who = random.pick(person_names());
    return {fmt::format("{} wants to say \"{}\" in {}. Write only the {} words.", who, phrase.english,
                        french ? "French" : "German", french ? "French" : "German"),
            french ? phrase.french : phrase.german, french ? phrase.german : phrase.french};
}

Exchange wrapping(core::Random& random) {
    static const std::array<std::array<const char*, 3>, 3> marks{{{"double quotation marks, like \"this\"", "\"", "\""},
                                                                  {"round brackets, like (this)", "(", ")"},
                                                                  {"square brackets, like [this]", "[", "]"}}};
    const std::string sentence = plain_sentence(random);
    const std::size_t asked = random.below(marks.size());
    const std::size_t other = (asked + 1 + random.below(marks.size() - 1)) % marks.size();
    const auto wrapped = [&](std::size_t i) { return marks[i][1] + sentence + marks[i][2]; };
    return {fmt::format("Write {} in {}.", sentence, marks[asked][0]), wrapped(asked), wrapped(other)};
}

Exchange keyword(core::Random& random) {
    const auto beasts = sample(animals(), 2, random);
    const auto rooms = sample(places(), 3, random);
    const auto sentence = [&](const std::string& room) { return fmt::format("The {} is in the {}.", beasts[0], room); };
    return {fmt::format("The words are {}, {} and {}. Write a sentence about a {} and use the word \"{}\" in it.",
                        rooms[0], rooms[1], rooms[2], beasts[0], rooms[0]),
            sentence(rooms[0]), sentence(rooms[1 + random.below(2)])};
}

Exchange list_style(core::Random& random) {
    const auto words = sample(objects(), 2, random);
    const bool numbered = random.below(2) == 0;
    const std::string numbers = fmt::format("1. {}\n2. {}", words[0], words[1]);
    const std::string bullets = fmt::format("- {}\n- {}", words[0], words[1]);
    return {fmt::format("Write the words {} and {} as a {} list.", words[0], words[1],
                        numbered ? "numbered" : "bullet point"),
            numbered ? numbers : bullets, numbered ? bullets : numbers};
}

Exchange opening(core::Random& random) {
    const auto people = sample(person_names(), 2, random);
    const std::string& place = random.pick(places());
    const auto letter = [&](const std::string& name) { return fmt::format("Dear {}, I am in the {}.", name, place); };
    return {fmt::format("{} asks where you are. You are in the {}. Write one line that begins with \"Dear {}\".",
                        people[1], place, people[0]),
            letter(people[0]), letter(people[1])};
}

Exchange separator(core::Random& random) {
    const auto words = sample(objects(), 3, random);
    const bool commas = random.below(2) == 0;
    const std::string with_commas = fmt::format("{}, {}, {}", words[0], words[1], words[2]);
    const std::string with_dashes = fmt::format("{} - {} - {}", words[0], words[1], words[2]);
    return {fmt::format("Write the words {} {} {} in one line, separated by {}.", words[0], words[1], words[2],
                        commas ? "commas" : "dashes"),
            commas ? with_commas : with_dashes, commas ? with_dashes : with_commas};
}

Exchange repetition(core::Random& random) {
    const std::string& word = random.pick(objects());
    const bool twice = random.below(2) == 0;
    const std::string two = fmt::format("{} {}", word, word);
    const std::string four = fmt::format("{} {}", two, two);
    return {fmt::format("Write the word \"{}\" {} times.", word, twice ? "two" : "four"), twice ? two : four,
            twice ? four : two};
}

using Maker = Exchange (*)(core::Random&);
struct Task {
    const char* name;
    Maker make;
};
constexpr std::array tasks{
    Task{"letter_case", letter_case}, Task{"json", json_object},    Task{"bullets", bullet_count},
    Task{"ending", ending},           Task{"language", language},   Task{"wrapping", wrapping},
    Task{"keyword", keyword},         Task{"separator", separator}, Task{"repetition", repetition},
    Task{"list_style", list_style},   Task{"opening", opening}};

}  // namespace

std::vector<Item> instruction_items(const SuiteRequest& request) {
    std::vector<Item> items;
    for (int i = 0; i < request.items; ++i) {
        if (request.generation) {
            items.push_back(written_instruction(i, request));
            continue;
        }
        const Task& task = tasks[i % tasks.size()];
        core::Random random(request.seed, fmt::format("instructions {}", i));
        const Exchange exchange = task.make(random);
        Item item{fmt::format("instructions/{}", i), "instructions", task.name, i, true, exchange.request, {}, 0};
        item.gold = place_gold(exchange.kept, {exchange.broken}, "", random, item.options);
        items.push_back(std::move(item));
    }
    return items;
}

}  // namespace scale::quality
