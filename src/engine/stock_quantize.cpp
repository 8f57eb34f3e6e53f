#include "engine/stock_quantize.h"

#include <algorithm>
#include <deque>
#include <memory>
#include <optional>
#include <utility>

#include <ggml.h>
#include <gguf.h>

#include "core/error.h"
#include "core/file.h"
#include "core/text.h"
#include "engine/dry_run.h"
#include "engine/importance.h"
#include "engine/stock_mixes.h"
#include "model/gguf.h"
#include "model/tensor_type.h"

namespace scale::engine {

namespace {

namespace fs = std::filesystem;

struct GgufDeleter {
    void operator()(gguf_context* context) const { gguf_free(context); }
};
struct GgmlDeleter {
    void operator()(ggml_context* context) const { ggml_free(context); }
};
using GgufPointer = std::unique_ptr<gguf_context, GgufDeleter>;
using GgmlPointer = std::unique_ptr<ggml_context, GgmlDeleter>;

std::uint64_t padded(std::uint64_t bytes) {
    return GGML_PAD(bytes, std::uint64_t{GGUF_DEFAULT_ALIGNMENT});
}

// The layers that are dropped, ended by -1; empty where all are kept.
std::vector<std::int32_t> dropped_layers(const model::GgufFile& file, int keep_layers) {
    const std::string architecture = file.text("general.architecture");
    const auto layers = static_cast<std::int32_t>(file.number(architecture + ".block_count"));
    std::vector<std::int32_t> dropped;
    if (keep_layers <= 0 || keep_layers >= layers) return dropped;
    for (std::int32_t layer = keep_layers; layer < layers; ++layer) dropped.push_back(layer);
    dropped.push_back(-1);
    return dropped;
}

llama_model_quantize_params quantize_parameters(const StockMix& mix) {
    llama_model_quantize_params parameters = llama_model_quantize_default_params();
    parameters.ftype = mix.type;
    parameters.allow_requantize = true;
    return parameters;
}

// `types` as the engine takes them: patterns of which the first that is found in a name decides.
class TypeOverrides {
  public:
    explicit TypeOverrides(const TensorTypes& types) {
        for (const auto& [tensor, name] : types) {
            const model::TensorType* type = model::tensor_type(std::string_view(name));
            if (!type || type->id >= GGML_TYPE_COUNT)
                throw core::input_error("'" + name + "', wanted for " + tensor + ", is no type of the engine",
                                        "one such as Q4_K");
            patterns_.push_back("^" + escaped(tensor) + "$");
            list_.insert(list_.end() - 1, {patterns_.back().c_str(), static_cast<ggml_type>(type->id)});
        }
    }

    // Valid as long as this object; ends with an entry without a pattern.
    const llama_model_tensor_override* list() const { return list_.data(); }

  private:
    static std::string escaped(const std::string& name) {
        std::string pattern;
        for (const char c : name) {
            if (std::string_view("\\^$.|?*+()[]{}").find(c) != std::string_view::npos) pattern += '\\';
            pattern += c;
        }
        return pattern;
    }

    std::deque<std::string> patterns_;
    std::vector<llama_model_tensor_override> list_{{nullptr, GGML_TYPE_COUNT}};
};

// Bytes in front of the tensors: the original's metadata with the keys that the engine adds and drops, and one entry
// for each tensor that is kept.
std::uint64_t metadata_bytes(const fs::path& original, const std::vector<TensorLine>& kept, bool drops_layers) {
    ggml_context* tensors_raw = nullptr;
    const GgufPointer source(gguf_init_from_file(original.c_str(), {.no_alloc = true, .ctx = &tensors_raw}));
    const GgmlPointer tensors(tensors_raw);
    if (!source || !tensors) throw core::input_error("the engine cannot read the metadata of " + original.string());
    const GgufPointer target(gguf_init_empty());
    gguf_set_kv(target.get(), source.get());
    gguf_set_val_u32(target.get(), "general.quantization_version", GGML_QNT_VERSION);
    gguf_set_val_u32(target.get(), "general.file_type", 0);
    for (const char* key : {"split.no", "split.count", "split.tensors.count"}) gguf_remove_key(target.get(), key);
    const std::int64_t architecture = gguf_find_key(source.get(), "general.architecture");
    if (drops_layers && architecture >= 0)
        gguf_set_val_u32(target.get(),
                         (std::string(gguf_get_val_str(source.get(), architecture)) + ".block_count").c_str(), 0);
    for (const TensorLine& line : kept)
        if (const ggml_tensor* tensor = ggml_get_tensor(tensors.get(), line.name.c_str()))
            gguf_add_tensor(target.get(), tensor);
    return gguf_get_meta_size(target.get());
}

TensorPlan plan_tensor(const model::TensorInfo& tensor, const TensorLine& line) {
    const model::TensorType* type = model::tensor_type(std::string_view(line.type));
    if (!type)
        throw core::input_error("the engine gives " + line.name + " the type " + line.type + ", which is not known");
    const std::uint64_t rows = tensor.elements / tensor.shape[0];
    return {line.name, std::string(type->name), rows * (tensor.shape[0] / type->block * type->bytes), line.fallback};
}

QuantizePlan plan_from(const model::GgufFile& file, const std::vector<TensorLine>& lines, bool drops_layers) {
    QuantizePlan plan;
    std::uint64_t weights = 0;
    plan.file_bytes = metadata_bytes(file.path(), lines, drops_layers);
    for (const TensorLine& line : lines) {
        // Layers are dropped from the end, so the names of those that stay are the original's.
        const model::TensorInfo* tensor = file.tensor(line.name);
        if (!tensor)
            throw core::input_error("the engine plans for " + line.name + ", which " + file.path().string() +
                                    " has not");
        plan.tensors.push_back(plan_tensor(*tensor, line));
        plan.tensor_bytes += plan.tensors.back().bytes;
        plan.file_bytes += padded(plan.tensors.back().bytes);
        plan.fallback_tensors += line.fallback ? 1 : 0;
        weights += tensor->elements;
    }
    if (weights == 0) throw core::input_error(file.path().string() + " has no tensors to quantise");
    plan.bits_per_weight = 8.0 * static_cast<double>(plan.tensor_bytes) / static_cast<double>(weights);
    return plan;
}

void require_another_file(const fs::path& original, const fs::path& target) {
    std::error_code ignored;
    if (fs::equivalent(original, target, ignored))
        throw core::input_error("the original and the target are the same file: " + original.string());
}

void require_whole(const fs::path& target, const QuantizePlan& plan) {
    std::error_code failure;
    const std::uint64_t written = fs::file_size(target, failure);
    if (failure || written != plan.file_bytes)
        throw core::io_error(
            target.string() + " has " + (failure ? "no" : std::to_string(written)) + " bytes after it was written",
            std::to_string(plan.file_bytes) + " bytes", "is the disk full?");
}

}  // namespace

QuantizePlan plan_quantization(const fs::path& original, const std::string& mix_name, const PlanOptions& options) {
    const StockMix& mix = stock_mix(mix_name);
    const model::GgufFile file(original);
    const std::vector<std::int32_t> dropped = dropped_layers(file, options.keep_layers);
    llama_model_quantize_params parameters = quantize_parameters(mix);
    parameters.dry_run = true;
    std::optional<Importance> importance;
    if (options.with_statistics || mix.needs_statistics) {
        importance = Importance::uniform(file);  // a dry run looks at no value
        parameters.imatrix = importance->list();
    }
    const TypeOverrides overrides(options.types);
    parameters.tt_overrides = overrides.list();
    if (!dropped.empty()) parameters.prune_layers = dropped.data();
    return plan_from(file, run_quantizer(original, {}, parameters), !dropped.empty());
}

void quantize(const fs::path& original, const fs::path& target, const QuantizeOptions& options) {
    const StockMix& mix = stock_mix(options.mix);
    const QuantizePlan plan = plan_quantization(
        original, options.mix,
        {.with_statistics = options.statistics != nullptr, .keep_layers = options.keep_layers, .types = options.types});
    require_another_file(original, target);
    core::require_free_space(target.parent_path(), plan.file_bytes, "the " + options.mix + " file");
    const model::GgufFile file(original);
    const std::vector<std::int32_t> dropped = dropped_layers(file, options.keep_layers);
    llama_model_quantize_params parameters = quantize_parameters(mix);
    parameters.nthread = std::max(options.threads, 1);
    std::optional<Importance> importance;
    if (options.statistics)
        importance = Importance::of(*options.statistics, file);
    else if (mix.needs_statistics)
        importance = Importance::uniform(file);
    if (importance) parameters.imatrix = importance->list();
    const TypeOverrides overrides(options.types);
    parameters.tt_overrides = overrides.list();
    if (!dropped.empty()) parameters.prune_layers = dropped.data();
    run_quantizer(original, target, parameters);
    require_whole(target, plan);
}

}  // namespace scale::engine
