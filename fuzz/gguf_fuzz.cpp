// Any bytes either read as a model or throw core::Error; every tensor's data can then be touched.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "core/error.h"
#include "model/gguf.h"
#include "model/summary.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    try {
        const std::span bytes{reinterpret_cast<const std::byte*>(data), size};
        const scale::model::GgufFile file(bytes, "fuzz");
        unsigned sum = 0;
        for (const auto& tensor : file.tensors()) {
            const auto weights = file.data(tensor);
            // An accepted tensor is never empty, and both its ends lie in the file.
            sum += std::to_integer<unsigned>(weights.front()) + std::to_integer<unsigned>(weights.back());
            if (file.tensor(tensor.name) != &tensor) std::abort();
        }
        const auto summary = scale::model::summarise(file);
        if (summary.tensor_bytes > size || sum == ~0u) std::abort();
    } catch (const scale::core::Error&) {
    }
    return 0;
}
