// Multi-step reasoning in simple words: one to six steps of tracking who holds what, where a thing is, orderings, days,
// sums, sequences, rules, word problems with worked steps, Boolean expressions and swaps. By likelihood, each task
// shows three worked examples first (the same for every item of the task, so that their cache is shared), because small
// base-like models answer in a pattern they have just seen.
//
// What it asks: that the model carries a state through a few sentences and is not led off by the near misses, which are
// taken from the same text or lie one step away. Knowledge is not asked for. By generation the
// same problems are put as questions, and a word problem wants its steps written out.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "quality/suite/item.h"
#include "quality/suite/problem.h"
#include "quality/suite/words.h"

namespace scale::quality {
namespace {

Problem holder_problem(core::Random& random) {
    const int steps = static_cast<int>(random.between(1, 3));
    const auto people = sample(person_names(), steps + 1, random);
    const std::string& thing = random.pick(objects());
    std::string text = fmt::format("{} has the {}.", people[0], thing);
    for (int i = 0; i < steps; ++i) text += fmt::format(" {} gives the {} to {}.", people[i], thing, people[i + 1]);
    return {text,
            fmt::format(" Now the {} is with", thing),
            fmt::format("Who has the {} now?", thing),
            people.back(),
            {people.begin(), people.end() - 1}};
}

Problem location_problem(core::Random& random) {
    const auto rooms = sample(places(), 4, random);
    const auto people = sample(person_names(), 2, random);
    const std::string& thing = random.pick(objects());
    std::string text = fmt::format("The {} is in the {}.", thing, rooms[0]);
    std::string at = rooms[0];
    if (random.below(2) == 1) {
        text += fmt::format(" {} takes the {} to the {}.", people[0], thing, rooms[1]);
        at = rooms[1];
    }
    text += fmt::format(" {} takes the {} to the {}.", people[0], thing, rooms[2]);
    const std::string away = rooms[2];
    if (random.below(2) == 1) text += fmt::format(" {} walks to the {}.", people[1], rooms[3]);
    return {text,
            fmt::format(" Now the {} is in the", thing),
            fmt::format("Where is the {} now?", thing),
            away,
            {at, rooms[3]}};
}

Problem ordering_problem(core::Random& random) {
    static const std::array<const char*, 3> ranks{"first", "second", "third"};
    const auto people = sample(person_names(), 3, random);
    std::vector<std::size_t> order{0, 1, 2};
    random.shuffle(order);
    std::string text;
    for (const std::size_t i : order)
        text += fmt::format("{}{} comes {}.", text.empty() ? "" : " ", people[i], ranks[i]);
    const std::size_t asked = random.below(3);
    return {text,
            fmt::format(" The {} one is", ranks[asked]),
            fmt::format("Who is the {} one?", ranks[asked]),
            people[asked],
            {people[(asked + 1) % 3], people[(asked + 2) % 3]}};
}

Problem weekday_problem(core::Random& random) {
    const auto& days = weekdays();
    const std::size_t start = random.below(7);
    const std::size_t steps = 1 + random.below(3);
    return {fmt::format("Today is {}.", days[start]),
            steps == 1 ? " Tomorrow is" : fmt::format(" In {} days it is", steps),
            steps == 1 ? "What day is tomorrow?" : fmt::format("What day is it in {} days?", steps),
            days[(start + steps) % 7],
            {days[(start + steps + 1) % 7], days[(start + steps + 5) % 7]}};
}

Problem sum_problem(core::Random& random) {
    const std::string& name = random.pick(person_names());
    const std::int64_t first = random.between(2, 6), second = random.between(1, 3);
    std::int64_t total = first + second;
    std::string text = fmt::format("{} has {} coins. {} gets {} more.", name, first, name, second);
    if (random.below(3) == 0) {
        text += fmt::format(" {} loses 1.", name);
        total -= 1;
    }
    return {text,
            " Now the number of coins is",
            fmt::format("How many coins does {} have now?", name),
            std::to_string(total),
            {std::to_string(total + 1), std::to_string(total - 1)},
            std::to_string(total)};
}

Problem sequence_problem(core::Random& random) {
    const std::int64_t start = random.between(1, 9), step = random.between(1, 5);
    std::string text = "Next number:";
    std::int64_t value = start;
    for (int i = 0; i < 4; ++i, value += step) text += fmt::format(" {},", value);
    const std::int64_t off = random.below(2) == 0 ? 1 : -1;
    return {text,
            "",
            "What is the next number?",
            std::to_string(value),
            {std::to_string(value + off), std::to_string(value + 2 * off)},
            std::to_string(value)};
}

Problem rule_problem(core::Random& random) {
    const auto kinds = sample(animals(), 2, random);
    const auto shades = sample(colours(), 3, random);
    const std::string& name = random.pick(person_names());
    std::vector<std::string> rules{fmt::format("Every {} is {}.", kinds[0], shades[0]),
                                   fmt::format("Every {} is {}.", kinds[1], shades[1])};
    random.shuffle(rules);
    return {fmt::format("{} {} {} has a {}.", rules[0], rules[1], name, kinds[0]),
            fmt::format(" The {} is", kinds[0]),
            fmt::format("What colour is the {}?", kinds[0]),
            shades[0],
            {shades[1], shades[2]}};
}

struct Task {
    const char* name;
    ProblemMaker make;
};
constexpr std::array tasks{Task{"holder", holder_problem},     Task{"location", location_problem},
                           Task{"ordering", ordering_problem}, Task{"weekday", weekday_problem},
                           Task{"sum", sum_problem},           Task{"sequence", sequence_problem},
                           Task{"rule", rule_problem},         Task{"arithmetic", arithmetic_problem},
                           Task{"boolean", boolean_problem},   Task{"swaps", swap_problem}};

constexpr int short_answer = 64;  // tokens; enough for a small model that explains itself

std::string worked_examples(const Task& task, std::uint64_t seed) {
    core::Random random(seed, fmt::format("reasoning examples {}", task.name));
    std::string text;
    for (int i = 0; i < 3; ++i) {
        const Problem problem = task.make(random);
        text += fmt::format("{} {}.\n\n", problem.facts + problem.lead, problem.answer);
    }
    return text;
}

void write_question(Item& item, const Problem& problem, const SuiteRequest& request) {
    const bool number = !problem.final_number.empty();
    const char* form = problem.worked ? "Write down every step, then end with a last line of the form \"#### number\"."
                       : number       ? "Answer with the number."
                                      : "Answer with one word.";
    item.prompt = fmt::format("{}\n{} {}", problem.facts, problem.question, form);
    const core::Json check = number
                                 ? core::Json{{"kind", "number"}, {"answer", problem.final_number}}
                                 : core::Json{{"kind", "word"}, {"answer", problem.answer}, {"others", problem.wrong}};
    const double chance = number ? 0.0 : 1.0 / static_cast<double>(problem.wrong.size() + 1);
    make_written(item, request, problem.worked ? request.answer_tokens : short_answer, check, chance);
}

}  // namespace

std::vector<Item> reasoning_items(const SuiteRequest& request) {
    std::vector<Item> items;
    for (int i = 0; i < request.items; ++i) {
        const Task& task = tasks[i % tasks.size()];
        core::Random random(request.seed, fmt::format("reasoning {}", i));
        const Problem problem = task.make(random);
        Item item;
        item.id = fmt::format("reasoning/{}", i);
        item.suite = "reasoning";
        item.task = task.name;
        item.cluster = i;
        if (request.generation) {
            write_question(item, problem, request);
        } else {
            item.prompt = worked_examples(task, request.seed) + problem.facts + problem.lead;
            item.gold = place_gold(problem.answer, problem.wrong, " ", random, item.options);
        }
        items.push_back(std::move(item));
    }
    return items;
}

}  // namespace scale::quality
