// Writing a folder of safetensors, streamed: memory stays at what the caller hands over, whatever the model's size.
//
// All tensors are declared first, so that every header is written before any data and data may come in any order. They
// are dealt to shards in the declared order, as transformers does it: model.safetensors where one shard is enough,
// otherwise model-00001-of-0000N.safetensors with model.safetensors.index.json. Inside a shard they lie as in the
// reference implementation (wider types first, then by name), and the header carries {"format": "pt"}.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/file.h"
#include "model/safetensors/element_type.h"

namespace scale::model {

struct SafetensorDeclaration {
    std::string name;
    Element type = Element::f16;
    std::vector<std::uint64_t> shape;  // outermost first
};

struct SafetensorsWriterOptions {
    std::uint64_t shard_bytes = 5'000'000'000;  // of a shard's tensors, at most; a larger tensor has a shard of its own
};

class SafetensorsWriter {
  public:
    // `folder` must not exist, or be empty: it appears whole, by a rename, in publish(). Until then everything lies in
    // a hidden folder beside it, which the destructor removes if nothing was published, and a later writer to the same
    // folder if the process was killed. Throws an input error for a repeated or unusable name, an overflowing shape and
    // a folder with something in it, an io error where the disk has too little space.
    SafetensorsWriter(std::filesystem::path folder, const std::vector<SafetensorDeclaration>& tensors,
                      const SafetensorsWriterOptions& options = {});
    SafetensorsWriter(const SafetensorsWriter&) = delete;
    SafetensorsWriter& operator=(const SafetensorsWriter&) = delete;

    // Where to put further files (config.json, tokenizer) that are to appear with the weights.
    const std::filesystem::path& staging() const { return staging_.path; }

    // Appends to the named tensor, whole or in pieces; pieces of one tensor come in order. Throws std::logic_error for
    // an undeclared tensor or more bytes than its declaration has: those are our own mistakes.
    void append(std::string_view name, std::span<const std::byte> bytes);

    // Syncs every file and renames the folder into place. std::logic_error where a tensor has bytes missing.
    void publish();

  private:
    struct Slot {  // where a tensor lies
        std::size_t shard = 0;
        std::uint64_t offset = 0;
        std::uint64_t bytes = 0;
        std::uint64_t written = 0;
    };

    struct Staging {  // removed with its contents unless `path` was cleared
        std::filesystem::path path;
        Staging() = default;
        Staging(const Staging&) = delete;
        Staging& operator=(const Staging&) = delete;
        ~Staging();
    };

    std::filesystem::path folder_;
    Staging staging_;
    std::vector<core::FileDescriptor> shards_;
    std::vector<std::string> shard_names_;
    std::map<std::string, Slot, std::less<>> slots_;
};

}  // namespace scale::model
