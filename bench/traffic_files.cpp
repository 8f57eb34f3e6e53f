#include "traffic_files.h"

#include <algorithm>
#include <sstream>
#include <utility>

#include "core/file.h"
#include "core/text.h"

namespace scale::bench {

std::vector<BankingQuestion> read_banking(const std::string& path, std::map<std::string, int>& topics) {
    const std::string bytes = core::read_file(path);
    std::vector<BankingQuestion> questions;
    std::size_t at = bytes.find('\n') + 1;
    while (at < bytes.size()) {
        std::string text;
        bool quoted = false;
        for (; at < bytes.size(); ++at) {
            const char c = bytes[at];
            if (c == '"' && quoted && at + 1 < bytes.size() && bytes[at + 1] == '"') {
                text += bytes[++at];
            } else if (c == '"') {
                quoted = !quoted;
            } else if (c == ',' && !quoted) {
                break;
            } else {
                text += c;
            }
        }
        const auto end = std::min(bytes.find('\n', at), bytes.size());
        const std::string topic = core::trimmed(bytes.substr(at + 1, end - at - 1));
        const int number = topics.emplace(topic, static_cast<int>(topics.size())).first->second;
        questions.push_back({text, number});
        at = end + 1;
    }
    return questions;
}

std::vector<SgdDialogue> read_sgd(const std::string& path) {
    std::vector<SgdDialogue> dialogues;
    for (const core::Json& dialogue : core::parse_json(core::read_file(path), path)) {
        dialogues.push_back({dialogue.at("dialogue_id").get<std::string>(), {}});
        for (const core::Json& turn : dialogue.at("turns"))
            dialogues.back().turns.push_back({turn.at("speaker") == "USER", turn.at("utterance").get<std::string>()});
    }
    return dialogues;
}

core::Json request_line(const std::vector<std::pair<std::string, std::string>>& messages, const std::string& answer,
                        const std::string& user) {
    core::Json body{{"messages", core::Json::array()}};
    for (const auto& [role, content] : messages) body["messages"].push_back({{"role", role}, {"content", content}});
    if (!user.empty()) body["user"] = user;
    if (answer.empty()) return body;
    return {{"request", std::move(body)},
            {"response", {{"choices", {{{"message", {{"role", "assistant"}, {"content", answer}}}}}}}}};
}

void add_dialogue(const SgdDialogue& dialogue, std::vector<core::Json>& lines) {
    std::vector<std::pair<std::string, std::string>> messages;
    for (std::size_t i = 0; i < dialogue.turns.size(); ++i) {
        const SgdTurn& turn = dialogue.turns[i];
        messages.emplace_back(turn.user ? "user" : "assistant", turn.text);
        if (!turn.user) continue;
        const std::string answer = i + 1 < dialogue.turns.size() ? dialogue.turns[i + 1].text : "";
        lines.push_back(request_line(messages, answer, "sgd-" + dialogue.name));
    }
}

namespace {

template <typename Take>
std::vector<core::Json> lines_of(const std::string& path, const Take& take) {
    std::vector<core::Json> lines;
    std::istringstream text(core::read_file(path));
    for (std::string line; std::getline(text, line);)
        if (!core::trimmed(line).empty()) lines.push_back(take(core::parse_json(line, path)));
    return lines;
}

}  // namespace

std::vector<core::Json> self_instruct_lines(const std::string& path) {
    return lines_of(path, [](const core::Json& task) {
        const core::Json& instance = task.at("instances").at(0);
        const std::string input = instance.at("input").get<std::string>();
        return request_line(
            {{"user", task.at("instruction").get<std::string>() + (input.empty() ? "" : "\n\n" + input)}},
            instance.at("output").get<std::string>(), "");
    });
}

std::vector<core::Json> arena_hard_lines(const std::string& path) {
    return lines_of(path, [](const core::Json& question) {
        return request_line({{"user", question.at("turns").at(0).at("content").get<std::string>()}}, "", "");
    });
}

}  // namespace scale::bench
