#include "quantize/fold/pairs.h"

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>

#include "model/summary.h"

namespace scale::quantize {

namespace {

// Graphs (llama.cpp, src/models, at the pinned version) in which the norm before attention is read by q, k and v alone,
// the one before the feed-forward by gate and up alone, and values pass to the output projection unchanged.
constexpr std::array<std::string_view, 7> known{"llama", "qwen2", "qwen3", "gemma", "gemma2", "gemma3", "phi3"};

class Layer {
  public:
    Layer(const model::GgufFile& file, int layer) : file_(file), prefix_(fmt::format("blk.{}.", layer)) {}

    std::string name(std::string_view tensor) const { return prefix_ + std::string(tensor); }
    const model::TensorInfo* find(std::string_view tensor) const { return file_.tensor(name(tensor)); }
    bool has(std::string_view tensor) const { return find(tensor) != nullptr; }

    void add_norm(std::string_view norm, std::initializer_list<std::string_view> readers,
                  std::vector<FoldPair>& pairs) const {
        FoldPair pair{FoldPair::Source::norm, name(norm), {}, {}, {}};
        for (const std::string_view reader : readers)
            if (has(reader)) pair.readers.push_back(name(reader));
        if (has(norm) && !pair.readers.empty()) pairs.push_back(std::move(pair));
    }

  private:
    const model::GgufFile& file_;
    std::string prefix_;
};

// Output channel h · size + d of head h comes from row (h / heads a value head) · size + d of attn_v.
std::vector<int> value_rows(std::uint64_t channels, std::uint64_t rows, std::uint64_t heads, std::uint64_t kv_heads) {
    const std::uint64_t size = channels / heads, share = heads / kv_heads;
    if (size * heads != channels || share * kv_heads != heads || size * kv_heads != rows) return {};
    std::vector<int> source;
    for (std::uint64_t channel = 0; channel < channels; ++channel)
        source.push_back(static_cast<int>(channel / size / share * size + channel % size));
    return source;
}

}  // namespace

std::vector<FoldPair> fold_pairs(const model::GgufFile& file, int index) {
    std::vector<FoldPair> pairs;
    const model::ModelSummary summary = model::summarise(file);
    if (std::find(known.begin(), known.end(), summary.architecture) == known.end()) return pairs;
    const Layer layer(file, index);
    layer.add_norm("attn_norm.weight", {"attn_q.weight", "attn_k.weight", "attn_v.weight", "attn_qkv.weight"}, pairs);
    layer.add_norm("ffn_norm.weight", {"ffn_gate.weight", "ffn_up.weight"}, pairs);
    if (layer.has("ffn_gate.weight") && layer.has("ffn_up.weight") && layer.has("ffn_down.weight"))
        pairs.push_back({FoldPair::Source::rows,
                         layer.name("ffn_up.weight"),
                         layer.has("ffn_up.bias") ? layer.name("ffn_up.bias") : "",
                         {layer.name("ffn_down.weight")},
                         {}});
    const model::TensorInfo* values = layer.find("attn_v.weight");
    const model::TensorInfo* output = layer.find("attn_output.weight");
    if (values && output && values->shape.size() == 2 && output->shape.size() == 2 && summary.heads > 0 &&
        summary.kv_heads > 0) {
        std::vector<int> rows = value_rows(output->shape[0], values->shape[1], summary.heads, summary.kv_heads);
        if (!rows.empty())
            pairs.push_back({FoldPair::Source::heads,
                             layer.name("attn_v.weight"),
                             layer.has("attn_v.bias") ? layer.name("attn_v.bias") : "",
                             {layer.name("attn_output.weight")},
                             std::move(rows)});
    }
    return pairs;
}

}  // namespace scale::quantize
