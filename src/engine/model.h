// A language model opened by the inference engine (llama.cpp), and what can be asked of it without running it.
//
// Only src/engine includes the engine's headers. The engine aborts the process on some misuse, so everything here runs
// in a worker process (engine/job.h) and validates its arguments first.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace scale::engine {

using Token = std::int32_t;

struct ChatMessage {
    std::string role;
    std::string content;
};

struct ModelOptions {
    bool vocabulary_only = false;  // tokenizer and template only; no weights are read
};

class Model {
  public:
    // Validates the file with model::GgufFile first. Throws an input error where it cannot be opened.
    explicit Model(const std::filesystem::path& path, const ModelOptions& options = {});
    ~Model();
    Model(Model&&) noexcept;

    // add_special: the beginning-of-text token where the model wants one. parse_special: "<|im_start|>" in the text is
    // one token (for templated text) rather than spelled out (for anything a user wrote).
    std::vector<Token> tokenize(std::string_view text, bool add_special, bool parse_special) const;
    std::string detokenize(std::span<const Token> tokens) const;  // special tokens spelled out

    // By the model's own Jinja template (ChatML where it has none; has_chat_template tells). Throws an input error
    // where the template refuses the messages. Tokenise the result with add_special and parse_special both true: a
    // beginning token that tokenize() adds is left out here. Templates that write a date get a fixed one.
    std::string apply_chat_template(const std::vector<ChatMessage>& messages, bool add_generation_prompt) const;
    bool has_chat_template() const;

    int vocabulary() const;
    int trained_context() const;
    int layers() const;
    bool is_end_of_generation(Token token) const;
    const std::filesystem::path& path() const;

    struct Handle;  // the engine's objects; defined in engine/handle.h, for src/engine only
    Handle& handle() const { return *handle_; }

  private:
    std::unique_ptr<Handle> handle_;
};

// "llama.cpp 0.5.0, build 0.3.36-9a62db130487": version and build key of the engine linked in.
std::string engine_version();

// The folder of the engine's programs (llama-server).
std::filesystem::path engine_programs();

}  // namespace scale::engine
