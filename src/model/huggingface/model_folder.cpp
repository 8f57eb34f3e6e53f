#include "model/huggingface/model_folder.h"

#include <algorithm>
#include <cerrno>
#include <set>
#include <sys/stat.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/error.h"
#include "core/hash.h"
#include "core/progress.h"
#include "model/gguf_metadata.h"

namespace scale::model {

namespace {

namespace fs = std::filesystem;

constexpr const char* embedding = "model.embed_tokens.weight";
constexpr const char* head = "lm_head.weight";

bool decided_tie(const Architecture& architecture, const SafetensorsFolder& weights) {
    const SafetensorInfo* own_head = weights.tensor(head);
    if (!architecture.tied_head && !architecture.family->always_tied) return own_head == nullptr;
    const bool tied = architecture.tied_head.value_or(true);
    if (!tied && architecture.family->always_tied)
        throw core::input_error((weights.path() / "config.json").string() + ": tie_word_embeddings is false",
                                fmt::format("true for {}, whose head is the embedding", architecture.family->gguf),
                                "name the folder of the released model");
    if (!tied || !own_head) return tied;
    const SafetensorInfo& embedded = weights.require(embedding);
    const auto a = weights.data(embedded), b = weights.data(*own_head);
    if (embedded.type != own_head->type || !std::equal(a.begin(), a.end(), b.begin(), b.end()))
        throw core::input_error(fmt::format("{}: tie_word_embeddings is true, but {} differs from {}",
                                            weights.path().string(), head, embedding),
                                "one of the two", "set tie_word_embeddings to false if the head was trained apart");
    return true;
}

const SafetensorInfo& checked_source(const SafetensorsFolder& weights, const MappedTensor& mapped,
                                     const std::string& source) {
    const SafetensorInfo* tensor = weights.tensor(source);
    if (!tensor)
        throw core::input_error(fmt::format("{}: config.json calls for tensor {}, which is not there",
                                            weights.path().string(), shown(source)),
                                "weights and config.json of one model", "copy or download the folder again");
    if (tensor->shape != mapped.shape)
        throw core::input_error(fmt::format("{}: tensor {} has the shape [{}]", weights.path().string(), shown(source),
                                            fmt::join(tensor->shape, ", ")),
                                fmt::format("[{}], which is what config.json makes it", fmt::join(mapped.shape, ", ")),
                                "use weights and config.json of one model");
    const Element type = tensor->type->element;
    if (type != Element::f32 && type != Element::f16 && type != Element::bf16)
        throw core::input_error(
            fmt::format("{}: tensor {} has dtype {}", weights.path().string(), shown(source), tensor->type->name),
            "F32, F16 or BF16", "name the folder of the original in full precision");
    return *tensor;
}

void check_tensors(const SafetensorsFolder& weights, const std::vector<MappedTensor>& tensors, bool tied) {
    std::set<std::string_view> used;
    for (const MappedTensor& mapped : tensors) {
        const ElementType* type = nullptr;
        for (const std::string& source : mapped.sources) {
            const SafetensorInfo& tensor = checked_source(weights, mapped, source);
            if (type && type != tensor.type)
                throw core::input_error(fmt::format("{}: tensor {} has another dtype than the experts before it",
                                                    weights.path().string(), shown(source)),
                                        std::string(type->name), "save the model in one precision");
            type = tensor.type;
            used.insert(tensor.name);
        }
    }
    for (const auto& [name, tensor] : weights.tensors()) {
        const bool derived = name.ends_with(".rotary_emb.inv_freq");  // old files keep what config.json gives
        if (!used.contains(name) && !derived && !(tied && name == head))
            throw core::input_error(
                fmt::format("{}: tensor {} has no place in this architecture", weights.path().string(), shown(name)),
                "the tensors that config.json calls for",
                "convert the model with llama.cpp's convert_hf_to_gguf.py and name the GGUF file instead");
    }
}

}  // namespace

bool is_model_folder(const fs::path& folder) {
    std::error_code failure;
    return fs::is_directory(folder, failure) && fs::exists(folder / "config.json", failure);
}

std::uint64_t ModelFolder::parameters() const {
    std::uint64_t sum = 0;
    for (const MappedTensor& tensor : tensors)
        for (const std::string& source : tensor.sources) sum += weights.require(source).elements;
    return sum;
}

ModelFolder read_model_folder(const fs::path& folder) {
    if (!is_model_folder(folder))
        throw core::input_error(folder.string() + ": is no folder with a config.json", "a Hugging Face model folder",
                                "name the folder that holds config.json and the weights");
    Architecture architecture = read_architecture(folder);
    SafetensorsFolder weights(folder);
    architecture.tied_head = decided_tie(architecture, weights);
    std::vector<MappedTensor> tensors = map_tensors(architecture);
    check_tensors(weights, tensors, *architecture.tied_head);
    Vocabulary vocabulary = read_vocabulary(folder, architecture);
    return {std::move(architecture), std::move(weights), std::move(tensors), std::move(vocabulary)};
}

std::vector<fs::path> model_files(const fs::path& folder) {
    std::vector<fs::path> files;
    for (const char* name : {"added_tokens.json", "chat_template.jinja", "chat_template.json", "config.json",
                             "tokenizer.json", "tokenizer.model", "tokenizer_config.json"})
        if (fs::exists(folder / name)) files.push_back(folder / name);
    const SafetensorsFolder weights(folder);
    for (const SafetensorsFile& shard : weights.shards()) files.push_back(shard.path());
    std::sort(files.begin(), files.end());
    return files;
}

std::string folder_digest(const fs::path& folder, const std::string& label) {
    const std::vector<fs::path> files = model_files(folder);
    std::uint64_t total = 0;
    for (const fs::path& file : files) total += fs::file_size(file);
    core::Progress progress(label);
    core::Sha256 hash;
    std::uint64_t before = 0;
    for (const fs::path& file : files) {
        const std::string digest = core::sha256_file(file, [&](std::uint64_t done) {
            progress.update(static_cast<double>(before + done), static_cast<double>(total));
        });
        before += fs::file_size(file);
        hash.update(fmt::format("{}  {}\n", digest, file.filename().string()));
    }
    return hash.hex();
}

std::string folder_stamp(const fs::path& folder) {
    core::Sha256 hash;
    for (const fs::path& file : model_files(folder)) {
        struct stat status {};
        if (::stat(file.c_str(), &status) != 0) throw core::system_error("cannot read " + file.string(), errno);
        hash.update(fmt::format("{} {} {}.{:09}\n", file.filename().string(), status.st_size, status.st_mtim.tv_sec,
                                status.st_mtim.tv_nsec));
    }
    return hash.hex();
}

}  // namespace scale::model
