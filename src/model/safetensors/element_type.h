// Element types of safetensors files. Source: the format's README in huggingface/safetensors and its enum Dtype.
#pragma once

#include <cstdint>
#include <string_view>

namespace scale::model {

enum class Element { boolean, u8, i8, f8_e4m3, f8_e5m2, i16, u16, f16, bf16, i32, u32, f32, i64, u64, f64 };

struct ElementType {
    Element element;
    std::string_view name;  // as in the file: "BF16"
    std::uint32_t bytes;    // of one element
};

const ElementType& element_type(Element element);

// nullptr where the name is unknown; names are compared as they stand, as the format has them in capitals.
const ElementType* element_type(std::string_view name);

}  // namespace scale::model
