#include "model/safetensors/element_type.h"

#include <array>

namespace scale::model {

namespace {

constexpr std::array types{
    ElementType{Element::boolean, "BOOL", 1},    ElementType{Element::u8, "U8", 1},
    ElementType{Element::i8, "I8", 1},           ElementType{Element::f8_e4m3, "F8_E4M3", 1},
    ElementType{Element::f8_e5m2, "F8_E5M2", 1}, ElementType{Element::i16, "I16", 2},
    ElementType{Element::u16, "U16", 2},         ElementType{Element::f16, "F16", 2},
    ElementType{Element::bf16, "BF16", 2},       ElementType{Element::i32, "I32", 4},
    ElementType{Element::u32, "U32", 4},         ElementType{Element::f32, "F32", 4},
    ElementType{Element::i64, "I64", 8},         ElementType{Element::u64, "U64", 8},
    ElementType{Element::f64, "F64", 8},
};

}  // namespace

const ElementType& element_type(Element element) {
    return types[static_cast<std::size_t>(element)];  // the list is in the enum's order
}

const ElementType* element_type(std::string_view name) {
    for (const auto& type : types)
        if (type.name == name) return &type;
    return nullptr;
}

}  // namespace scale::model
