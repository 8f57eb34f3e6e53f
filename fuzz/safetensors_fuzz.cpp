// Any bytes either read as a safetensors file or throw core::Error; every tensor's data can then be touched, and the
// data is exactly the tensors.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "core/error.h"
#include "model/safetensors/safetensors.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using scale::model::Element;
    try {
        const std::span bytes{reinterpret_cast<const std::byte*>(data), size};
        const scale::model::SafetensorsFile file(bytes, "fuzz");
        std::uint64_t held = 0;
        unsigned sum = 0;
        for (const auto& tensor : file.tensors()) {
            const auto weights = file.data(tensor);
            held += weights.size();
            if (weights.size() != tensor.elements * tensor.type->bytes || file.tensor(tensor.name) != &tensor)
                std::abort();
            if (!weights.empty())
                sum += std::to_integer<unsigned>(weights.front()) + std::to_integer<unsigned>(weights.back());
            const Element type = tensor.type->element;
            if (type != Element::f32 && type != Element::f16 && type != Element::bf16) continue;
            std::vector<float> values(tensor.elements);
            scale::model::to_floats(tensor, weights, values);
        }
        std::uint64_t header = 0;
        for (int i = 7; i >= 0; --i) header = header << 8 | data[i];
        if (8 + header + held != size || sum == ~0u) std::abort();
    } catch (const scale::core::Error&) {
    }
    return 0;
}
