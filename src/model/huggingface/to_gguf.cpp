#include "model/huggingface/to_gguf.h"

#include <algorithm>
#include <cstring>

#include "model/gguf_writer.h"
#include "model/huggingface/gguf_keys.h"
#include "model/huggingface/rope.h"

namespace scale::model {

namespace {

constexpr std::uint64_t chunk_bytes = 16 << 20;

const TensorType& stored_type(const ModelFolder& folder, const MappedTensor& tensor) {
    if (tensor.as_float) return *tensor_type("F32");
    return *tensor_type(folder.weights.require(tensor.sources.front()).type->name);
}

// Innermost first; experts are the outermost dimension.
std::vector<std::uint64_t> gguf_shape(const MappedTensor& tensor) {
    std::vector<std::uint64_t> shape(tensor.shape.rbegin(), tensor.shape.rend());
    if (tensor.sources.size() > 1) shape.push_back(tensor.sources.size());
    return shape;
}

// Tensors that the file holds beside the weights: how rotary frequencies are divided.
struct ExtraTensor {
    const char* name;
    std::vector<float> values;
};

std::vector<ExtraTensor> extra_tensors(const Architecture& architecture) {
    const RopeScaling& scaling = architecture.rope_scaling;
    if (scaling.type == "llama3") return {{"rope_freqs.weight", llama3_divisors(architecture)}};
    if (scaling.type != "longrope") return {};
    return {{"rope_factors_long.weight", {scaling.long_factors.begin(), scaling.long_factors.end()}},
            {"rope_factors_short.weight", {scaling.short_factors.begin(), scaling.short_factors.end()}}};
}

class Streamer {
  public:
    Streamer(const ModelFolder& folder, GgufWriter& writer,
             const std::function<void(std::uint64_t, std::uint64_t)>& progress)
        : folder_(folder), writer_(writer), progress_(progress), total_(folder.weights.tensor_bytes()) {}

    void stream(const MappedTensor& tensor) {
        for (const std::string& name : tensor.sources) {
            const SafetensorInfo& source = folder_.weights.require(name);
            const std::uint64_t rows = source.shape.size() == 1 ? source.elements : source.rows();
            const std::uint64_t row_bytes = source.bytes / rows;
            const std::uint64_t step = std::max<std::uint64_t>(1, chunk_bytes / row_bytes);
            for (std::uint64_t first = 0; first < rows; first += step)
                stream_rows(tensor, source, row_bytes, first, std::min(step, rows - first));
            done_ += source.bytes;
            if (progress_) progress_(done_, total_);
        }
    }

  private:
    void stream_rows(const MappedTensor& tensor, const SafetensorInfo& source, std::uint64_t row_bytes,
                     std::uint64_t first, std::uint64_t count) {
        const auto data = folder_.weights.data(source);
        auto rows = data.subspan(first * row_bytes, count * row_bytes);
        if (tensor.head_size != 0) {
            permuted_.resize(rows.size());
            for (std::uint64_t row = 0; row < count; ++row)
                std::memcpy(permuted_.data() + row * row_bytes,
                            data.data() + source_row(first + row, tensor.head_size) * row_bytes, row_bytes);
            rows = permuted_;
        }
        if (!tensor.as_float) return writer_.append(rows);
        floats_.resize(rows.size() / source.type->bytes);
        to_floats(source, rows, floats_);
        if (tensor.plus_one)
            for (float& value : floats_) value += 1;
        writer_.append(std::as_bytes(std::span(floats_)));
    }

    const ModelFolder& folder_;
    GgufWriter& writer_;
    const std::function<void(std::uint64_t, std::uint64_t)>& progress_;
    std::uint64_t total_;
    std::uint64_t done_ = 0;
    std::vector<std::byte> permuted_;
    std::vector<float> floats_;
};

}  // namespace

void write_gguf(const ModelFolder& folder, const std::filesystem::path& file,
                const std::function<void(std::uint64_t, std::uint64_t)>& progress) {
    const std::vector<ExtraTensor> extras = extra_tensors(folder.architecture);
    GgufHeader header;
    put_architecture(header, folder);
    put_vocabulary(header, folder.vocabulary);
    for (const ExtraTensor& extra : extras) {
        const std::uint64_t length = extra.values.size();
        header.tensor(extra.name, *tensor_type("F32"), {&length, 1});
    }
    for (const MappedTensor& tensor : folder.tensors)
        header.tensor(tensor.name, stored_type(folder, tensor), gguf_shape(tensor));
    GgufWriter writer(file, header);
    for (const ExtraTensor& extra : extras) writer.append(std::as_bytes(std::span(extra.values)));
    Streamer streamer(folder, writer, progress);
    for (const MappedTensor& tensor : folder.tensors) streamer.stream(tensor);
    writer.publish();
}

}  // namespace scale::model
