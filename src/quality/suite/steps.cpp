// Problems of several steps, made so that every step is needed.
//
// Arithmetic: a number is changed two to six times, with a sentence now and then that does not matter. In likelihood
// form the options are whole worked solutions; in the wrong ones a single step is miscalculated and the rest follows
// from it, so that the model has to see the slip and cannot go by the form.
#include <array>
#include <utility>

#include <fmt/format.h>

#include "quality/suite/problem.h"
#include "quality/suite/words.h"

namespace scale::quality {
namespace {

struct Step {
    char operation;  // '+', '-', '*', '/'
    std::int64_t operand;
};

std::int64_t apply(const Step& step, std::int64_t value) {
    switch (step.operation) {
        case '+':
            return value + step.operand;
        case '-':
            return value - step.operand;
        case '*':
            return value * step.operand;
        default:
            return value / step.operand;
    }
}

// A step that keeps the value a whole number between 1 and 500.
Step random_step(std::int64_t value, core::Random& random) {
    while (true) {
        const std::array<Step, 4> steps{Step{'+', random.between(2, 30)}, Step{'-', random.between(2, 30)},
                                        Step{'*', random.between(2, 4)}, Step{'/', random.between(2, 4)}};
        const Step step = steps[random.below(steps.size())];
        if (step.operation == '/' && value % step.operand != 0) continue;
        const std::int64_t next = apply(step, value);
        if (next >= 1 && next <= 500) return step;
    }
}

std::string told(const Step& step, const std::string& name, const std::string& thing, core::Random& random) {
    static const std::array<const char*, 3> gains{"{0} finds {1} more {2}s.", "{0} buys {1} more {2}s.",
                                                  "Then {0} gets {1} {2}s as a present."};
    static const std::array<const char*, 3> losses{"{0} gives {1} {2}s away.", "{0} loses {1} of the {2}s.",
                                                   "Then {0} sells {1} {2}s."};
    static const std::array<const char*, 2> factors{"A friend brings {2}s until {0} has {1} times as many.",
                                                    "The number of {2}s that {0} has grows to {1} times as many."};
    static const std::array<const char*, 2> parts{"{0} shares them evenly among {1} people, keeping one share.",
                                                  "{0} packs them into {1} equal boxes and keeps only one box."};
    const auto say = [&](const char* form) { return fmt::format(fmt::runtime(form), name, step.operand, thing); };
    switch (step.operation) {
        case '+':
            return say(gains[random.below(gains.size())]);
        case '-':
            return say(losses[random.below(losses.size())]);
        case '*':
            return say(factors[random.below(factors.size())]);
        default:
            return say(parts[random.below(parts.size())]);
    }
}

// The calculation line by line; `slip` is added to the result of step `at`.
std::string worked(const std::vector<Step>& steps, std::int64_t value, std::size_t at, std::int64_t slip) {
    std::string text;
    for (std::size_t i = 0; i < steps.size(); ++i) {
        const std::int64_t result = apply(steps[i], value) + (i == at ? slip : 0);
        text += fmt::format("{} {} {} = {}. ", value, steps[i].operation, steps[i].operand, result);
        value = result;
    }
    return text + fmt::format("The answer is {}", value);
}

std::string expression(int depth, bool value, core::Random& random) {
    if (depth == 0) return value ? "True" : "False";
    switch (random.below(3)) {
        case 0:
            return fmt::format("not {}", expression(depth - 1, !value, random));
        case 1: {
            const bool left = value || random.below(2) == 0;
            return fmt::format("({} and {})", expression(depth - 1, left, random),
                               expression(depth - 1, value || (!left && random.below(2) == 0), random));
        }
        default: {
            const bool left = value && random.below(2) == 0;
            return fmt::format("({} or {})", expression(depth - 1, left, random),
                               expression(depth - 1, value && (!left || random.below(2) == 0), random));
        }
    }
}

}  // namespace

Problem arithmetic_problem(core::Random& random) {
    const auto people = sample(person_names(), 2, random);
    static const std::vector<std::string> things{"coin", "card", "book", "pen", "stone", "stamp", "apple"};
    const auto nouns = sample(things, 2, random);
    const std::int64_t start = random.between(4, 40);
    std::vector<Step> steps;
    std::string facts = fmt::format("{} has {} {}s.", people[0], start, nouns[0]);
    const auto count = random.between(2, 6);
    const auto aside = random.below(2 * static_cast<std::uint64_t>(count));
    std::int64_t value = start;
    for (int i = 0; i < count; ++i) {
        steps.push_back(random_step(value, random));
        value = apply(steps.back(), value);
        facts += " " + told(steps.back(), people[0], nouns[0], random);
        if (static_cast<std::uint64_t>(i) == aside)
            facts += fmt::format(" {} has {} {}s.", people[1], random.between(2, 40), nouns[1]);
    }
    Problem problem;
    problem.facts = facts;
    problem.lead = fmt::format(" How many {}s does {} have now? Solution:", nouns[0], people[0]);
    problem.question = fmt::format("How many {}s does {} have now?", nouns[0], people[0]);
    problem.answer = worked(steps, start, steps.size(), 0);
    // A slip by a multiple of all later divisors keeps the later steps whole numbers.
    const std::size_t at = random.below(steps.size());
    std::int64_t slip = random.between(1, 9);
    for (std::size_t i = at + 1; i < steps.size(); ++i)
        if (steps[i].operation == '/') slip *= steps[i].operand;
    problem.wrong = {worked(steps, start, at, slip), worked(steps, start, at, 2 * slip)};
    problem.final_number = std::to_string(value);
    problem.worked = true;
    return problem;
}

Problem boolean_problem(core::Random& random) {
    const bool value = random.below(2) == 0;
    const std::string text = expression(static_cast<int>(random.between(2, 4)), value, random);
    Problem problem;
    problem.facts = text;
    problem.lead = " is";
    problem.question = "What is the value of this expression, True or False?";
    problem.answer = value ? "True" : "False";
    problem.wrong = {value ? "False" : "True"};
    return problem;
}

Problem swap_problem(core::Random& random) {
    const auto people = sample(person_names(), 3, random);
    auto held = sample(objects(), 3, random);
    Problem problem;
    problem.facts = fmt::format("{} has the {}, {} has the {} and {} has the {}.", people[0], held[0], people[1],
                                held[1], people[2], held[2]);
    const auto swaps = random.between(1, 3);
    for (int i = 0; i < swaps; ++i) {
        const std::size_t out = random.below(3);
        const std::size_t a = (out + 1) % 3, b = (out + 2) % 3;
        problem.facts += fmt::format(" {} and {} swap what they have.", people[a], people[b]);
        std::swap(held[a], held[b]);
    }
    const std::size_t asked = random.below(3);
    problem.lead = fmt::format(" Now {} has the", people[asked]);
    problem.question = fmt::format("What does {} have now?", people[asked]);
    problem.answer = held[asked];
    problem.wrong = {held[(asked + 1) % 3], held[(asked + 2) % 3]};
    return problem;
}

}  // namespace scale::quality
