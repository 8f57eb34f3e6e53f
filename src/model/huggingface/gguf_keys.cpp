#include "model/huggingface/gguf_keys.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "model/huggingface/rope.h"

namespace scale::model {

namespace {

constexpr std::uint64_t quantization_version = 2;  // GGML_QNT_VERSION

// "6.8M", "1.2B", "135M": two digits at least.
std::string size_label(std::uint64_t parameters) {
    constexpr std::array<std::pair<double, char>, 3> units{{{1e12, 'T'}, {1e9, 'B'}, {1e6, 'M'}}};
    const auto count = static_cast<double>(parameters);
    double scaled = count / 1e3;
    char suffix = 'K';
    for (const auto& [unit, letter] : units)
        if (count > unit) {
            scaled = count / unit;
            suffix = letter;
            break;
        }
    const double rounded = std::nearbyint(scaled);
    const int digits = rounded < 1 ? 2 : rounded < 10 ? 1 : 0;
    return fmt::format("{:.{}f}{}", scaled, digits, suffix);
}

// The same for equal folders, wherever they lie. The engine takes white space behind control tokens away where a name
// holds "phi3", as Phi-3's own tokenizer does, and cannot load such a file without these four tokens.
std::string model_name(const ModelFolder& folder, const std::string& size) {
    const Family& family = *folder.architecture.family;
    const auto& tokens = folder.vocabulary.tokens;
    const bool has_all = [&] {
        for (const char* token : {"<unk>", "<s>", "</s>", "<|endoftext|>"})
            if (std::find(tokens.begin(), tokens.end(), token) == tokens.end()) return false;
        return true;
    }();
    const std::string_view class_name = family.class_name;
    const std::string_view stem = class_name.substr(0, class_name.find("ForCausalLM"));
    return fmt::format("{} {}", family.gguf == "phi3" && !has_all ? "Phi" : stem, size);
}

class Keys {
  public:
    Keys(GgufHeader& header, const Architecture& architecture)
        : header_(header), is_(architecture), prefix_(std::string(architecture.family->gguf) + ".") {}

    void sizes() {
        number("block_count", is_.layers);
        number("context_length", is_.context);
        number("embedding_length", is_.width);
        number("feed_forward_length", is_.feed_forward);
        number("attention.head_count", is_.heads);
        number("attention.head_count_kv", is_.kv_heads);
        real("attention.layer_norm_rms_epsilon", is_.norm_epsilon);
        number("attention.key_length", is_.head_size);
        number("attention.value_length", is_.head_size);
    }

    void rope() {
        real("rope.freq_base", is_.rope_base);
        if (is_.rope_base_local) real("rope.freq_base_swa", *is_.rope_base_local);
        const std::string_view gguf = is_.family->gguf;
        if (gguf == "llama" || gguf == "phi3") number("rope.dimension_count", is_.rotary_size);
        const RopeScaling& scaling = is_.rope_scaling;
        if (scaling.type == "linear" || scaling.type == "yarn") {
            text("rope.scaling.type", scaling.type);
            real("rope.scaling.factor", scaling.factor);
        }
        if (scaling.type == "yarn" || gguf == "phi3")
            number("rope.scaling.original_context_length", scaling.original_context);
        if (scaling.attention_factor) real("rope.scaling.yarn_attn_factor", *scaling.attention_factor);
        if (scaling.beta_fast) real("rope.scaling.yarn_beta_fast", *scaling.beta_fast);
        if (scaling.beta_slow) real("rope.scaling.yarn_beta_slow", *scaling.beta_slow);
        if (scaling.type == "longrope") real("rope.scaling.attn_factor", longrope_attention_factor(is_));
    }

    void attention() {
        if (is_.family->local_attention || is_.family->gguf == "phi3")
            number("attention.sliding_window", is_.sliding_window);
        if (is_.attention_softcap != 0) real("attn_logit_softcapping", is_.attention_softcap);
        if (is_.final_softcap != 0) real("final_logit_softcapping", is_.final_softcap);
    }

    void experts() {
        if (is_.experts == 0) return;
        number("expert_count", is_.experts);
        number("expert_used_count", is_.experts_used);
        if (is_.family->experts == ExpertLayout::qwen) number("expert_feed_forward_length", is_.expert_feed_forward);
        if (is_.family->shared_expert) number("expert_shared_feed_forward_length", is_.shared_feed_forward);
    }

    void vocabulary_size() {
        if (is_.family->gguf == "llama") number("vocab_size", is_.vocabulary);
    }

  private:
    void number(const char* key, std::uint64_t value) { header_.number(prefix_ + key, value); }
    void real(const char* key, double value) { header_.real(prefix_ + key, value); }
    void text(const char* key, const std::string& value) { header_.text(prefix_ + key, value); }

    GgufHeader& header_;
    const Architecture& is_;
    std::string prefix_;
};

}  // namespace

std::uint64_t file_type(const ModelFolder& folder) {
    std::array<std::uint64_t, 3> elements{};  // F32, F16, BF16
    for (const MappedTensor& tensor : folder.tensors) {
        if (tensor.as_float) continue;
        const SafetensorInfo& source = folder.weights.require(tensor.sources.front());
        const Element type = source.type->element;
        elements[type == Element::f32 ? 0 : type == Element::f16 ? 1 : 2] += source.elements * tensor.sources.size();
    }
    constexpr std::array<std::uint64_t, 3> numbers{0, 1, 32};  // LLAMA_FTYPE_ALL_F32, MOSTLY_F16, MOSTLY_BF16
    return numbers[static_cast<std::size_t>(std::max_element(elements.begin(), elements.end()) - elements.begin())];
}

void put_architecture(GgufHeader& header, const ModelFolder& folder) {
    const Architecture& architecture = folder.architecture;
    const std::string size = size_label(folder.parameters());
    header.text("general.architecture", architecture.family->gguf);
    header.text("general.type", "model");
    header.text("general.name", model_name(folder, size));
    if (architecture.experts == 0) header.text("general.size_label", size);
    Keys keys(header, architecture);
    keys.sizes();
    keys.rope();
    keys.attention();
    keys.experts();
    header.number("general.file_type", file_type(folder));
    keys.vocabulary_size();
    header.number("general.quantization_version", quantization_version);
}

void put_vocabulary(GgufHeader& header, const Vocabulary& vocabulary) {
    header.text("tokenizer.ggml.model", vocabulary.model);
    header.text("tokenizer.ggml.pre", vocabulary.pre);
    header.texts("tokenizer.ggml.tokens", vocabulary.tokens);
    if (!vocabulary.scores.empty()) header.reals("tokenizer.ggml.scores", vocabulary.scores);
    std::vector<std::int32_t> kinds;
    for (const TokenKind kind : vocabulary.kinds) kinds.push_back(static_cast<std::int32_t>(kind));
    header.integers("tokenizer.ggml.token_type", kinds);
    if (!vocabulary.merges.empty()) header.texts("tokenizer.ggml.merges", vocabulary.merges);
    constexpr std::array<std::pair<const char*, const char*>, 6> names{{{"bos", "bos_token_id"},
                                                                        {"eos", "eos_token_id"},
                                                                        {"unk", "unknown_token_id"},
                                                                        {"sep", "seperator_token_id"},
                                                                        {"pad", "padding_token_id"},
                                                                        {"mask", "mask_token_id"}}};
    for (const auto& [kind, name] : names)
        if (const auto id = vocabulary.special_ids.find(kind); id != vocabulary.special_ids.end())
            header.number(std::string("tokenizer.ggml.") + name, id->second);
    for (const auto& [kind, added] : vocabulary.added)
        header.flag(fmt::format("tokenizer.ggml.add_{}_token", kind), added);
    if (vocabulary.space_prefix) header.flag("tokenizer.ggml.add_space_prefix", *vocabulary.space_prefix);
    if (!vocabulary.chat_template.empty()) header.text("tokenizer.chat_template", vocabulary.chat_template);
}

}  // namespace scale::model
