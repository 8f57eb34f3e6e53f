#include "engine/chat_template.h"

#include <chrono>
#include <exception>

#include <chat.h>

#include "core/error.h"

namespace scale::engine {

namespace {

// Some templates write today's date into the prompt. A fixed day keeps the tokens of calibration and quality runs the
// same from day to day: noon of 15 June 2026, UTC.
constexpr std::chrono::seconds fixed_day{1781524800};

core::Error bad_template(const std::string& action, const std::exception& reason) {
    return core::input_error("the model's chat template cannot be " + action + ": " + reason.what(),
                             "a Jinja template in tokenizer.chat_template that accepts the messages");
}

}  // namespace

struct ChatTemplate::State {
    common_chat_templates_ptr templates;
};

ChatTemplate::ChatTemplate(const llama_model* model) : state_(std::make_unique<State>()) {
    try {
        state_->templates = common_chat_templates_init(model, "");
    } catch (const std::exception& reason) {
        throw bad_template("parsed", reason);
    }
}

ChatTemplate::~ChatTemplate() = default;

bool ChatTemplate::is_the_models_own() const {
    return common_chat_templates_was_explicit(state_->templates.get());
}

std::string ChatTemplate::apply(const std::vector<ChatMessage>& messages, bool add_generation_prompt) const {
    common_chat_templates_inputs inputs;
    for (const ChatMessage& message : messages) {
        common_chat_msg entry;
        entry.role = message.role;
        entry.content = message.content;
        inputs.messages.push_back(std::move(entry));
    }
    inputs.add_generation_prompt = add_generation_prompt;
    inputs.use_jinja = true;
    inputs.now = std::chrono::system_clock::time_point(fixed_day);
    try {
        return common_chat_templates_apply(state_->templates.get(), inputs).prompt;
    } catch (const std::exception& reason) {
        throw bad_template("applied", reason);
    }
}

}  // namespace scale::engine
