#include "quality/suite/file_suites.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "core/error.h"
#include "core/file.h"
#include "core/hash.h"
#include "core/text.h"
#include "quality/answer/numbers.h"
#include "quality/instruction_checkers/checkers.h"
#include "quality/suite/words.h"

namespace scale::quality {
namespace {

using core::Json;

struct Reading {
    const std::string& source;  // path, for errors
    const std::string& text;
    const SuiteRequest& request;
    const std::string& extraction;
    std::string labels;  // PIQA
};

Item new_item(const std::string& suite, std::size_t line) {
    Item item;
    item.id = fmt::format("{}/{}", suite, line);
    item.suite = item.task = suite;
    item.cluster = static_cast<int>(line);
    return item;
}

[[noreturn]] void broken(const Reading& reading, std::size_t line, const std::string& what) {
    throw core::input_error(fmt::format("{} line {}: {}", reading.source, line, what),
                            "an item of the set's own format", "correct or remove that line");
}

// Calls `use` with every line that is not blank, counted from 1; what it throws names the line.
template <typename Use>
void each_line(const Reading& reading, const Use& use) {
    std::size_t number = 0;
    for (const std::string_view line : core::split_lines(reading.text)) {
        ++number;
        if (core::trimmed(line).empty()) continue;
        const std::string source = fmt::format("{} line {}", reading.source, number);
        use(core::parse_json(line, source), number, source);
    }
}

std::vector<Item> gsm8k(const Reading& reading) {
    std::vector<Item> items;
    each_line(reading, [&](const Json& line, std::size_t number, const std::string& source) {
        const auto question = core::required<std::string>(line, "question", source);
        const auto gold = final_number(core::required<std::string>(line, "answer", source), true);
        if (!gold) broken(reading, number, "the answer has no number after ####");
        Item item = new_item("gsm8k", number);
        if (reading.request.generation) {
            item.prompt =
                question + "\n\nWrite down every step, then end with a last line of the form \"#### number\".";
            make_written(item, reading.request, reading.request.answer_tokens,
                         {{"kind", "number"}, {"answer", *gold}, {"extraction", reading.extraction}}, 0);
        } else {
            core::Random random(reading.request.seed, fmt::format("gsm8k {}", number));
            const double value = std::stod(*gold);
            std::vector<std::string> wrong;
            for (const double near : {value + static_cast<double>(random.between(1, 3)), value * 2, value + 10})
                if (const auto text = normal_number(fmt::format("{}", near)); text && text != gold)
                    if (std::find(wrong.begin(), wrong.end(), *text) == wrong.end()) wrong.push_back(*text);
            item.prompt = fmt::format("Question: {}\nAnswer:", question);
            item.gold = place_gold(*gold, wrong, " ", random, item.options);
        }
        items.push_back(std::move(item));
    });
    return items;
}

std::vector<Item> ifeval(const Reading& reading) {
    std::vector<Item> items;
    each_line(reading, [&](const Json& line, std::size_t number, const std::string& source) {
        Item item = new_item("ifeval", number);
        item.prompt = core::required<std::string>(line, "prompt", source);
        const auto ids = core::required<std::vector<std::string>>(line, "instruction_id_list", source);
        const auto arguments = core::required<std::vector<Json>>(line, "kwargs", source);
        if (ids.empty() || ids.size() != arguments.size())
            broken(reading, number, "as many kwargs as instructions are needed, one at least");
        Json list = Json::array();
        for (std::size_t i = 0; i < ids.size(); ++i) {
            Json given = Json::object();
            for (const auto& [key, value] : arguments[i].items())
                if (!value.is_null()) given[key] = value;
            try {
                follows(ids[i], given, item.prompt, "x", InstructionRules::fixed);
            } catch (const core::Error& error) {
                broken(reading, number, error.found());
            }
            list.push_back({{"id", ids[i]}, {"arguments", given}});
        }
        item.task = ids.front();
        Json check{{"kind", "instructions"}, {"list", list}};
        check.update(reading.request.rules);
        make_written(item, reading.request, reading.request.answer_tokens, std::move(check), 0);
        items.push_back(std::move(item));
    });
    return items;
}

std::vector<Item> lambada(const Reading& reading) {
    constexpr int last_word_tokens = 10;
    std::vector<Item> items;
    each_line(reading, [&](const Json& line, std::size_t number, const std::string& source) {
        const std::string text = core::trimmed(core::required<std::string>(line, "text", source));
        const std::size_t space = text.find_last_of(" \n");
        if (space == std::string::npos) broken(reading, number, "the text has no last word to leave out");
        Item item = new_item("lambada", number);
        make_written(item, reading.request, last_word_tokens,
                     {{"kind", "next_word"}, {"answer", text.substr(space + 1)}}, 0);
        item.chat = false;
        item.prompt = text.substr(0, space);
        items.push_back(std::move(item));
    });
    return items;
}

std::vector<Item> piqa(const Reading& reading) {
    const auto labels = core::split_lines(reading.labels);
    std::vector<Item> items;
    each_line(reading, [&](const Json& line, std::size_t number, const std::string& source) {
        if (number > labels.size()) broken(reading, number, "no label stands beside it");
        const std::string label = core::trimmed(labels[number - 1]);
        if (label != "0" && label != "1") broken(reading, number, "its label is '" + label + "', neither 0 nor 1");
        Item item = new_item("piqa", number);
        item.prompt = fmt::format("Question: {}\nAnswer:", core::required<std::string>(line, "goal", source));
        item.options = {" " + core::trimmed(core::required<std::string>(line, "sol1", source)),
                        " " + core::trimmed(core::required<std::string>(line, "sol2", source))};
        item.gold = label == "1" ? 1 : 0;
        if (item.options[0] != item.options[1]) items.push_back(std::move(item));
    });
    return items;
}

Item hellaswag_item(const Reading& reading, std::size_t number, const std::string& context, int label,
                    const std::vector<std::string>& endings) {
    if (endings.size() < 2 || label < 0 || label >= static_cast<int>(endings.size()))
        broken(reading, number, fmt::format("the label {} names none of {} endings", label, endings.size()));
    Item item = new_item("hellaswag", number);
    item.prompt = core::trimmed(context);
    for (const std::string& ending : endings) item.options.push_back(" " + core::trimmed(ending));
    item.gold = label;
    item.by_length = true;
    return item;
}

int label_of(const Reading& reading, std::size_t number, const std::string& text) {
    const std::string label = core::trimmed(text);
    if (label.size() != 1 || label[0] < '0' || label[0] > '9') broken(reading, number, "'" + label + "' is no label");
    return label[0] - '0';
}

std::vector<Item> hellaswag(const Reading& reading) {
    std::vector<Item> items;
    if (core::trimmed(reading.text).starts_with("{")) {
        each_line(reading, [&](const Json& line, std::size_t number, const std::string& source) {
            const Json label = core::required<Json>(line, "label", source);
            items.push_back(
                hellaswag_item(reading, number, core::required<std::string>(line, "ctx", source),
                               label_of(reading, number, label.is_string() ? label.get<std::string>() : label.dump()),
                               core::required<std::vector<std::string>>(line, "endings", source)));
        });
        return items;
    }
    constexpr std::size_t lines_per_item = 6;
    const auto lines = core::split_lines(reading.text);
    for (std::size_t i = 0; i < lines.size(); i += lines_per_item) {
        if (i + lines_per_item > lines.size()) broken(reading, i + 1, "the item has fewer than six lines");
        const std::vector<std::string> endings(lines.begin() + static_cast<std::ptrdiff_t>(i) + 2,
                                               lines.begin() + static_cast<std::ptrdiff_t>(i + lines_per_item));
        items.push_back(hellaswag_item(reading, i + 1, std::string(lines[i]),
                                       label_of(reading, i + 2, std::string(lines[i + 1])), endings));
    }
    return items;
}

}  // namespace

std::string only_scoring(const std::string& suite) {
    if (suite == "ifeval" || suite == "lambada") return scoring::generation;
    if (suite == "piqa" || suite == "hellaswag") return scoring::likelihood;
    return {};
}

FileSuite read_file_suite(const std::string& suite, const std::filesystem::path& path, const SuiteRequest& request,
                          const std::string& extraction) {
    static const std::map<std::string, std::vector<Item> (*)(const Reading&)> readers{
        {"gsm8k", gsm8k}, {"ifeval", ifeval}, {"lambada", lambada}, {"piqa", piqa}, {"hellaswag", hellaswag}};
    const auto reader = readers.find(suite);
    if (reader == readers.end()) throw core::input_error("'" + suite + "' is not a set that can be read from a file");
    const std::string name = path.filename().string(), text = core::read_file(path);
    Reading reading{name, text, request, extraction, {}};
    if (suite == "piqa") reading.labels = core::read_file(path.parent_path() / (path.stem().string() + "-labels.lst"));
    FileSuite read{reader->second(reading), core::sha256_hex(text + reading.labels)};
    if (read.items.empty()) throw core::input_error(name + " has no item", "a line for each item");
    core::Random(request.seed, "order of " + suite).shuffle(read.items);
    return read;
}

}  // namespace scale::quality
