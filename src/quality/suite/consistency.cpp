// Consistency: the same question twice, rephrased, with a padding sentence and the facts in another order. Scored is
// whether a model gives the same answer to both, right or wrong; the loss is the candidate's drop in agreement.
//
// What it asks: that the answer hangs on the content and not on the wording. A model that always says the same word
// agrees with itself too, so this suite alone never shows quality and is not one of the required categories.
// Items come in pairs: cluster k holds variants "k/a" and "k/b", with the same set of options.
#include <algorithm>

#include <fmt/format.h>

#include "quality/suite/item.h"
#include "quality/suite/words.h"

namespace scale::quality {
namespace {

const char* const examples =
    "Tom is in the barn. Lucy is in the school. Mark is in the hall. So where are they? Tom is in the barn.\n\n"
    "The hat belongs to Kate. The map belongs to Paul. The cup belongs to Rose. So whose are they? The map belongs to "
    "Paul.\n\n";

constexpr int answer_tokens = 48;

struct Variants {
    std::string first;
    std::string second;
    std::string lead;      // likelihood: what stands before the answer
    std::string question;  // generation
    std::string answer;
    std::vector<std::string> wrong;
};

Variants where_question(core::Random& random) {
    const auto people = sample(person_names(), 3, random);
    const auto rooms = sample(places(), 3, random);
    const auto fact = [&](int i) { return fmt::format("{} is in the {}.", people[i], rooms[i]); };
    const auto moved = [&](int i) { return fmt::format("{} went to the {}.", people[i], rooms[i]); };
    return {fmt::format("{} {} {} So where are they?", fact(0), fact(1), fact(2)),
            fmt::format("It is a quiet day. {} {} {} Where are they now?", moved(2), moved(0), moved(1)),
            fmt::format(" {} is in the", people[0]),
            fmt::format(" Where is {}?", people[0]),
            rooms[0],
            {rooms[1], rooms[2]}};
}

Variants owner_question(core::Random& random) {
    const auto people = sample(person_names(), 3, random);
    const auto things = sample(objects(), 3, random);
    const auto fact = [&](int i) { return fmt::format("The {} belongs to {}.", things[i], people[i]); };
    const auto owns = [&](int i) { return fmt::format("{} owns the {}.", people[i], things[i]); };
    return {fmt::format("{} {} {} So whose are they?", fact(0), fact(1), fact(2)),
            fmt::format("They sit at the table. {} {} {} So whose are these things?", owns(1), owns(2), owns(0)),
            fmt::format(" The {} belongs to", things[1]),
            fmt::format(" Whose is the {}?", things[1]),
            people[1],
            {people[0], people[2]}};
}

}  // namespace

std::vector<Item> consistency_items(const SuiteRequest& request) {
    std::vector<Item> items;
    for (int pair = 0; pair < request.items / 2; ++pair) {
        core::Random random(request.seed, fmt::format("consistency {}", pair));
        const Variants variants = pair % 2 == 0 ? where_question(random) : owner_question(random);
        const char* task = pair % 2 == 0 ? "where" : "owner";
        for (const bool second : {false, true}) {
            Item item;
            item.id = fmt::format("consistency/{}{}", pair, second ? 'b' : 'a');
            item.suite = "consistency";
            item.task = task;
            item.cluster = pair;
            const std::string& facts = second ? variants.second : variants.first;
            if (request.generation) {
                item.prompt = facts + variants.question + " Answer with one word.";
                const core::Json check{{"kind", "word"}, {"answer", variants.answer}, {"others", variants.wrong}};
                make_written(item, request, answer_tokens, check, 1.0 / 3);
            } else {
                item.prompt = examples + facts + variants.lead;
                item.gold = place_gold(variants.answer, variants.wrong, " ", random, item.options);
            }
            items.push_back(std::move(item));
        }
    }
    return items;
}

}  // namespace scale::quality
