// What a quantised Hugging Face checkpoint of any writer says, as a GGUF file that the engine runs in F32.
//
// usage: bench_decode_checkpoint ORIGINAL-FOLDER ORIGINAL.gguf CHECKPOINT-FOLDER OUT.gguf
//
// Reads GPTQ (symmetric, natural order), AWQ and compressed-tensors checkpoints; norms and biases too, since some
// methods change them.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <string>

#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "engine/stock_quantize.h"
#include "quantize/export/checkpoint_writer.h"
#include "quantize/export/source_model.h"
#include "quantize/overwrite.h"

namespace {

using namespace scale;
using namespace scale::quantize;
namespace fs = std::filesystem;

struct Described {
    CheckpointFormat format;
    int group;
};

Described described(const core::Json& config) {
    const auto named = [](const char* name, int group) { return Described{*find_checkpoint_format(name), group}; };
    const std::string method = config.at("quant_method");
    if (method == "gptq" || method == "auto-round")
        return named(config.at("bits") == 8 ? "gptq-8bit" : "gptq", config.at("group_size"));
    if (method == "awq") return named("awq", config.at("group_size"));
    const core::Json weights = config.at("config_groups").at("group_0").at("weights");
    if (weights.at("num_bits") == 8) return named("w8a8", 0);
    return named(weights.at("symmetric").get<bool>() ? "w4a16" : "w4a16-asym", weights.at("group_size"));
}

// As stored, with shapes as the layout wants them: some writers store a scale a row without its second dimension.
std::vector<PackedTensor> stored(const model::SafetensorsFolder& folder, const Module& module,
                                 const std::vector<PackedTensor>& layout) {
    std::vector<PackedTensor> tensors;
    for (const PackedTensor& wanted : layout) {
        const model::SafetensorInfo& info = folder.require(module.module + "." + wanted.suffix);
        const auto bytes = folder.data(info);
        tensors.push_back({wanted.suffix, info.type->element, wanted.shape, {bytes.begin(), bytes.end()}});
    }
    return tensors;
}

class Output {
  public:
    Output(const fs::path& path) : gguf_(path), file_(open_to_overwrite(path)) {}
    void write(const std::string& tensor, const std::vector<float>& values) {
        overwrite(file_, gguf_.tensor(tensor)->offset,
                  {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)}, tensor);
    }

  private:
    model::GgufFile gguf_;
    core::FileDescriptor file_;
};

void run(const fs::path& original_folder, const fs::path& original, const fs::path& checkpoint, const fs::path& out) {
    const SourceModel source(original_folder);
    const core::Json config =
        core::parse_json(core::read_file(checkpoint / "config.json"), "config.json").at("quantization_config");
    const auto [format, group] = described(config);
    const model::SafetensorsFolder folder(checkpoint);
    engine::quantize(original, out, {.mix = "F32"});
    Output output(out);
    for (const Module& module : quantised_modules(source)) {
        const std::string scale = module.module + (format.layout == CheckpointFormat::Layout::gptq ||
                                                           format.layout == CheckpointFormat::Layout::awq
                                                       ? ".scales"
                                                       : ".weight_scale");
        const auto layout =
            packed_layout(format, module.rows, module.columns, group, folder.require(scale).type->element);
        const UniformMatrix matrix = unpack(format, stored(folder, module, layout), module.rows, module.columns, group);
        output.write(module.tensor, permuted(matrix, module.head_size, RowOrder::to_gguf).decoded());
    }
    for (const model::MappedTensor& tensor : source.tensors()) {
        if (tensor.shape.size() != 1) continue;
        const model::SafetensorInfo& info = folder.require(tensor.sources.front());
        std::vector<float> values = permuted_rows(folder.read_floats(info), static_cast<int>(info.elements),
                                                  tensor.head_size, RowOrder::to_gguf);
        if (tensor.plus_one)
            for (float& value : values) value += 1;
        output.write(tensor.name, values);
    }
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 5) {
        std::fputs("usage: bench_decode_checkpoint ORIGINAL-FOLDER ORIGINAL.gguf CHECKPOINT-FOLDER OUT.gguf\n", stderr);
        return 2;
    }
    try {
        run(arguments[1], arguments[2], arguments[3], arguments[4]);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "bench_decode_checkpoint: %s\n", error.what());
        return 1;
    }
    return 0;
}
