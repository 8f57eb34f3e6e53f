#include "engine/model.h"

#include <limits>

#include "core/error.h"
#include "engine/handle.h"
#include "engine/log.h"
#include "model/gguf.h"

namespace scale::engine {

namespace {

constexpr std::size_t longest_text = std::numeric_limits<std::int32_t>::max() / 2;

int to_int(std::uint64_t value) {
    return static_cast<int>(std::min<std::uint64_t>(value, std::numeric_limits<int>::max()));
}

void require_loadable(const model::GgufFile& file) {
    for (const model::TensorInfo& tensor : file.tensors())
        if (tensor.type == nullptr)
            throw core::input_error(file.path().string() + ": tensor " + tensor.name + " has an unknown type");
    const std::string architecture = file.text("general.architecture");
    if (architecture.empty())
        throw core::input_error(file.path().string() + ": no general.architecture", "a language model in GGUF form");
}

}  // namespace

llama_model_params model_parameters() {
    llama_model_params parameters = llama_model_default_params();
    parameters.load_mode = LLAMA_LOAD_MODE_MMAP;
    parameters.n_gpu_layers = 0;
    return parameters;
}

ModelPointer load_model(const std::filesystem::path& path, const llama_model_params& parameters) {
    start_engine();
    ModelPointer model;
    std::string reason;
    try {
        model.reset(llama_model_load_from_file(path.c_str(), parameters));
    } catch (const std::exception& error) {
        reason = std::string(": ") + error.what();
    }
    if (!model)
        throw core::input_error("the engine cannot load " + path.string() + reason,
                                "a model that " + engine_version() + " supports",
                                "the engine's log names the key or tensor that it did not accept");
    return model;
}

Model::Model(const std::filesystem::path& path, const ModelOptions& options) : handle_(std::make_unique<Handle>()) {
    const model::GgufFile file(path);
    require_loadable(file);
    llama_model_params parameters = model_parameters();
    parameters.vocab_only = options.vocabulary_only;
    handle_->path = path;
    handle_->vocabulary_only = options.vocabulary_only;
    handle_->model = load_model(path, parameters);
    handle_->vocabulary = llama_model_get_vocab(handle_->model.get());
    const std::string architecture = file.text("general.architecture");
    handle_->layers = to_int(file.number(architecture + ".block_count"));
    handle_->trained_context = to_int(file.number(architecture + ".context_length"));
}

Model::~Model() = default;
Model::Model(Model&&) noexcept = default;

std::vector<Token> Model::tokenize(std::string_view text, bool add_special, bool parse_special) const {
    if (text.size() > longest_text)
        throw core::input_error("a text of " + std::to_string(text.size()) + " bytes cannot be tokenised at once",
                                "at most " + std::to_string(longest_text) + " bytes");
    const auto length = static_cast<std::int32_t>(text.size());
    std::vector<Token> tokens(text.size() + 8);
    const auto fill = [&] {
        return llama_tokenize(handle_->vocabulary, text.data(), length, tokens.data(),
                              static_cast<std::int32_t>(tokens.size()), add_special, parse_special);
    };
    try {
        std::int32_t count = fill();
        if (count == std::numeric_limits<std::int32_t>::min()) throw core::input_error("the text has too many tokens");
        if (count < 0) {
            tokens.resize(static_cast<std::size_t>(-static_cast<std::int64_t>(count)));
            count = fill();
        }
        tokens.resize(static_cast<std::size_t>(std::max(count, 0)));
    } catch (const core::Error&) {
        throw;
    } catch (const std::exception& reason) {
        throw core::input_error(std::string("the text cannot be tokenised: ") + reason.what(), "valid UTF-8");
    }
    return tokens;
}

std::string Model::detokenize(std::span<const Token> tokens) const {
    for (const Token token : tokens)
        if (token < 0 || token >= vocabulary())
            throw core::input_error("token " + std::to_string(token) + " is not in the vocabulary of " +
                                    std::to_string(vocabulary()));
    std::string text(tokens.size() * 8 + 16, '\0');
    const auto fill = [&] {
        return llama_detokenize(handle_->vocabulary, tokens.data(), static_cast<std::int32_t>(tokens.size()),
                                text.data(), static_cast<std::int32_t>(text.size()), false, true);
    };
    std::int32_t length = fill();
    if (length < 0) {
        text.resize(static_cast<std::size_t>(-static_cast<std::int64_t>(length)));
        length = fill();
    }
    text.resize(static_cast<std::size_t>(std::max(length, 0)));
    return text;
}

std::string Model::apply_chat_template(const std::vector<ChatMessage>& messages, bool add_generation_prompt) const {
    if (!handle_->chat_template) handle_->chat_template = std::make_unique<ChatTemplate>(handle_->model.get());
    return handle_->chat_template->apply(messages, add_generation_prompt);
}

bool Model::has_chat_template() const {
    return llama_model_chat_template(handle_->model.get(), nullptr) != nullptr;
}

int Model::vocabulary() const {
    return llama_vocab_n_tokens(handle_->vocabulary);
}
int Model::trained_context() const {
    return handle_->trained_context;
}
int Model::layers() const {
    return handle_->layers;
}
bool Model::is_end_of_generation(Token token) const {
    return llama_vocab_is_eog(handle_->vocabulary, token);
}
const std::filesystem::path& Model::path() const {
    return handle_->path;
}

}  // namespace scale::engine
