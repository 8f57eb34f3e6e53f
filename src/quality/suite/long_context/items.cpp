// Long context: texts of a quarter, half or all of the budget's context, task after task.
//
// What it asks: binding a key to its value over up to `context` tokens, following references, and counting over the
// whole text. By likelihood only retrieval is asked.
#include <array>

#include <fmt/format.h>

#include "quality/suite/long_context/long_text.h"
#include "quality/suite/words.h"

namespace scale::quality {
namespace {

constexpr int answer_tokens = 48;
constexpr int question_tokens = 64;  // room kept for the question, the answer and the frame

struct Task {
    const char* name;
    LongTextMaker make;
};

constexpr std::array written_tasks{Task{"retrieval", retrieval_text}, Task{"multivalue", multivalue_text},
                                   Task{"multiquery", multiquery_text}, Task{"tracking", tracking_text},
                                   Task{"common_words", common_words_text}};
constexpr std::array chosen_tasks{Task{"retrieval", retrieval_text}};

const Task& task_of(int text, bool generation) {
    const auto t = static_cast<std::size_t>(text);
    return generation ? written_tasks[t % written_tasks.size()] : chosen_tasks[t % chosen_tasks.size()];
}

Item item_of(const LongText& text, const LongQuestion& asked, const SuiteRequest& request, core::Random& random) {
    Item item;
    if (request.generation) {
        item.prompt = text.text + "\n\n" + asked.question;
        make_written(item, request, answer_tokens, asked.check, asked.chance);
    } else {
        item.prompt = text.text + "\n\n" + asked.lead;
        item.gold = place_gold(asked.gold, asked.wrong, " ", random, item.options);
    }
    return item;
}

}  // namespace

std::vector<Item> long_context_items(const SuiteRequest& request) {
    std::vector<Item> items;
    for (int text = 0; static_cast<int>(items.size()) < request.items; ++text) {
        core::Random random(request.seed, fmt::format("long context {}", text));
        constexpr std::array shares{1.0, 0.25, 0.5};
        const int tokens = static_cast<int>(request.context * shares[text % shares.size()]) - question_tokens;
        const Task& task = task_of(text, request.generation);
        const LongText made = task.make(tokens, request, random);
        for (const LongQuestion& asked : made.questions) {
            if (static_cast<int>(items.size()) == request.items) break;
            Item item = item_of(made, asked, request, random);
            item.id = fmt::format("long_context/{}", items.size());
            item.suite = "long_context";
            item.task = task.name;
            item.cluster = text;
            items.push_back(std::move(item));
        }
    }
    return items;
}

}  // namespace scale::quality
